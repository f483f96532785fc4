package keep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"strings"
	"unsafe"
)

// decoder reads a group.
type decoder struct {
	buf     []byte // what is left of the part that is read
	all     []byte // the contents
	end     int    // where buf ends in all
	budget  int    // bytes that may still be allotted
	known   map[string]reflect.Type
	types   []*codec
	fitted  map[[2]*codec]bool // type, interface
	objects []piece
	texts   map[int]string // long strings by where they are
	last    []func()       // what is to be done when all is complete
	slab    []byte         // for short strings
	fits    fits
	names   string // of the variables
}

var errDamaged = failed("its file is damaged")

func (d *decoder) damaged() { panic(errDamaged) }

// decodeGroup reads a group and sets those of its variables that are given.
func decodeGroup(data []byte, vars []variable) (err error) {
	codecs.Lock()
	defer codecs.Unlock()
	defer func() {
		if v := recover(); v != nil {
			text, ok := v.(failed)
			if !ok {
				text = errDamaged
				if e, ok := v.(error); ok && strings.Contains(e.Error(), "unhashable") {
					text += failed(": " + e.Error())
				}
			}
			err = errors.New(string(text))
		}
	}()
	if len(data) < headerSize || string(data[:len(magic)]) != magic {
		return errors.New(string(errDamaged))
	}
	if crc32.Checksum(data[len(magic)+4:], castagnoli) != binary.LittleEndian.Uint32(data[len(magic):]) {
		return errors.New(string(errDamaged))
	}
	length := binary.LittleEndian.Uint64(data[len(magic)+4:])
	data = data[headerSize:]
	if length > uint64(len(data)) {
		return errors.New(string(errDamaged))
	}
	d := &decoder{
		all: data[:length:length], buf: data[length:], budget: 1<<20 + 64*len(data),
		known: map[string]reflect.Type{}, fitted: map[[2]*codec]bool{}, texts: map[int]string{}, fits: fits{},
	}
	d.group(vars)
	return nil
}

// target is a variable of the group.
type target struct {
	name   string
	c      *codec
	object int // -1: it has no size
	at     uintptr
	ptr    unsafe.Pointer // nil: it is not asked for
}

func (d *decoder) group(vars []variable) {
	for _, v := range vars {
		register(d.known, reflect.TypeOf(v.Ptr).Elem())
	}
	given := d.buf
	names := d.typeNames()
	sums := d.sums()
	targets, types := d.targets(vars)
	after := d.buf
	for i, x := range targets {
		if n := types[i]; n >= len(names) {
			d.damaged()
		} else if x.c != nil && names[n] != x.c.name() {
			panic(failed(fmt.Sprintf("%s was kept as a %s and is a %s now", x.name, shown(names[n]), shown(x.c.name()))))
		}
	}
	d.compare(sums)
	d.buf = given
	d.readTypes(len(names))
	d.buf = after
	for i := range targets {
		if x := &targets[i]; x.c == nil { // not asked for
			x.c = d.typeAt(types[i])
		}
	}
	d.readObjects(targets)
	d.fill()
	for _, x := range targets {
		if x.ptr == nil || x.object < 0 {
			continue
		}
		o := &d.objects[x.object]
		if !d.fits.holds(o.c, uintptr(o.n), x.at, x.c.flat, x.c.count) {
			d.damaged()
		}
		if o.ptr != x.ptr {
			reflect.NewAt(x.c.t, x.ptr).Elem().Set(reflect.NewAt(x.c.t, unsafe.Add(o.ptr, x.at)).Elem())
		}
	}
	for _, do := range d.last {
		do()
	}
}

func (d *decoder) uint() int {
	n, size := binary.Uvarint(d.buf)
	if size <= 0 || n > 1<<62 {
		d.damaged()
	}
	d.buf = d.buf[size:]
	return int(n)
}

func (d *decoder) left() int { return len(d.buf) }

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.buf) {
		d.damaged()
	}
	data := d.buf[:n:n]
	d.buf = d.buf[n:]
	return data
}

func (d *decoder) text() string { return string(d.take(d.uint())) }

// allot checks that there may be memory for n elements.
func (d *decoder) allot(n int, size uintptr) {
	if n < 0 || size > 0 && n > d.budget/int(size) {
		d.damaged()
	}
	d.budget -= n * int(size)
}

// lookup finds a type that is known by name.
func (d *decoder) lookup(name string) reflect.Type {
	if t := d.known[name]; t != nil {
		return t
	}
	if t := codecs.named[name]; t != nil {
		return t
	}
	return builtin()[name]
}

// typeNames reads the names of the types and goes past the rest: what changed is to be
// found before types are made.
func (d *decoder) typeNames() (names []string) {
	n := d.uint()
	if n > d.left() {
		d.damaged()
	}
	for range n {
		kind := reflect.Kind(d.uint())
		names = append(names, d.text())
		switch kind {
		case reflect.Array, reflect.Map:
			d.uint()
			d.uint()
		case reflect.Pointer, reflect.Slice:
			d.uint()
		}
	}
	return names
}

func (d *decoder) readTypes(want int) {
	n := d.uint()
	if n != want {
		d.damaged()
	}
	for range n {
		kind := reflect.Kind(d.uint())
		name := d.text()
		var parts [2]int
		switch kind {
		case reflect.Invalid:
		case reflect.Array, reflect.Map:
			parts = [2]int{d.uint(), d.uint()}
		case reflect.Pointer, reflect.Slice:
			parts[0] = d.uint()
		default:
			d.damaged()
		}
		t := d.lookup(name)
		if t == nil {
			t = d.composite(kind, name, parts)
		}
		c := codecOf(t)
		if int(c.size) > d.budget {
			d.damaged()
		}
		d.types = append(d.types, c)
	}
}

// composite makes a type of its parts.
func (d *decoder) composite(kind reflect.Kind, name string, parts [2]int) reflect.Type {
	switch kind {
	case reflect.Pointer:
		return reflect.PointerTo(d.typeAt(parts[0]).t)
	case reflect.Slice:
		return reflect.SliceOf(d.typeAt(parts[0]).t)
	case reflect.Map:
		if !d.typeAt(parts[0]).t.Comparable() {
			d.damaged()
		}
		return reflect.MapOf(d.typeAt(parts[0]).t, d.typeAt(parts[1]).t)
	case reflect.Array:
		elem := d.typeAt(parts[0])
		d.allot(parts[1], max(elem.size, 1))
		return reflect.ArrayOf(parts[1], elem.t)
	}
	panic(failed("the type " + shown(name) + " is not known here"))
}

// shown is the name of a type in files as readers know it.
func shown(name string) string {
	name = strings.ReplaceAll(name, `"main".`, "")
	for {
		before, rest, ok := strings.Cut(name, `"`)
		path, after, ok2 := strings.Cut(rest, `"`)
		if !ok || !ok2 {
			return name
		}
		name = before + path[strings.LastIndexByte(path, '/')+1:] + after
	}
}

func (d *decoder) typeIndex(n int) int {
	if n < 0 || n >= len(d.types) {
		d.damaged()
	}
	return n
}

func (d *decoder) typeAt(n int) *codec { return d.types[d.typeIndex(n)] }

// sums reads the definitions of the named types.
func (d *decoder) sums() map[string]definition {
	all := map[string]definition{}
	n := d.uint()
	if n > d.left() {
		d.damaged()
	}
	for range n {
		name, how := d.text(), d.text()
		all[name] = definition{how, binary.LittleEndian.Uint64(d.take(8))}
	}
	return all
}

// compare checks that the named types are what they were.
func (d *decoder) compare(sums map[string]definition) {
	for name, then := range sums {
		t := d.lookup(name)
		if t == nil {
			continue // it is not used, or readTypes will not find it
		}
		if c := codecOf(t); c.how != then.how && then.how != "" {
			panic(failed(fmt.Sprintf("this program does not import what reads a %s (%s)", shown(name), then.how)))
		} else if c.how != then.how || underlying(t) != then.sum {
			panic(failed(fmt.Sprintf("the type %s has changed since %s was kept", shown(name), d.names)))
		}
	}
}

// targets reads the variables, and the numbers of their types.
func (d *decoder) targets(vars []variable) (all []target, types []int) {
	n := d.uint()
	if n > d.left() {
		d.damaged()
	}
	names := make([]string, 0, n)
	for range n {
		x := target{name: d.text()}
		types = append(types, d.uint())
		x.object = d.uint() - 1
		if x.object >= 0 {
			x.at = uintptr(d.uint())
		}
		for _, v := range vars {
			if v.Name == x.name {
				x.ptr, x.c = reflect.ValueOf(v.Ptr).UnsafePointer(), codecOf(reflect.TypeOf(v.Ptr).Elem())
			}
		}
		all = append(all, x)
		names = append(names, x.name)
	}
	d.names = strings.Join(names, " and ")
	return all, types
}

// readObjects reads the table of objects, and allots memory for them.
func (d *decoder) readObjects(targets []target) {
	n := d.uint()
	if n > d.left() {
		d.damaged()
	}
	d.allot(n, unsafe.Sizeof(piece{})/4)
	d.objects = make([]piece, n)
	left, spared := len(d.all), 0
	for i := range d.objects {
		o := &d.objects[i]
		x := d.uint()
		o.kind, o.c, o.size = itemKind(x&3), d.typeAt(x>>2), d.uint()
		if o.size > left {
			d.damaged()
		}
		left -= o.size
		switch o.kind {
		case memory:
			o.n = d.uint()
			o.m = o.n - d.uint()
			o.c = o.c.flat
			if o.c.size == 0 || o.m < 0 || o.m > o.n || o.n < 1 || o.m > 0 && o.m > o.size/max(o.c.least, 1) || o.n-o.m > (1<<40)/int(o.c.size) {
				d.damaged()
			}
			spared += (o.n - o.m) * int(o.c.size)
			if spared > sparable(len(d.all)) {
				d.damaged()
			}
		case mapItem:
			if o.c.t.Kind() != reflect.Map || o.size < 1 {
				d.damaged()
			}
		case box:
			if !o.c.boxed {
				d.damaged()
			}
		case hookItem:
			if o.c.t.Kind() != reflect.Pointer || codecs.hooks[o.c.t] == nil {
				d.damaged()
			}
		}
	}
	if left != 0 {
		d.damaged()
	}
	for _, x := range targets {
		if x.object >= len(d.objects) || x.object < 0 && x.c.size > 0 {
			d.damaged()
		}
		if x.ptr == nil || x.object < 0 {
			continue
		}
		if o := &d.objects[x.object]; o.kind != memory {
			d.damaged()
		} else if o.ptr == nil && x.at == 0 && d.fits.same(o.c, x.c.flat) && uintptr(o.n) == x.c.count {
			o.c = x.c.flat
			o.ptr = x.ptr
			reflect.NewAt(x.c.t, x.ptr).Elem().SetZero()
		}
	}
	d.make()
}

// make allots memory for the objects.
func (d *decoder) make() {
	at := 0
	for i := range d.objects {
		o := &d.objects[i]
		content := d.all[at : at+o.size]
		at += o.size
		switch o.kind {
		case memory:
			if o.ptr == nil {
				d.allot(o.n, o.c.size)
				o.ptr = d.elements(o.c, o.n)
			}
		case box:
			d.allot(1, o.c.size)
			o.ptr = reflect.New(o.c.t).UnsafePointer()
		case mapItem:
			n, size := binary.Uvarint(content)
			key, elem := codecOf(o.c.t.Key()), codecOf(o.c.t.Elem())
			if least := key.least + elem.least; size <= 0 || n > uint64(len(content)-size)/uint64(max(least, 1)) && n > 1 {
				d.damaged()
			}
			d.allot(int(n), key.size+elem.size)
			d.allot(1, 48)
			o.n = int(n)
			m := reflect.MakeMapWithSize(o.c.t, int(n))
			o.ptr = m.UnsafePointer()
		case hookItem:
			if err := codecs.hooks[o.c.t].undo(append([]byte(nil), content...), unsafe.Pointer(&o.ptr)); err != nil {
				panic(failed("a " + readable(o.c.t) + " cannot be read: " + err.Error()))
			}
		}
	}
}

func (d *decoder) elements(c *codec, n int) unsafe.Pointer {
	if n == 1 {
		return reflect.New(c.t).UnsafePointer()
	}
	return reflect.MakeSlice(reflect.SliceOf(c.t), n, n).UnsafePointer()
}

// fill reads the contents: maps at last, as the hash of a key needs all of the key.
func (d *decoder) fill() {
	for _, maps := range []bool{false, true} {
		at := 0
		for i := range d.objects {
			o := &d.objects[i]
			d.buf = d.all[at : at+o.size : at+o.size]
			at += o.size
			d.end = at
			if (o.kind == mapItem) != maps || o.kind == hookItem {
				continue
			}
			d.content(o)
			if d.left() > 0 {
				d.damaged()
			}
		}
	}
}

func (d *decoder) content(o *piece) {
	switch o.kind {
	case memory:
		if o.c.raw {
			size := uintptr(o.m) * o.c.size
			copy(unsafe.Slice((*byte)(o.ptr), size), d.take(int(size)))
			return
		}
		for i := range o.m {
			o.c.read(d, unsafe.Add(o.ptr, uintptr(i)*o.c.size))
		}
	case box:
		o.c.read(d, o.ptr)
	case mapItem:
		d.uint()
		key, elem := codecOf(o.c.t.Key()), codecOf(o.c.t.Elem())
		m, k, v := mapAt(o.c, o.ptr), reflect.New(key.t).Elem(), reflect.New(elem.t).Elem()
		for range o.n {
			key.read(d, k.Addr().UnsafePointer())
			elem.read(d, v.Addr().UnsafePointer())
			m.SetMapIndex(k, v)
		}
	}
}

// object checks a reference to what is not memory.
func (d *decoder) object(n int, kind itemKind, c *codec) *piece {
	if n < 0 || n >= len(d.objects) {
		d.damaged()
	}
	o := &d.objects[n]
	if o.kind != kind || o.c != c && (kind != mapItem || !d.fits.same(o.c, c)) {
		d.damaged()
	}
	return o
}

// address reads a reference to count elements of memory.
func (d *decoder) address(n int, c *codec, count uintptr, at uintptr) unsafe.Pointer {
	if n < 0 || n >= len(d.objects) {
		d.damaged()
	}
	o := &d.objects[n]
	if o.kind != memory || c.count > 0 && count > (1<<62)/c.count || !d.fits.holds(o.c, uintptr(o.n), at, c.flat, count*c.count) {
		d.damaged()
	}
	return unsafe.Add(o.ptr, at)
}

// nothing is where pointers to what has no size point.
var nothing [1]byte

func (d *decoder) pointer(c, elem *codec) unsafe.Pointer {
	switch n := d.uint(); n {
	case isNil:
		return nil
	case isEmpty:
		if elem.size != 0 {
			d.damaged()
		}
		return unsafe.Pointer(&nothing)
	case isKnown:
		v := knownSentinels().byName[d.text()]
		if reflect.TypeOf(v) != c.t {
			d.damaged()
		}
		return words(&v)[1]
	default:
		return d.address(n-isObject, elem, 1, uintptr(d.uint()))
	}
}

func (d *decoder) slice(elem *codec) slice {
	n := d.uint()
	switch n {
	case isNil:
		return slice{}
	case isKnown:
		d.damaged()
	case isEmpty:
		s := slice{unsafe.Pointer(&nothing), d.uint(), d.uint()}
		if s.len > s.cap || s.cap > 0 && elem.size > 0 {
			d.damaged()
		}
		return s
	}
	at := uintptr(d.uint())
	s := slice{nil, d.uint(), d.uint()}
	if s.len > s.cap || s.cap == 0 || elem.size == 0 {
		d.damaged()
	}
	s.data = d.address(n-isObject, elem, uintptr(s.cap), at)
	return s
}

// iface reads an interface variable of type t.
func (d *decoder) iface(t reflect.Type, p unsafe.Pointer) {
	n := d.uint()
	if n == 0 {
		reflect.NewAt(t, p).Elem().SetZero()
		return
	}
	c := d.typeAt(n - 1)
	if t.NumMethod() > 0 {
		pair := [2]*codec{c, codecOf(t)}
		ok, seen := d.fitted[pair]
		if !seen {
			ok = c.t.Implements(t)
			d.fitted[pair] = ok
		}
		if !ok {
			d.damaged()
		}
	}
	if c.t.Kind() == reflect.Interface {
		d.damaged()
	}
	var word unsafe.Pointer
	switch {
	case c.boxed:
		word = d.object(d.uint(), box, c).ptr
	case c.isDirect():
		c.read(d, unsafe.Pointer(&word))
	default:
		d.allot(1, c.size)
		word = reflect.New(c.t).UnsafePointer()
		c.read(d, word)
	}
	v := c.pack(word)
	if t.NumMethod() == 0 {
		*(*any)(p) = v
	} else {
		reflect.NewAt(t, p).Elem().Set(reflect.ValueOf(v))
	}
}

// slabSize is how many bytes of short strings are allotted at once.
const slabSize = 16 << 10

func readString(d *decoder, p unsafe.Pointer) {
	n := d.uint()
	shared := n&1 != 0
	n >>= 1
	switch s := (*string)(p); {
	case shared:
		*s = d.sharedText(n)
	case n >= longText:
		at := d.end - len(d.buf)
		*s = d.textAt(at, d.take(n))
	case n == 0:
		*s = ""
	default:
		data := d.take(n)
		if len(d.slab)+n > cap(d.slab) {
			d.slab = make([]byte, 0, slabSize)
		}
		from := len(d.slab)
		d.slab = append(d.slab, data...)
		*s = unsafe.String(&d.slab[from], n)
	}
}

// textAt returns the long string that is at a place of the contents.
func (d *decoder) textAt(at int, data []byte) string {
	if s, ok := d.texts[at]; ok && len(s) == len(data) {
		return s
	}
	d.allot(1, uintptr(len(data)))
	d.texts[at] = string(data)
	return d.texts[at]
}

func (d *decoder) sharedText(n int) string {
	at, size, from := d.uint(), d.uint(), d.uint()
	if size < longText || at > len(d.all) || size > len(d.all)-at || from > size || n > size-from {
		d.damaged()
	}
	return d.textAt(at, d.all[at:at+size])[from : from+n]
}
