package keep

import (
	"cmp"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// variable is a top-level variable of the notebook. Ptr is a *T to it.
type variable struct {
	Name string
	Ptr  any
}

// itemKind is what an item is.
type itemKind uint8

const (
	memory   itemKind = iota // what pointers and slices refer to
	mapItem                  // a map
	box                      // a value in an interface that has interfaces in it
	hookItem                 // what a pointer refers to that a hook keeps
)

// itemKey finds an item: memory by its end, as the tails of a slice have that in common.
type itemKey struct {
	at   uintptr
	c    *codec // flat for memory, nil for a map
	kind itemKind
}

// itemTable is a map of items without pointers, for the sake of speed: there may be
// millions, each looked up when it is found and when it is written.
type itemTable struct {
	slots []itemSlot // a power of two, at most half of them used
	used  int
}

type itemSlot struct {
	at   uintptr
	tag  uint32 // of codec and kind; 0: free
	item int32
}

// find returns the slot of a key, or the free one where it would be.
func (t *itemTable) find(at uintptr, tag uint32) *itemSlot {
	mask := uint64(len(t.slots) - 1)
	for i := (uint64(at) ^ uint64(tag)<<40) * 0x9e3779b97f4a7c15 >> 20; ; i++ {
		if s := &t.slots[i&mask]; s.tag == 0 || s.at == at && s.tag == tag {
			return s
		}
	}
}

func (k itemKey) tag() uint32 {
	if k.c == nil {
		return uint32(k.kind) // not memory, which is 0
	}
	return k.c.number<<2 | uint32(k.kind)
}

func (t *itemTable) get(k itemKey) (int32, bool) {
	if t.used == 0 {
		return 0, false
	}
	s := t.find(k.at, k.tag())
	return s.item, s.tag != 0
}

func (t *itemTable) set(k itemKey, item int32) {
	if 2*t.used >= len(t.slots) {
		old := t.slots
		t.slots = make([]itemSlot, max(64, 2*len(old)))
		for _, s := range old {
			if s.tag != 0 {
				*t.find(s.at, s.tag) = s
			}
		}
	}
	s := t.find(k.at, k.tag())
	if s.tag == 0 {
		t.used++
	}
	*s = itemSlot{k.at, k.tag(), item}
}

// item is something that references lead to.
type item struct {
	start, end uintptr
	walked     uintptr // memory: up to here; the rest is another item, which follows
	c          *codec  // of what is there, as the first reference has it
	more       int32   // that other item, or -1
	region     int32
	kind       itemKind
	variable   bool
}

// walker finds what variables refer to.
type walker struct {
	items []item
	index itemTable
	edges []int32 // items that items refer to,
	first []int32 // from here on
	data  map[int32][]byte
	hooks map[int32]*hook
	wrong map[int32]place
	known map[string]reflect.Type // parts of the variables' types
	tolds map[any]*told           // what stands for errors
	fits  fits
	total uintptr

	current int32
	keys    *codec         // of the current map
	key     unsafe.Pointer // of its current entry; nil for other items
	outer   unsafe.Pointer // where the interface is that is walked now
	inner   *codec         // its value
	base    unsafe.Pointer // and where that is
	probe   *probe
}

// place is where in an item something is, and what is wrong there.
type place struct {
	at    uintptr
	key   string
	inner string
	text  string
}

// probe looks for a reference to an item.
type probe struct {
	want   int32
	found  bool
	place  place
	origin uintptr // where the reference points
	c      *codec
	slice  bool
}

func newWalker() *walker {
	return &walker{data: map[int32][]byte{}, hooks: map[int32]*hook{}, wrong: map[int32]place{}, known: map[string]reflect.Type{}, tolds: map[any]*told{}, fits: fits{}}
}

// add adds a variable.
func (w *walker) add(v variable) int32 {
	t := reflect.TypeOf(v.Ptr).Elem()
	register(w.known, t)
	c := codecOf(t)
	p := reflect.ValueOf(v.Ptr).UnsafePointer()
	w.items = append(w.items, item{start: uintptr(p), end: uintptr(p) + c.size, walked: uintptr(p) + c.size, c: c, more: -1, region: -1, variable: true})
	n := int32(len(w.items) - 1)
	if key := w.keyOf(n); c.size > 0 {
		if _, ok := w.index.get(key); !ok {
			w.index.set(key, n)
		}
	}
	return n
}

func (w *walker) keyOf(n int32) itemKey {
	switch it := &w.items[n]; it.kind {
	case memory:
		return itemKey{it.end, it.c.flat, memory}
	case mapItem:
		return itemKey{it.start, nil, mapItem}
	default:
		return itemKey{it.start, it.c, it.kind}
	}
}

// run walks all items, and those which it finds.
func (w *walker) run() {
	for n := int32(len(w.first)); n < int32(len(w.items)); n++ {
		w.first = append(w.first, int32(len(w.edges)))
		w.visit(n)
	}
	w.first = append(w.first, int32(len(w.edges)))
}

// visit walks one item.
func (w *walker) visit(n int32) {
	w.current = n
	it := w.items[n]
	p := addressOf(it.start)
	switch it.kind {
	case memory:
		if it.more >= 0 && w.probe == nil {
			w.edges = append(w.edges, it.more)
		}
		if it.c.refs {
			for at := uintptr(0); it.start+at < it.walked; at += it.c.size {
				it.c.walk(w, unsafe.Add(p, at))
			}
		}
	case box:
		it.c.walk(w, p)
	case mapItem:
		key, elem := codecOf(it.c.t.Key()), codecOf(it.c.t.Elem())
		if !key.refs && !elem.refs {
			return
		}
		each(it.c, p, func(k, v unsafe.Pointer) {
			w.keys, w.key = key, k
			w.part(k, key, k, func() { key.walk(w, k) })
			w.part(v, elem, v, func() { elem.walk(w, v) })
		})
		w.key = nil
	}
}

// addressOf is the address of memory that is reachable otherwise.
func addressOf(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

// each calls do with the addresses of copies of each key and value of a map.
func each(c *codec, p unsafe.Pointer, do func(k, v unsafe.Pointer)) {
	k, v := reflect.New(c.t.Key()), reflect.New(c.t.Elem())
	for r := mapAt(c, p).MapRange(); next(r, p); {
		k.Elem().SetIterKey(r)
		v.Elem().SetIterValue(r)
		do(k.UnsafePointer(), v.UnsafePointer())
	}
}

// next goes on in a map, but not while a goroutine is in the midst of writing it: that ends
// the program. See program.keep. What is read of the map is what the runtime itself reads;
// it is that of Go 1.24 and later.
func next(r *reflect.MapIter, p unsafe.Pointer) bool {
	if runtime.NumGoroutine() > 1 && mapsAreKnown() {
		m := (*struct {
			used, seed   uintptr
			dirPtr       unsafe.Pointer
			dirLen       int
			depth, shift uint8
			writing      uint8
		})(p)
		for range 100000 {
			if m.writing == 0 {
				break
			}
			runtime.Gosched()
		}
	}
	return r.Next()
}

// mapsAreKnown reports whether maps are laid out as next expects.
func mapsAreKnown() bool {
	switch v := runtime.Version(); {
	case unsafe.Sizeof(uintptr(0)) != 8:
		return false
	default:
		return strings.HasPrefix(v, "go1.24") || strings.HasPrefix(v, "go1.25") || strings.HasPrefix(v, "go1.26")
	}
}

// mapAt makes a value of the word that is a map.
func mapAt(c *codec, word unsafe.Pointer) reflect.Value {
	return reflect.NewAt(c.t, unsafe.Pointer(&word)).Elem()
}

// part walks what is at base and belongs to the interface, or the entry of a map, at p.
func (w *walker) part(p unsafe.Pointer, c *codec, base unsafe.Pointer, walk func()) {
	if w.outer != nil {
		walk()
		return
	}
	w.outer, w.inner, w.base = p, c, base
	walk()
	w.outer = nil
}

// here is the place of what is at p.
func (w *walker) here(p unsafe.Pointer) place {
	x := place{at: uintptr(p) - w.items[w.current].start}
	if w.key != nil {
		x.key = keyText(w.keys.t, w.key)
	}
	if w.outer != nil {
		x.at = uintptr(w.outer) - w.items[w.current].start
		if off := uintptr(p) - uintptr(w.base); off < w.inner.size {
			x.inner = path(w.inner, off)
		}
	}
	return x
}

// bad says that what is at p cannot be kept; in text, %s is the path.
func (w *walker) bad(p unsafe.Pointer, text string) {
	if _, ok := w.wrong[w.current]; ok || w.probe != nil {
		return
	}
	x := w.here(p)
	x.text = text
	w.wrong[w.current] = x
}

// edge says that the current item refers to another one, at p.
func (w *walker) edge(p unsafe.Pointer, to int32, origin uintptr, c *codec, slice bool) {
	if w.probe == nil {
		w.edges = append(w.edges, to)
	} else if !w.probe.found && w.probe.want == to {
		*w.probe = probe{to, true, w.here(p), origin, c, slice}
	}
}

// refer notes that p refers to n elements at data.
func (w *walker) refer(p, data unsafe.Pointer, c *codec, n uintptr, slice bool) {
	start, end := uintptr(data), uintptr(data)+n*c.size
	key := itemKey{end, c.flat, memory}
	old, ok := w.index.get(key)
	if ok && w.items[old].start <= start || ok && w.probe != nil {
		w.edge(p, old, start, c, slice)
		return
	}
	it := item{start: start, end: end, walked: end, c: c, more: -1, region: -1}
	if ok {
		it.more, it.walked = old, w.items[old].start
	}
	w.total += it.walked - start
	n2 := int32(len(w.items))
	w.items = append(w.items, it)
	w.index.set(key, n2)
	w.edge(p, n2, start, c, slice)
}

// single notes that p refers to a map, a box, or what a hook keeps.
func (w *walker) single(p, data unsafe.Pointer, c *codec, kind itemKind) int32 {
	key := itemKey{uintptr(data), c, kind}
	if kind == mapItem {
		key.c = nil
	}
	n, ok := w.index.get(key)
	if !ok {
		n = int32(len(w.items))
		w.items = append(w.items, item{start: uintptr(data), c: c, more: -1, region: -1, kind: kind})
		w.index.set(key, n)
	}
	w.edge(p, n, uintptr(data), c, false)
	return n
}

func (w *walker) hooked(p, data unsafe.Pointer, c *codec, h *hook) {
	n := w.single(p, data, c, hookItem)
	if _, done := w.data[n]; done || w.probe != nil {
		return
	}
	kept, err := h.run(p)
	w.data[n] = kept
	if err != nil {
		w.bad(p, "%s cannot be kept: "+err.Error())
		w.wrong[n] = place{text: "%s cannot be kept: " + err.Error()}
	}
}

// dynamic reports whether a later program can make values of a type that is in an
// interface at p.
func (w *walker) dynamic(p unsafe.Pointer, c *codec) bool {
	if builtin()[c.name()] == c.t || w.known[c.name()] == c.t {
		return true
	}
	if _, ok := expression(c.t, ""); ok {
		register(w.known, c.t)
		return w.known[c.name()] == c.t
	}
	t := c.t
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if what := refused(t); what != "" {
		w.bad(p, what)
	} else {
		w.bad(p, "%s is a "+readable(c.t)+"; later cells cannot name this type")
	}
	return false
}

// region is memory that belongs together: items which overlap.
type region struct {
	start, end uintptr
	c          *codec // flat
	object     int32
	root       int32
}

func (r *region) count() uintptr { return (r.end - r.start) / r.c.size }

// merge makes regions of the items of memory that are live. What overlaps in ways that
// only package unsafe makes is wrong.
func (w *walker) merge(live []bool) (regions []region) {
	var order []int32
	for n := range w.items {
		it := &w.items[n]
		it.region = -1
		if it.kind == memory && it.end > it.start && (live == nil || live[n]) {
			order = append(order, int32(n))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &w.items[a], &w.items[b]
		switch {
		case x.start != y.start:
			return cmp.Compare(x.start, y.start)
		case x.end != y.end:
			return cmp.Compare(y.end, x.end)
		case x.variable != y.variable && x.variable:
			return -1
		case x.variable != y.variable:
			return 1
		}
		return int(a) - int(b)
	})
	for _, n := range order {
		it := &w.items[n]
		last := len(regions) - 1
		if last < 0 || it.start >= regions[last].end {
			regions = append(regions, region{start: it.start, end: it.end, c: it.c.flat, object: -1})
			it.region = int32(last + 1)
			continue
		}
		it.region = int32(last)
		if !regions[last].join(it, w.fits) {
			w.wrong[n] = place{text: "%s shares memory with a value of another type"}
		}
	}
	return regions
}

// join adds an item that begins in the region.
func (r *region) join(it *item, f fits) bool {
	flat := it.c.flat
	n := (it.end - it.start) / flat.size
	at := it.start - r.start
	switch {
	case it.end <= r.end && f.holds(r.c, r.count(), at, flat, n):
	case at == 0 && it.end >= r.end && f.holds(flat, n, 0, r.c, r.count()):
		r.c, r.end = flat, it.end
	case it.end > r.end && f.same(r.c, flat) && at%flat.size == 0:
		r.end = it.end
	default:
		return false
	}
	return true
}

// toward finds for each item from which something wrong can be reached the next item on
// the way there, itself if it is wrong; -1 for the others.
func (w *walker) toward() []int32 {
	next := make([]int32, len(w.items))
	for n := range next {
		next[n] = -1
	}
	if len(w.wrong) == 0 {
		return next
	}
	begin := make([]int32, len(w.items)+1) // the edges the other way round
	for _, to := range w.edges {
		begin[to+1]++
	}
	for n := range w.items {
		begin[n+1] += begin[n]
	}
	from := make([]int32, len(w.edges))
	at := slices.Clone(begin)
	for n := range w.items {
		for _, to := range w.edges[w.first[n]:w.first[n+1]] {
			from[at[to]] = int32(n)
			at[to]++
		}
	}
	var queue []int32
	for n := range w.wrong {
		queue = append(queue, n)
		next[n] = n
	}
	slices.Sort(queue)
	for ; len(queue) > 0; queue = queue[1:] {
		for _, n := range from[begin[queue[0]]:begin[queue[0]+1]] {
			if next[n] < 0 {
				next[n] = queue[0]
				queue = append(queue, n)
			}
		}
	}
	return next
}

// reach marks what can be reached from an item.
func (w *walker) reach(live []bool, from int32) {
	if live[from] {
		return
	}
	live[from] = true
	for queue := []int32{from}; len(queue) > 0; {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, to := range w.edges[w.first[n]:w.first[n+1]] {
			if !live[to] {
				live[to] = true
				queue = append(queue, to)
			}
		}
	}
}

// reason says what is wrong with a variable, in words, with the way there.
func (w *walker) reason(name string, n int32, next []int32) string {
	r := route{say: name, origin: w.items[n].start, c: w.items[n].c, variable: true}
	for range 1000 {
		to := next[n]
		if to == n {
			x := w.wrong[n]
			return strings.Replace(x.text, "%s", r.extend(&w.items[n], x), 1)
		}
		w.probe = &probe{want: to}
		w.visit(n)
		found := *w.probe
		w.probe = nil
		if found.found {
			r = route{say: r.extend(&w.items[n], found.place), origin: found.origin, c: found.c, slice: found.slice}
		}
		n = to
	}
	return name + " refers to something that cannot outlive the program of its cell"
}

// route is an expression for what a reference leads to.
type route struct {
	say             string
	origin          uintptr
	c               *codec
	slice, variable bool
}

// extend makes the expression for a place in the item that the reference leads to.
func (r route) extend(it *item, x place) string {
	switch it.kind {
	case mapItem:
		return r.say + "[" + x.key + "]" + x.inner
	case box:
		return r.say + path(it.c, x.at) + x.inner
	case hookItem:
		return r.say
	}
	at := it.start + x.at - r.origin
	if it.start+x.at < r.origin || !r.slice && at >= r.c.size { // the item is more than what the reference is to
		return r.say
	}
	tail := path(r.c, at%r.c.size) + x.inner
	switch {
	case r.slice:
		tail = "[" + strconv.Itoa(int(at/r.c.size)) + "]" + tail
	case tail == "" && !r.variable:
		return "*" + r.say
	}
	return r.say + tail
}

// path is the way to a byte of a value: its fields and indices.
func path(c *codec, at uintptr) string {
	if c.leaf {
		return ""
	}
	switch c.t.Kind() {
	case reflect.Array:
		if elem := codecOf(c.t.Elem()); elem.size > 0 {
			return "[" + strconv.Itoa(int(at/elem.size)) + "]" + path(elem, at%elem.size)
		}
	case reflect.Struct:
		for i := range c.t.NumField() {
			f := c.t.Field(i)
			if fc := codecOf(f.Type); at >= f.Offset && at < f.Offset+fc.size {
				return "." + f.Name + path(fc, at-f.Offset)
			}
		}
	}
	return ""
}

// keyText writes a key of a map.
func keyText(t reflect.Type, p unsafe.Pointer) string {
	s := Format(reflect.NewAt(t, p).Elem().Interface())
	if len(s) > 40 || strings.Contains(s, "\n") {
		return "…"
	}
	return s
}

// sets is a partition of items.
type sets []int32

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = int32(i)
	}
	return s
}

func (s sets) find(n int32) int32 {
	for s[n] != n {
		s[n] = s[s[n]]
		n = s[n]
	}
	return n
}

func (s sets) union(a, b int32) {
	if a, b = s.find(a), s.find(b); a < b {
		s[b] = a
	} else {
		s[a] = b
	}
}
