//lint:file-ignore U1000 fields are used by reflection

package keep

import (
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"strconv"
	"testing"
	"unsafe"
)

// Types with which types that reflect makes are mixed.
type (
	GNode struct {
		Name  string
		next  *GNode
		Any   any
		kids  []*GNode
		by    map[string]*GNode
		at    *int
		in    GInner
		far   *GInner
		arr   [3]GInner
		iface fmt.Stringer
	}
	GInner struct {
		x    int
		f    float64
		s    []int
		p    *string
		tiny struct{}
		b    bool
	}
	GInt  int
	GTree struct {
		L, R *GTree
		V    any
	}
	GEmbed struct {
		*GInner
		GInt
		any
	}
	GMap map[GKey]any
	GKey struct {
		A string
		B int8
		C any
	}
)

func (i GInt) String() string   { return strconv.Itoa(int(i)) }
func (n *GNode) String() string { return n.Name }

// maker makes random types and values.
type maker struct {
	r    *rand.Rand
	pool map[reflect.Type][]unsafe.Pointer // places that pointers may lead to
	all  map[reflect.Type][]reflect.Value  // slices, maps and strings that may be shared
	room int                               // values that may still be made
}

var named = []reflect.Type{
	reflect.TypeFor[GNode](), reflect.TypeFor[GInner](), reflect.TypeFor[GInt](), reflect.TypeFor[GTree](), reflect.TypeFor[GEmbed](), reflect.TypeFor[GMap](), reflect.TypeFor[GKey](),
}

var basics = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint64](), reflect.TypeFor[uintptr](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[complex128](), reflect.TypeFor[string](), reflect.TypeFor[byte](), reflect.TypeFor[rune](),
}

func (m *maker) basic() reflect.Type { return basics[m.r.Intn(len(basics))] }

// typ makes a type.
func (m *maker) typ(depth int) reflect.Type {
	if depth <= 0 {
		return m.basic()
	}
	switch m.r.Intn(12) {
	case 0, 1:
		return reflect.PointerTo(m.typ(depth - 1))
	case 2, 3:
		return reflect.SliceOf(m.typ(depth - 1))
	case 4:
		return reflect.ArrayOf(m.r.Intn(4), m.typ(depth-1))
	case 5:
		return reflect.MapOf(m.key(2), m.typ(depth-1))
	case 6:
		return reflect.TypeFor[any]()
	case 7, 8, 9:
		return named[m.r.Intn(len(named))]
	case 10:
		var fields []reflect.StructField
		for i := range m.r.Intn(5) {
			fields = append(fields, reflect.StructField{Name: "F" + strconv.Itoa(i), Type: m.typ(depth - 1)})
		}
		return reflect.StructOf(fields)
	}
	return m.basic()
}

// key makes a type that a map may have as key, without pointers.
func (m *maker) key(depth int) reflect.Type {
	switch n := m.r.Intn(8); {
	case n == 0 && depth > 0:
		return reflect.ArrayOf(2, m.key(depth-1))
	case n == 1:
		return reflect.TypeFor[GKey]()
	case n == 2:
		return reflect.TypeFor[any]()
	}
	return m.basic()
}

// fill gives what is at p a random value. place: others may point there.
func (m *maker) fill(t reflect.Type, p unsafe.Pointer, depth int, place, key bool) {
	v := reflect.NewAt(t, p).Elem()
	if place && t.Size() > 0 {
		m.pool[t] = append(m.pool[t], p)
	}
	m.room--
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(m.r.Intn(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(m.r.Uint64()) >> m.r.Intn(64))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(m.r.Uint64() >> m.r.Intn(64))
	case reflect.Float32, reflect.Float64:
		v.SetFloat([]float64{0, math.Copysign(0, -1), 1.5, math.Inf(1), math.Float64frombits(0x7ff8000000000123), m.r.NormFloat64()}[m.r.Intn(6)])
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(m.r.NormFloat64(), math.Copysign(0, -1)))
	case reflect.String:
		n := m.r.Intn(5)
		if m.r.Intn(10) == 0 {
			n = m.r.Intn(300)
		}
		b := make([]byte, n)
		m.r.Read(b)
		s := string(b)
		if m.r.Intn(4) == 0 && len(m.all[t]) > 0 {
			s = m.all[t][m.r.Intn(len(m.all[t]))].String()
			i := m.r.Intn(len(s) + 1)
			j := i + m.r.Intn(len(s)-i+1)
			s = s[i:j]
		}
		v.SetString(s)
		m.all[t] = append(m.all[t], reflect.ValueOf(s))
	case reflect.Interface:
		m.iface(v, depth, key)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			m.fill(f.Type, unsafe.Add(p, f.Offset), depth, place, key)
		}
	case reflect.Array:
		for i := range t.Len() {
			m.fill(t.Elem(), unsafe.Add(p, uintptr(i)*t.Elem().Size()), depth, place, key)
		}
	case reflect.Pointer:
		if m.room < 0 || m.r.Intn(5) == 0 {
			return
		}
		if old := m.pool[t.Elem()]; len(old) > 0 && (m.r.Intn(2) == 0 || depth <= 0) {
			v.Set(reflect.NewAt(t.Elem(), old[m.r.Intn(len(old))]))
			return
		}
		if depth > 0 {
			n := reflect.New(t.Elem())
			v.Set(n)
			m.fill(t.Elem(), n.UnsafePointer(), depth-1, true, false)
		}
	case reflect.Slice:
		m.slice(v, depth)
	case reflect.Map:
		m.mapping(v, depth)
	}
}

// slice makes a slice, or a part of an old one.
func (m *maker) slice(v reflect.Value, depth int) {
	t := v.Type()
	if m.room < 0 || m.r.Intn(5) == 0 {
		return
	}
	if old := m.all[t]; len(old) > 0 && m.r.Intn(2) == 0 {
		s := old[m.r.Intn(len(old))]
		i := m.r.Intn(s.Cap() + 1)
		j := i + m.r.Intn(s.Cap()-i+1)
		if m.r.Intn(2) == 0 {
			s = s.Slice(i, j)
		} else {
			s = s.Slice3(i, j, j+m.r.Intn(s.Cap()-j+1))
		}
		v.Set(s)
		return
	}
	if depth <= 0 {
		return
	}
	n := m.r.Intn(5)
	c := n + m.r.Intn(3)
	s := reflect.MakeSlice(t, n, c)
	full := s.Slice3(0, c, c)
	for i := range c {
		m.fill(t.Elem(), full.Index(i).Addr().UnsafePointer(), depth-1, true, false)
	}
	v.Set(s)
	m.all[t] = append(m.all[t], s)
}

// mapping makes a map, or takes an old one.
func (m *maker) mapping(v reflect.Value, depth int) {
	t := v.Type()
	if m.room < 0 || m.r.Intn(5) == 0 {
		return
	}
	if old := m.all[t]; len(old) > 0 && m.r.Intn(3) == 0 {
		v.Set(old[m.r.Intn(len(old))])
		return
	}
	s := reflect.MakeMap(t)
	v.Set(s)
	m.all[t] = append(m.all[t], s)
	if depth <= 0 {
		return
	}
	for range m.r.Intn(4) {
		k, x := reflect.New(t.Key()), reflect.New(t.Elem())
		m.fill(t.Key(), k.UnsafePointer(), 0, false, true)
		m.fill(t.Elem(), x.UnsafePointer(), depth-1, false, false)
		s.SetMapIndex(k.Elem(), x.Elem())
	}
}

// iface makes a value in an interface; key: one that can be compared.
func (m *maker) iface(v reflect.Value, depth int, key bool) {
	if m.r.Intn(5) == 0 || m.room < 0 {
		return
	}
	var t reflect.Type
	switch {
	case v.Type().NumMethod() > 0:
		t = []reflect.Type{reflect.TypeFor[GInt](), reflect.TypeFor[*GNode]()}[m.r.Intn(2)]
	case key:
		t = m.basic()
	default:
		t = m.typ(min(depth, 2))
		for t.Kind() == reflect.Interface {
			t = m.typ(min(depth, 2))
		}
	}
	x := reflect.New(t)
	registerType(t)
	m.fill(t, x.UnsafePointer(), depth-1, false, key)
	v.Set(x.Elem())
}

// alike compares two graphs: the same values, and memory that is shared in one is shared
// in the other.
type alike struct {
	there, back map[[2]uintptr]uintptr // kind and address
	done        map[string]bool
	todo        []func() error
}

// pair notes that two addresses are the same place. 0 is memory, 1 a map.
func (c *alike) pair(kind uintptr, a, b unsafe.Pointer) error {
	if x, ok := c.there[[2]uintptr{kind, uintptr(a)}]; ok && x != uintptr(b) {
		return fmt.Errorf("%x is %x and %x", a, x, b)
	}
	if x, ok := c.back[[2]uintptr{kind, uintptr(b)}]; ok && x != uintptr(a) {
		return fmt.Errorf("%x and %x are %x", a, x, b)
	}
	c.there[[2]uintptr{kind, uintptr(a)}] = uintptr(b)
	c.back[[2]uintptr{kind, uintptr(b)}] = uintptr(a)
	return nil
}

// value compares memory; own: it is not a copy.
func (c *alike) value(t reflect.Type, a, b unsafe.Pointer, own bool, path string) error {
	key := ""
	if own && t.Size() > 0 {
		key = fmt.Sprintf("%p %p %v", a, b, t)
		if c.done[key] {
			return nil
		}
		c.done[key] = true
	}
	x, y := reflect.NewAt(t, a).Elem(), reflect.NewAt(t, b).Elem()
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Name == "_" {
				continue
			}
			if err := c.value(f.Type, unsafe.Add(a, f.Offset), unsafe.Add(b, f.Offset), own, path+"."+f.Name); err != nil {
				return err
			}
		}
		return nil
	case reflect.Array:
		for i := range t.Len() {
			if err := c.value(t.Elem(), unsafe.Add(a, uintptr(i)*t.Elem().Size()), unsafe.Add(b, uintptr(i)*t.Elem().Size()), own, path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		return nil
	}
	if own {
		if err := c.pair(0, a, b); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	switch t.Kind() {
	case reflect.String:
		if x.String() != y.String() {
			return fmt.Errorf("%s: %q, %q", path, x, y)
		}
	case reflect.Interface:
		if x.IsNil() != y.IsNil() {
			return fmt.Errorf("%s: nil %v, %v", path, x.IsNil(), y.IsNil())
		}
		if x.IsNil() {
			return nil
		}
		x, y = x.Elem(), y.Elem()
		if x.Type() != y.Type() {
			return fmt.Errorf("%s: %v, %v", path, x.Type(), y.Type())
		}
		p, q := reflect.New(x.Type()), reflect.New(x.Type())
		p.Elem().Set(x)
		q.Elem().Set(y)
		return c.value(x.Type(), p.UnsafePointer(), q.UnsafePointer(), false, path+".("+x.Type().String()+")")
	case reflect.Pointer:
		if x.IsNil() != y.IsNil() {
			return fmt.Errorf("%s: nil %v, %v", path, x.IsNil(), y.IsNil())
		}
		if !x.IsNil() && t.Elem().Size() > 0 {
			p, q := x.UnsafePointer(), y.UnsafePointer()
			c.todo = append(c.todo, func() error { return c.value(t.Elem(), p, q, true, path+"*") })
		}
	case reflect.Slice:
		if x.IsNil() != y.IsNil() || x.Len() != y.Len() || x.Cap() != y.Cap() {
			return fmt.Errorf("%s: nil %v %v, len %d %d, cap %d %d", path, x.IsNil(), y.IsNil(), x.Len(), y.Len(), x.Cap(), y.Cap())
		}
		p, q, n := x.UnsafePointer(), y.UnsafePointer(), x.Cap()
		if n > 0 && t.Elem().Size() > 0 {
			c.todo = append(c.todo, func() error {
				for i := range n {
					if err := c.value(t.Elem(), unsafe.Add(p, uintptr(i)*t.Elem().Size()), unsafe.Add(q, uintptr(i)*t.Elem().Size()), true, path+"["+strconv.Itoa(i)+"]"); err != nil {
						return err
					}
				}
				return nil
			})
		}
	case reflect.Map:
		if x.IsNil() != y.IsNil() || x.Len() != y.Len() {
			return fmt.Errorf("%s: maps of %d and %d, nil %v %v", path, x.Len(), y.Len(), x.IsNil(), y.IsNil())
		}
		if x.IsNil() {
			return nil
		}
		if err := c.pair(1, x.UnsafePointer(), y.UnsafePointer()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		key := fmt.Sprintf("map %p %p", x.UnsafePointer(), y.UnsafePointer())
		if c.done[key] {
			return nil
		}
		c.done[key] = true
		for iter := x.MapRange(); iter.Next(); {
			k := iter.Key()
			other := y.MapIndex(k)
			if !k.Equal(k) {
				continue // NaN
			}
			if !other.IsValid() {
				return fmt.Errorf("%s: no key %v", path, k)
			}
			p, q := reflect.New(t.Elem()), reflect.New(t.Elem())
			p.Elem().Set(iter.Value())
			q.Elem().Set(other)
			c.todo = append(c.todo, func() error {
				return c.value(t.Elem(), p.UnsafePointer(), q.UnsafePointer(), false, path+"["+fmt.Sprint(k)+"]")
			})
		}
	default:
		for i := range t.Size() {
			if *(*byte)(unsafe.Add(a, i)) != *(*byte)(unsafe.Add(b, i)) {
				return fmt.Errorf("%s: %v, %v", path, x, y)
			}
		}
	}
	return nil
}

// run compares what pointers lead to.
func (c *alike) run() error {
	for len(c.todo) > 0 {
		n := len(c.todo) - 1
		f := c.todo[n]
		c.todo = c.todo[:n]
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// FuzzGraph keeps and loads random graphs of random types. The seeds take a second;
// go test -fuzz=FuzzGraph goes on.
func FuzzGraph(f *testing.F) {
	for seed := range 1000 {
		f.Add(int64(seed))
	}
	f.Fuzz(func(t *testing.T, seed int64) {
		if err := oneGraph(seed); err != nil {
			t.Error(err)
		}
	})
}

// oneGraph fills variables of random types, keeps and loads them, and compares.
func oneGraph(seed int64) (err error) {
	m := &maker{r: rand.New(rand.NewSource(seed)), pool: map[reflect.Type][]unsafe.Pointer{}, all: map[reflect.Type][]reflect.Value{}, room: 300}
	count := 1 + m.r.Intn(5)
	var vars, copies []variable
	for i := range count {
		t := m.typ(4)
		p := reflect.New(t)
		vars = append(vars, variable{"v" + strconv.Itoa(i), p.Interface()})
		copies = append(copies, variable{"v" + strconv.Itoa(i), reflect.New(t).Interface()})
	}
	for _, v := range vars {
		p := reflect.ValueOf(v.Ptr)
		m.fill(p.Type().Elem(), p.UnsafePointer(), 5, true, false)
	}
	groups := encodeVariables(vars)
	for _, g := range groups {
		for _, k := range g.Kept {
			if k.Reason != "" {
				return fmt.Errorf("%s is not kept: %s", k.Name, k.Reason)
			}
		}
		var mine []variable
		for _, v := range copies {
			for _, name := range g.Names {
				if name == v.Name {
					mine = append(mine, v)
				}
			}
		}
		if err := decodeGroup(g.Bytes, mine); err != nil {
			return err
		}
	}
	c := &alike{there: map[[2]uintptr]uintptr{}, back: map[[2]uintptr]uintptr{}, done: map[string]bool{}}
	for i := range vars {
		p, q := reflect.ValueOf(vars[i].Ptr), reflect.ValueOf(copies[i].Ptr)
		if err := c.value(p.Type().Elem(), p.UnsafePointer(), q.UnsafePointer(), true, vars[i].Name); err != nil {
			return err
		}
	}
	if err := c.run(); err != nil {
		return err
	}
	again := encodeVariables(copies)
	if len(again) != len(groups) {
		return fmt.Errorf("%d groups, then %d", len(groups), len(again))
	}
	return nil
}
