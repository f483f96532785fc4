package keep

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// encoded is a group of variables that share memory.
type encoded struct {
	Names []string // sorted
	Bytes []byte   // nil if it is not kept
	Kept  []kept   // one a variable
}

// kept is what the kernel is told of a variable.
type kept struct {
	Name   string
	Type   string   // as %T writes it in the cell
	Size   int64    // bytes of the file
	File   string   // in the folder values
	Types  []string // concrete types in interfaces, as expressions, for the loading program
	Group  string   // variables with the same group share memory
	Reason string   // why it is not kept
	Brief  string   // the value in a short line
}

// A file is a header, the contents of the objects, and the tables that describe them.
// The header is magic (8 bytes), the checksum of what follows it (4), and the length of the
// contents (8). Numbers are unsigned varints; memory without references is as it is in
// memory: files do not go to other machines.
const (
	magic      = "vgkeep\x00\x01"
	headerSize = len(magic) + 4 + 8
)

// mostBytes is how much memory the variables of a group may take.
const mostBytes = 4 << 30

// errChanged is a reason to try again.
const errChanged = failed("goroutines change it all the time")

// failed is why a group cannot be encoded or decoded, in words.
type failed string

// encodeVariables encodes variables in groups: variables that share memory are in one. A
// variable from which something can be reached that cannot be kept is alone, with the
// reason; the others do without it.
func encodeVariables(vars []variable) (groups []encoded) {
	codecs.Lock()
	defer codecs.Unlock()
	vars = slices.Clone(vars)
	slices.SortStableFunc(vars, func(a, b variable) int { return cmp.Compare(a.Name, b.Name) })
	changed := true
	for try := 0; changed && try < tries; try++ {
		groups, changed = tryVariables(vars)
	}
	return groups
}

// tries is how often values are encoded that goroutines change meanwhile.
const tries = 5

// tryVariables also reports whether values have changed meanwhile.
func tryVariables(vars []variable) (groups []encoded, changed bool) {
	defer func() {
		if v := recover(); v != nil { // a defect, or memory that changes meanwhile
			groups, changed = nil, true
			for _, v2 := range vars {
				groups = append(groups, unkept(v2, fmt.Sprintf("%s cannot be kept: %v", v2.Name, v)))
			}
		}
	}()
	w := newWalker()
	for _, v := range vars {
		w.add(v)
	}
	w.run()
	regions := w.merge(nil)
	var good []int32 // variables; their items have the same numbers
	if next := w.toward(); len(w.wrong) > 0 {
		live := make([]bool, len(w.items))
		for n, v := range vars {
			if next[n] >= 0 {
				groups = append(groups, unkept(v, w.reason(v.Name, int32(n), next)))
				continue
			}
			good = append(good, int32(n))
			w.reach(live, int32(n))
		}
		regions = w.merge(live)
	} else {
		for n := range vars {
			good = append(good, int32(n))
		}
	}
	for _, members := range w.groups(good, regions) {
		g, again := w.encode(vars, members, regions)
		groups = append(groups, g)
		changed = changed || again
	}
	slices.SortFunc(groups, func(a, b encoded) int { return cmp.Compare(a.Names[0], b.Names[0]) })
	return groups, changed
}

func unkept(v variable, reason string) encoded {
	t := reflect.TypeOf(v.Ptr).Elem()
	return encoded{Names: []string{v.Name}, Kept: []kept{{Name: v.Name, Type: readable(t), Reason: reason, Brief: brief(reflect.ValueOf(v.Ptr).Elem())}}}
}

// groups parts variables by the memory that they share.
func (w *walker) groups(good []int32, regions []region) [][]int32 {
	s := newSets(len(w.items))
	for i := range regions {
		regions[i].root = -1
	}
	for n := range w.items {
		for _, to := range w.edges[w.first[n]:w.first[n+1]] {
			if w.items[n].region >= 0 || w.items[n].kind != memory {
				s.union(int32(n), to)
			}
		}
		if r := w.items[n].region; r >= 0 {
			if regions[r].root < 0 {
				regions[r].root = int32(n)
			}
			s.union(int32(n), regions[r].root)
		}
	}
	var all [][]int32
	at := map[int32]int{}
	for _, n := range good {
		root := s.find(n)
		if _, ok := at[root]; !ok {
			at[root] = len(all)
			all = append(all, nil)
		}
		all[at[root]] = append(all[at[root]], n)
	}
	return all
}

// encoder writes a group.
type encoder struct {
	w       *walker
	regions []region
	buf     []byte
	objects []piece
	ids     map[itemKey]int
	types   map[*codec]int
	table   []byte // of types
	dynamic map[*codec]bool
	texts   map[uintptr]span // long strings by their ends
	heads   map[uintptr]span // and by their starts
	spared  int              // bytes that are zero and not written
}

// piece is an object: what pointers, slices, maps and interfaces refer to, by number.
type piece struct {
	kind itemKind
	c    *codec
	n, m int // memory: elements; without zeros at the end. Others: n is the item
	size int // of the encoding
	ptr  unsafe.Pointer
}

// span is a long string that is written, and where.
type span struct {
	start, end uintptr
	at         int
}

func (w *walker) encode(vars []variable, members []int32, regions []region) (g encoded, changed bool) {
	for _, n := range members {
		g.Names = append(g.Names, vars[n].Name)
	}
	e := &encoder{w: w, regions: regions, ids: map[itemKey]int{}, types: map[*codec]int{}, dynamic: map[*codec]bool{}, texts: map[uintptr]span{}, heads: map[uintptr]span{}}
	reason := ""
	func() {
		defer func() {
			if v := recover(); v != nil {
				text, ok := v.(failed)
				if !ok {
					text = failed(fmt.Sprint(v))
				}
				reason, changed = string(text), text == errChanged
			}
		}()
		g.Bytes = e.file(vars, members)
	}()
	for _, n := range members {
		k := kept{Name: vars[n].Name, Type: readable(w.items[n].c.t), Size: int64(len(g.Bytes)), Reason: reason, Brief: brief(reflect.ValueOf(vars[n].Ptr).Elem())}
		if reason == "" {
			k.Types = e.expressions()
		} else {
			k.Reason = k.Name + " cannot be kept: " + reason
		}
		g.Kept = append(g.Kept, k)
	}
	return g, changed
}

func (e *encoder) file(vars []variable, members []int32) []byte {
	e.reserve(members)
	roots := make([]int, len(members))
	for i, n := range members {
		if it := &e.w.items[n]; it.region >= 0 {
			roots[i] = e.memory(int(it.region))
		}
	}
	for i := 0; i < len(e.objects); i++ {
		start := len(e.buf)
		o := e.objects[i]
		e.content(&o)
		o.size = len(e.buf) - start
		e.objects[i] = o
	}
	length := len(e.buf) - headerSize
	e.tables(vars, members, roots)
	copy(e.buf, magic)
	binary.LittleEndian.PutUint64(e.buf[len(magic)+4:], uint64(length))
	binary.LittleEndian.PutUint32(e.buf[len(magic):], crc32.Checksum(e.buf[len(magic)+4:], castagnoli))
	return e.buf
}

// reserve makes a buffer that is large enough for what is copied as it is.
func (e *encoder) reserve(members []int32) {
	var total uintptr
	seen := map[int32]bool{}
	queue := slices.Clone(members)
	for ; len(queue) > 0; queue = queue[1:] { // not all items: those of the variables and next to them
		n := queue[0]
		if seen[n] || len(seen) > 1000 {
			continue
		}
		seen[n] = true
		if it := &e.w.items[n]; it.kind == memory {
			total += it.walked - it.start
		}
		queue = append(queue, e.w.edges[e.w.first[n]:e.w.first[n+1]]...)
	}
	if max(total, e.w.total) > mostBytes {
		total = 0
		for _, r := range e.regions {
			if r.end-r.start > mostBytes {
				panic(failed("it takes more than 4 GiB of memory"))
			}
		}
	}
	e.buf = make([]byte, headerSize, headerSize+int(total)+int(total/64)+1024)
}

// content writes what an object has in it.
func (e *encoder) content(o *piece) {
	if len(e.buf) > mostBytes {
		panic(failed("it takes more than 4 GiB of memory"))
	}
	switch o.kind {
	case memory:
		o.m = e.trim(o)
		if o.c.raw {
			e.buf = append(e.buf, unsafe.Slice((*byte)(o.ptr), uintptr(o.m)*o.c.size)...)
			return
		}
		for i := range o.m {
			o.c.write(e, unsafe.Add(o.ptr, uintptr(i)*o.c.size))
		}
	case box:
		o.c.write(e, o.ptr)
	case mapItem:
		e.entries(o)
	case hookItem:
		e.buf = append(e.buf, e.w.data[int32(o.n)]...)
	}
}

// leastSpared is how many zeros at the end of memory are worth the trouble.
const leastSpared = 64

// trim counts the elements without those at the end that are zero, as they are where a
// slice has room to grow.
func (e *encoder) trim(o *piece) int {
	size := uintptr(o.n) * o.c.size
	all := unsafe.Slice((*byte)(o.ptr), size)
	end := len(all)
	for end >= 8 && *(*uint64)(unsafe.Pointer(&all[end-8])) == 0 { // in words of any alignment
		end -= 8
	}
	for end > 0 && all[end-1] == 0 {
		end--
	}
	m := (end + int(o.c.size) - 1) / int(o.c.size)
	spare := (o.n - m) * int(o.c.size)
	if spare < leastSpared || e.spared+spare > sparable(len(e.buf)) {
		return o.n
	}
	e.spared += spare
	return m
}

// sparable is how many zeros may be left out of a file: its size bounds what its reader
// allots.
func sparable(size int) int { return 1<<20 + 4*size }

// entries writes a map, in the order of its keys if they have one.
func (e *encoder) entries(o *piece) {
	key, elem := codecOf(o.c.t.Key()), codecOf(o.c.t.Elem())
	m := mapAt(o.c, o.ptr)
	n := m.Len()
	keys := reflect.MakeSlice(reflect.SliceOf(key.t), n, n)
	elems := reflect.MakeSlice(reflect.SliceOf(elem.t), n, n)
	i := 0
	for r := m.MapRange(); next(r, o.ptr); i++ {
		if i == n {
			panic(errChanged)
		}
		keys.Index(i).SetIterKey(r)
		elems.Index(i).SetIterValue(r)
	}
	if i != n {
		panic(errChanged)
	}
	e.uint(n)
	k, v := keys.UnsafePointer(), elems.UnsafePointer()
	for _, i := range inOrder(key, k, n) {
		key.write(e, unsafe.Add(k, uintptr(i)*key.size))
		elem.write(e, unsafe.Add(v, uintptr(i)*elem.size))
	}
}

// inOrder sorts keys, so that the same map has the same encoding.
func inOrder(key *codec, p unsafe.Pointer, n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	switch {
	case key.t.Kind() == reflect.String:
		all := unsafe.Slice((*string)(p), n)
		slices.SortFunc(order, func(a, b int32) int { return strings.Compare(all[a], all[b]) })
	case key.raw && key.size == 8:
		all := unsafe.Slice((*uint64)(p), n)
		slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(all[a], all[b]) })
	case key.raw:
		at := func(i int32) []byte { return unsafe.Slice((*byte)(unsafe.Add(p, uintptr(i)*key.size)), key.size) }
		slices.SortFunc(order, func(a, b int32) int { return bytes.Compare(at(a), at(b)) })
	}
	return order
}

func (e *encoder) uint(n int) { e.buf = binary.AppendUvarint(e.buf, uint64(n)) }

// memory numbers a region.
func (e *encoder) memory(n int) int {
	r := &e.regions[n]
	if r.object < 0 {
		r.object = int32(len(e.objects))
		e.objects = append(e.objects, piece{kind: memory, c: r.c, n: int(r.count()), ptr: addressOf(r.start)})
	}
	return int(r.object)
}

// object numbers what is not memory.
func (e *encoder) object(key itemKey) int {
	id, ok := e.ids[key]
	if !ok {
		id = len(e.objects)
		e.ids[key] = id
		n, ok := e.w.index.get(key)
		if !ok {
			panic(errChanged)
		}
		e.objects = append(e.objects, piece{kind: key.kind, c: e.w.items[n].c, n: int(n), ptr: addressOf(key.at)})
	}
	return id
}

// address writes a reference to n elements at data; least is the first number that means an
// object.
func (e *encoder) address(data unsafe.Pointer, c *codec, n uintptr, least int) {
	i, ok := e.w.index.get(itemKey{uintptr(data) + n*c.size, c.flat, memory})
	for ok && e.w.items[i].region < 0 && e.w.items[i].more >= 0 {
		i = e.w.items[i].more
	}
	if !ok || e.w.items[i].region < 0 {
		panic(errChanged)
	}
	r := int(e.w.items[i].region)
	e.uint(least + e.memory(r))
	e.uint(int(uintptr(data) - e.regions[r].start))
}

// longText is from how many bytes on strings that share memory are written once.
const longText = 64

func writeString(e *encoder, p unsafe.Pointer) {
	s := *(*string)(p)
	if len(s) < longText {
		e.uint(len(s) << 1)
		e.buf = append(e.buf, s...)
		return
	}
	start := uintptr(unsafe.Pointer(unsafe.StringData(s)))
	end := start + uintptr(len(s))
	x, ok := e.texts[end]
	if !ok || x.start > start {
		x, ok = e.heads[start]
		ok = ok && x.end >= end
	}
	if ok {
		e.uint(len(s)<<1 | 1)
		e.uint(x.at - headerSize)
		e.uint(int(x.end - x.start))
		e.uint(int(start - x.start))
		return
	}
	e.uint(len(s) << 1)
	x = span{start, end, len(e.buf)}
	e.texts[end], e.heads[start] = x, x
	e.buf = append(e.buf, s...)
}

// The first numbers of a reference.
const (
	isNil    = iota
	isEmpty  // a slice or a pointer to what has no size
	isKnown  // a pointer: a variable of the standard library
	isObject // and more
)

func (c *codec) ofPointer(to reflect.Type) {
	elem := codecOf(to)
	known := knownSentinels().types[c.t]
	name := func(p unsafe.Pointer) (string, bool) {
		if !known {
			return "", false
		}
		s, ok := knownSentinels().byValue[reflect.NewAt(to, p).Interface()]
		return s, ok
	}
	c.walk = func(w *walker, p unsafe.Pointer) {
		to := *(*unsafe.Pointer)(p)
		if to == nil || elem.size == 0 {
			return
		}
		if _, ok := name(to); !ok {
			w.refer(p, to, elem, 1, false)
		}
	}
	c.write = func(e *encoder, p unsafe.Pointer) {
		to := *(*unsafe.Pointer)(p)
		if to == nil {
			e.uint(isNil)
		} else if s, ok := name(to); ok {
			e.uint(isKnown)
			e.text(s)
		} else if elem.size == 0 {
			e.uint(isEmpty)
		} else {
			e.address(to, elem, 1, isObject)
		}
	}
	c.read = func(d *decoder, p unsafe.Pointer) { *(*unsafe.Pointer)(p) = d.pointer(c, elem) }
}

func (e *encoder) text(s string) {
	e.uint(len(s))
	e.buf = append(e.buf, s...)
}

// slice is a slice in memory.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

func (c *codec) ofSlice() {
	elem := codecOf(c.t.Elem())
	c.walk = func(w *walker, p unsafe.Pointer) {
		if s := (*slice)(p); s.data != nil && s.cap > 0 && elem.size > 0 {
			w.refer(p, s.data, elem, uintptr(s.cap), true)
		}
	}
	c.write = func(e *encoder, p unsafe.Pointer) {
		switch s := (*slice)(p); {
		case s.data == nil:
			e.uint(isNil)
		case s.cap == 0 || elem.size == 0:
			e.uint(isEmpty)
			e.uint(s.len)
			e.uint(s.cap)
		default:
			e.address(s.data, elem, uintptr(s.cap), isObject)
			e.uint(s.len)
			e.uint(s.cap)
		}
	}
	c.read = func(d *decoder, p unsafe.Pointer) { *(*slice)(p) = d.slice(elem) }
}

func (c *codec) ofMap() {
	codecOf(c.t.Key())
	codecOf(c.t.Elem())
	c.walk = func(w *walker, p unsafe.Pointer) {
		if m := *(*unsafe.Pointer)(p); m != nil {
			w.single(p, m, c, mapItem)
		}
	}
	c.write = func(e *encoder, p unsafe.Pointer) {
		if m := *(*unsafe.Pointer)(p); m == nil {
			e.uint(0)
		} else {
			e.uint(1 + e.object(itemKey{uintptr(m), nil, mapItem}))
		}
	}
	c.read = func(d *decoder, p unsafe.Pointer) {
		if n := d.uint(); n == 0 {
			*(*unsafe.Pointer)(p) = nil
		} else {
			*(*unsafe.Pointer)(p) = d.object(n-1, mapItem, c).ptr
		}
	}
}

// content returns the codec of what is in an interface, and where that is: word is there
// for values that are in the interface itself.
func content(v any, word *unsafe.Pointer) (*codec, unsafe.Pointer) {
	c := codecOf(reflect.TypeOf(v))
	*word = words(&v)[1]
	if c.isDirect() {
		return c, unsafe.Pointer(word)
	}
	return c, *word
}

func (c *codec) ofInterface() {
	c.walk = func(w *walker, p unsafe.Pointer) {
		v := interfaceAt(c.t, p)
		if v == nil {
			return
		}
		v = w.keepable(c.t, v)
		var word unsafe.Pointer
		in, at := content(v, &word)
		if w.probe == nil && !w.dynamic(p, in) {
			return
		}
		w.part(p, in, at, func() {
			if in.boxed {
				w.single(p, word, in, box)
			} else {
				in.walk(w, at)
			}
		})
	}
	c.write = func(e *encoder, p unsafe.Pointer) {
		v := interfaceAt(c.t, p)
		if v == nil {
			e.uint(0)
			return
		}
		v = e.w.keepable(c.t, v)
		var word unsafe.Pointer
		in, at := content(v, &word)
		e.dynamic[in] = true
		e.uint(1 + e.typeOf(in))
		if in.boxed {
			e.uint(e.object(itemKey{uintptr(word), in, box}))
		} else {
			in.write(e, at)
		}
	}
	c.read = func(d *decoder, p unsafe.Pointer) { d.iface(c.t, p) }
}

// typeOf numbers a type.
func (e *encoder) typeOf(c *codec) int {
	if n, ok := e.types[c]; ok {
		return n
	}
	var parts []int
	if t := c.t; t.Name() == "" && c.how == "" {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			parts = []int{e.typeOf(codecOf(t.Elem()))}
			if t.Kind() == reflect.Array {
				parts = append(parts, t.Len())
			}
		case reflect.Map:
			parts = []int{e.typeOf(codecOf(t.Key())), e.typeOf(codecOf(t.Elem()))}
		}
	}
	kind := reflect.Invalid // it is known by name, or not at all
	if parts != nil {
		kind = c.t.Kind()
	}
	e.table = binary.AppendUvarint(e.table, uint64(kind))
	e.table = binary.AppendUvarint(e.table, uint64(len(c.name())))
	e.table = append(e.table, c.name()...)
	for _, n := range parts {
		e.table = binary.AppendUvarint(e.table, uint64(n))
	}
	e.types[c] = len(e.types)
	return e.types[c]
}

// tables writes what describes the contents.
func (e *encoder) tables(vars []variable, members []int32, roots []int) {
	all := map[string]definition{}
	types := make([]int, len(e.objects))
	for i, o := range e.objects {
		types[i] = e.typeOf(o.c)
	}
	of := make([]int, len(members))
	for i, n := range members {
		of[i] = e.typeOf(e.w.items[n].c)
	}
	for c := range e.types {
		definitions(all, c.t)
	}
	e.uint(len(e.types))
	e.buf = append(e.buf, e.table...)
	names := slices.Sorted(maps.Keys(all))
	names = slices.DeleteFunc(names, func(s string) bool { return all[s].how == "" && !strings.HasPrefix(s, `"`) })
	e.uint(len(names))
	for _, s := range names {
		e.text(s)
		e.text(all[s].how)
		e.buf = binary.LittleEndian.AppendUint64(e.buf, all[s].sum)
	}
	e.uint(len(members))
	for i, n := range members {
		it := &e.w.items[n]
		e.text(vars[n].Name)
		e.uint(of[i])
		if it.region < 0 {
			e.uint(0)
			continue
		}
		e.uint(1 + roots[i])
		e.uint(int(it.start - e.regions[it.region].start))
	}
	e.uint(len(e.objects))
	for i, o := range e.objects {
		e.uint(types[i]<<2 | int(o.kind))
		e.uint(o.size)
		if o.kind == memory {
			e.uint(o.n)
			e.uint(o.n - o.m)
		}
	}
	e.resolvable(members)
}

// expressions are those of the types that the loading program has to register.
func (e *encoder) expressions() (all []string) {
	for c := range e.dynamic {
		if s, ok := expression(c.t, ""); ok && !elementary(c.t) {
			all = append(all, s)
		}
	}
	slices.Sort(all)
	return all
}

// elementary reports whether every program knows a type.
func elementary(t reflect.Type) bool {
	if builtin()[codecOf(t).name()] == t {
		return true
	}
	if t.Name() != "" {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return elementary(t.Elem())
	case reflect.Map:
		return elementary(t.Key()) && elementary(t.Elem())
	}
	return false
}

// resolvable checks that the loading program will know all types.
func (e *encoder) resolvable(members []int32) {
	known := map[string]reflect.Type{}
	for _, n := range members {
		register(known, e.w.items[n].c.t)
	}
	for c := range e.dynamic {
		if _, ok := expression(c.t, ""); ok {
			register(known, c.t)
		}
	}
	for c := range e.dynamic {
		if !elementary(c.t) && known[c.name()] != c.t {
			panic(failed("it has a " + readable(c.t) + "; later cells cannot name this type"))
		}
	}
}
