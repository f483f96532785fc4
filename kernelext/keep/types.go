package keep

import (
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// codecs guards everything below: the codec of each type, the types known by name and the
// hooks.
var codecs struct {
	sync.Mutex
	byType map[reflect.Type]*codec
	named  map[string]reflect.Type // by expression; what programs have registered
	hooks  map[reflect.Type]*hook

	count     uint32 // of codecs made
	builtin   map[string]reflect.Type
	sentinels *sentinels
}

// codec is how values of a type are searched for references, written and read. Its
// functions take the address of a value.
type codec struct {
	t    reflect.Type
	size uintptr
	how  string // "": by reflection; otherwise what else keeps the type

	least int  // bytes of an encoding at least; 0 only for types without size
	raw   bool // no references: the memory is the encoding
	refs  bool // there may be references, or what cannot be kept
	boxed bool // in an interface, it is an object of its own: it has interfaces in it
	leaf  bool // paths do not go into it

	walk  func(w *walker, p unsafe.Pointer)
	write func(e *encoder, p unsafe.Pointer)
	read  func(d *decoder, p unsafe.Pointer)

	flat  *codec // of the elements, for arrays (of arrays); otherwise itself
	count uintptr

	word   unsafe.Pointer // first word of an interface that holds the type
	direct bool           // the second word is the value, not its address
	packed bool           // word and direct are set
	id     string         // its expression
	number uint32         // tells codecs apart
	told   int            // 1: an error that something stands for; -1: not
}

// codecOf returns the codec of a type.
func codecOf(t reflect.Type) *codec {
	if c := codecs.byType[t]; c != nil {
		return c
	}
	if codecs.byType == nil {
		codecs.byType = map[reflect.Type]*codec{}
	}
	codecs.count++
	c := &codec{t: t, size: t.Size(), refs: true, least: 1, count: 1, number: codecs.count}
	c.flat = c
	codecs.byType[t] = c
	if !c.special() {
		c.byKind()
	}
	if c.size == 0 && c.how == "" {
		c.least, c.raw, c.refs = 0, true, false
	}
	if c.raw {
		c.refs = false
		c.write, c.read, c.walk = c.writeRaw, c.readRaw, func(*walker, unsafe.Pointer) {}
	}
	return c
}

func (c *codec) byKind() {
	switch c.t.Kind() {
	case reflect.String:
		c.refs = false
		c.walk, c.write, c.read = func(*walker, unsafe.Pointer) {}, writeString, readString
	case reflect.Array:
		c.ofArray()
	case reflect.Struct:
		c.ofStruct(nil)
	case reflect.Pointer:
		c.ofPointer(c.t.Elem())
	case reflect.Slice:
		c.ofSlice()
	case reflect.Map:
		c.ofMap()
	case reflect.Interface:
		c.ofInterface()
	case reflect.Chan:
		c.ofNil("a channel")
	case reflect.Func:
		c.ofNil("a function")
	case reflect.UnsafePointer:
		c.ofNil("an unsafe.Pointer")
	default:
		c.raw, c.least = true, int(c.size)
	}
}

func (c *codec) writeRaw(e *encoder, p unsafe.Pointer) {
	e.buf = append(e.buf, unsafe.Slice((*byte)(p), c.size)...)
}

func (c *codec) readRaw(d *decoder, p unsafe.Pointer) {
	copy(unsafe.Slice((*byte)(p), c.size), d.take(int(c.size)))
}

func (c *codec) ofArray() {
	elem := codecOf(c.t.Elem())
	n := uintptr(c.t.Len())
	c.flat, c.count = elem.flat, n*elem.count
	c.raw, c.refs, c.boxed = elem.raw, elem.refs, elem.hasInterfaces()
	c.least = int(n) * elem.least
	c.walk = func(w *walker, p unsafe.Pointer) {
		for i := range n {
			elem.walk(w, unsafe.Add(p, i*elem.size))
		}
	}
	c.write = func(e *encoder, p unsafe.Pointer) {
		for i := range n {
			elem.write(e, unsafe.Add(p, i*elem.size))
		}
	}
	c.read = func(d *decoder, p unsafe.Pointer) {
		for i := range n {
			elem.read(d, unsafe.Add(p, i*elem.size))
		}
	}
}

// hasInterfaces reports whether a value may contain others by way of interfaces only.
func (c *codec) hasInterfaces() bool { return c.boxed || c.t.Kind() == reflect.Interface }

// part is a field of a struct, or several without references.
type part struct {
	at, size uintptr
	c        *codec // nil: raw memory
	zero     bool   // not kept
}

// ofStruct keeps a struct by its fields. Those named in zero are zero when it is read.
func (c *codec) ofStruct(zero []string) {
	var parts []part
	c.raw, c.refs, c.least = zero == nil, false, 0
	for i := range c.t.NumField() {
		f := c.t.Field(i)
		fc := codecOf(f.Type)
		if containsString(zero, f.Name) {
			parts = append(parts, part{f.Offset, fc.size, fc, true})
			continue
		}
		c.raw = c.raw && fc.raw
		c.refs = c.refs || fc.refs
		c.boxed = c.boxed || fc.hasInterfaces()
		c.least += fc.least
		if !fc.raw {
			parts = append(parts, part{f.Offset, fc.size, fc, false})
		} else if n := len(parts); n > 0 && parts[n-1].c == nil && parts[n-1].at+parts[n-1].size == f.Offset {
			parts[n-1].size += fc.size
		} else if fc.size > 0 {
			parts = append(parts, part{f.Offset, fc.size, nil, false})
		}
	}
	if c.raw {
		c.least = int(c.size)
	}
	if c.least == 0 {
		c.least = 1 // see write
	}
	c.walk = func(w *walker, p unsafe.Pointer) {
		for i := range parts {
			if f := &parts[i]; f.c != nil && f.c.refs && !f.zero {
				f.c.walk(w, unsafe.Add(p, f.at))
			}
		}
	}
	lead := len(zero) > 0 // a byte, for a struct of which nothing else is kept
	c.write = func(e *encoder, p unsafe.Pointer) {
		if lead {
			e.buf = append(e.buf, 0)
		}
		for i := range parts {
			switch f := &parts[i]; {
			case f.zero:
			case f.c == nil:
				e.buf = append(e.buf, unsafe.Slice((*byte)(unsafe.Add(p, f.at)), f.size)...)
			default:
				f.c.write(e, unsafe.Add(p, f.at))
			}
		}
	}
	c.read = func(d *decoder, p unsafe.Pointer) {
		if lead {
			d.take(1)
		}
		for i := range parts {
			switch f := &parts[i]; {
			case f.zero:
				reflect.NewAt(f.c.t, unsafe.Add(p, f.at)).Elem().SetZero()
			case f.c == nil:
				copy(unsafe.Slice((*byte)(unsafe.Add(p, f.at)), f.size), d.take(int(f.size)))
			default:
				f.c.read(d, unsafe.Add(p, f.at))
			}
		}
	}
}

// ofNil keeps only nil.
func (c *codec) ofNil(what string) {
	c.leaf = true
	c.walk = func(w *walker, p unsafe.Pointer) {
		if *(*unsafe.Pointer)(p) != nil {
			w.bad(p, cannotOutlive("%s is "+what, what))
		}
	}
	c.write = func(e *encoder, p unsafe.Pointer) { e.buf = append(e.buf, 0) }
	c.read = func(d *decoder, p unsafe.Pointer) {
		if d.take(1)[0] != 0 {
			d.damaged()
		}
		*(*unsafe.Pointer)(p) = nil
	}
}

func cannotOutlive(is, what string) string {
	return is + "; " + what + " cannot outlive the program of its cell"
}

// pack makes an interface of a type and its second word.
func (c *codec) pack(data unsafe.Pointer) (v any) {
	c.isDirect()
	w := words(&v)
	w[0], w[1] = c.word, data
	return v
}

// isDirect reports whether an interface holds a value of the type itself, not its address.
func (c *codec) isDirect() bool {
	if !c.packed {
		zero := reflect.Zero(c.t).Interface()
		w := words(&zero)
		c.word, c.direct, c.packed = w[0], w[1] == nil, true
	}
	return c.direct
}

// words are the two of an interface: type and data.
func words(v *any) *[2]unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(v)) }

// interfaceAt reads an interface variable of type t.
func interfaceAt(t reflect.Type, p unsafe.Pointer) any {
	if t.NumMethod() == 0 {
		return *(*any)(p)
	}
	return reflect.NewAt(t, p).Elem().Interface()
}

// spot is a question to fits.
type spot struct {
	in     *codec
	at     uintptr
	target *codec
}

// fits caches where in elements of a type there are elements of another: how many from
// there on, 0 for none.
type fits map[spot]uintptr

// holds reports whether n elements of type in have at byte at count elements of target.
// Both types are flat.
func (f fits) holds(in *codec, n, at uintptr, target *codec, count uintptr) bool {
	if at >= n*in.size {
		return false
	}
	if alike := in == target || f.same(in, target); alike && at%in.size == 0 {
		return count <= n-at/in.size
	}
	key := spot{in, at % in.size, target}
	room, ok := f[key]
	if !ok {
		room = f.room(key)
		f[key] = room
	}
	return count <= room
}

// same reports whether a pointer to one type can be converted to a pointer to the other.
func (f fits) same(a, b *codec) bool {
	if a == b {
		return true
	}
	if a.size != b.size || a.t.Kind() != b.t.Kind() {
		return false
	}
	key := spot{a, ^uintptr(0), b}
	yes, ok := f[key]
	if !ok {
		if reflect.PointerTo(a.t).ConvertibleTo(reflect.PointerTo(b.t)) {
			yes = 1
		}
		f[key] = yes
	}
	return yes == 1
}

// room counts the elements of the target in one element.
func (f fits) room(s spot) uintptr {
	if s.in.t.Kind() != reflect.Struct {
		return 0
	}
	for i := range s.in.t.NumField() {
		field := s.in.t.Field(i)
		c := codecOf(field.Type)
		if s.at < field.Offset || s.at >= field.Offset+c.size {
			continue
		}
		at := s.at - field.Offset
		if f.same(c.flat, s.target) && at%c.flat.size == 0 {
			return c.count - at/c.flat.size
		}
		return f.room(spot{c.flat, at % c.flat.size, s.target})
	}
	return 0
}

// mainPath is the import path of the cell's package; tests have another.
var mainPath = "main"

// expression writes a type as Go does, with import paths in quotes before the dot. Types of
// package main have the prefix main. It reports whether a later program can write that.
func expression(t reflect.Type, main string) (text string, ok bool) {
	x := expresser{main: main, ok: true}
	x.write(t)
	return x.out.String(), x.ok
}

// id names a type in files.
func (c *codec) name() string {
	if c.id == "" {
		c.id, _ = expression(c.t, `"main".`)
	}
	return c.id
}

type expresser struct {
	out  strings.Builder
	main string
	ok   bool
}

func (x *expresser) write(t reflect.Type) {
	if t.Name() != "" {
		x.named(t.PkgPath(), t.Name())
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		x.list("*", t.Elem())
	case reflect.Slice:
		x.list("[]", t.Elem())
	case reflect.Array:
		x.list("["+strconv.Itoa(t.Len())+"]", t.Elem())
	case reflect.Map:
		x.list("map[", t.Key(), "]", t.Elem())
	case reflect.Chan:
		x.list(map[reflect.ChanDir]string{reflect.BothDir: "chan (", reflect.RecvDir: "<-chan (", reflect.SendDir: "chan<- ("}[t.ChanDir()], t.Elem(), ")")
	case reflect.Func:
		x.function(t)
	case reflect.Struct:
		x.structure(t)
	case reflect.Interface:
		if t.NumMethod() == 0 {
			x.list("any")
			return
		}
		x.text(t.String()) // packages have no paths here: reflect.Type.Method would link all methods of all types
		x.ok = x.ok && !strings.Contains(strings.ReplaceAll(t.String(), "main.", ""), ".")
	}
}

// list writes texts and types.
func (x *expresser) list(parts ...any) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			x.out.WriteString(p)
		case reflect.Type:
			x.write(p)
		}
	}
}

func (x *expresser) function(t reflect.Type) {
	x.list("func(")
	for i := range t.NumIn() {
		if i > 0 {
			x.list(", ")
		}
		if t.IsVariadic() && i == t.NumIn()-1 {
			x.list("...", t.In(i).Elem())
		} else {
			x.write(t.In(i))
		}
	}
	x.list(")")
	if t.NumOut() > 0 {
		x.list(" (")
		for i := range t.NumOut() {
			if i > 0 {
				x.list(", ")
			}
			x.write(t.Out(i))
		}
		x.list(")")
	}
}

func (x *expresser) structure(t reflect.Type) {
	x.list("struct { ")
	for i := range t.NumField() {
		f := t.Field(i)
		if i > 0 {
			x.list("; ")
		}
		if !f.Anonymous {
			x.list(f.Name, " ")
		}
		x.write(f.Type)
		if f.Tag != "" {
			x.list(" " + strconv.Quote(string(f.Tag)))
		}
		x.ok = x.ok && (f.IsExported() || f.PkgPath == mainPath)
	}
	x.list(" }")
}

// named writes the name of a type. The arguments of a generic type are in the name, with
// import paths.
func (x *expresser) named(path, name string) {
	base, args, generic := strings.Cut(name, "[")
	x.qualified(path, base)
	if generic {
		x.list("[")
		x.text(strings.TrimSuffix(args, "]"))
		x.list("]")
	}
}

func (x *expresser) qualified(path, name string) {
	switch {
	case path == "":
	case path == mainPath:
		x.list(x.main)
		x.ok = x.ok && !strings.Contains(name, "·")
	default:
		x.list(strconv.Quote(path) + ".")
		x.ok = x.ok && name[0] >= 'A' && (name[0] <= 'Z' || name[0] >= 0x80) && !isInternal(path)
	}
	x.list(name)
}

// isInternal reports whether a package of another module cannot be imported.
func isInternal(path string) bool {
	for _, part := range strings.Split(path, "/") {
		if part == "internal" || part == "vendor" {
			return true
		}
	}
	return false
}

// text writes types as the linker writes them: a/b.T, without quotes.
func (x *expresser) text(s string) {
	for i := 0; i < len(s); {
		n := 0
		for i+n < len(s) && inPath(s[i+n], n > 0) {
			n++
		}
		if n == 0 {
			x.out.WriteByte(s[i])
			i++
			continue
		}
		word := s[i : i+n]
		i += n
		if dot := strings.LastIndexByte(word, '.'); dot > 0 {
			x.qualified(strings.ReplaceAll(word[:dot], "%2e", "."), word[dot+1:])
		} else {
			x.list(word)
			x.ok = x.ok && !strings.Contains(word, "·")
		}
	}
}

func inPath(c byte, inside bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 ||
		inside && (c >= '0' && c <= '9' || strings.IndexByte("./-~%+", c) >= 0)
}

// readable is a type as %T writes it in a cell: main.T is T.
func readable(t reflect.Type) string {
	s := t.String()
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], "main.") && (i == 0 || !inPath(s[i-1], true)) {
			i += len("main.") - 1
			continue
		}
		out.WriteByte(s[i])
	}
	return strings.ReplaceAll(out.String(), "interface {}", "any")
}

// registerType makes a type and its parts known by name.
func registerType(t reflect.Type) {
	codecs.Lock()
	defer codecs.Unlock()
	if codecs.named == nil {
		codecs.named = map[string]reflect.Type{}
	}
	register(codecs.named, t)
}

// register adds a type and its parts to those known by name.
func register(known map[string]reflect.Type, t reflect.Type) {
	id := codecOf(t).name()
	if known[id] != nil {
		return
	}
	known[id] = t
	switch t.Kind() {
	case reflect.Map:
		register(known, t.Key())
		register(known, t.Elem())
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
		register(known, t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			register(known, t.Field(i).Type)
		}
	}
}

// definitions adds the named types that a value of type t is made of, with what would
// change if the type did.
func definitions(all map[string]definition, t reflect.Type) {
	c := codecOf(t)
	id := c.name()
	if _, ok := all[id]; ok {
		return
	}
	all[id] = definition{how: c.how, sum: underlying(t)}
	if c.how != "" {
		return
	}
	switch t.Kind() {
	case reflect.Map:
		definitions(all, t.Key())
		definitions(all, t.Elem())
	case reflect.Pointer, reflect.Slice, reflect.Array:
		definitions(all, t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			definitions(all, t.Field(i).Type)
		}
	}
}

// definition is what a file remembers of a named type.
type definition struct {
	how string
	sum uint64 // of its underlying type
}

// underlying sums up what a type is made of: its fields and their types by name.
func underlying(t reflect.Type) uint64 {
	text := t.Kind().String()
	name := func(t reflect.Type) string { return " " + codecOf(t).name() }
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			text += " " + f.Name + name(f.Type) + strconv.FormatBool(f.Anonymous) + strconv.Itoa(int(f.Offset))
		}
	case reflect.Map:
		text += name(t.Key()) + name(t.Elem())
	case reflect.Array:
		text += " " + strconv.Itoa(t.Len()) + name(t.Elem())
	case reflect.Pointer, reflect.Slice, reflect.Chan:
		text += name(t.Elem())
	}
	sum := uint64(14695981039346656037) // FNV-1a
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * 1099511628211
	}
	return sum
}

func containsString(all []string, s string) bool {
	for _, x := range all {
		if x == s {
			return true
		}
	}
	return false
}
