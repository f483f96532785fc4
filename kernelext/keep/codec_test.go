package keep

import (
	"bufio"
	"bytes"
	containers "container/list"
	"container/ring"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"log"
	"math"
	"math/big"
	"math/rand"
	randv2 "math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

func init() { mainPath = reflect.TypeFor[dot]().PkgPath() }

// isomorphic compares two values and what they refer to: equal, and shared alike. It is
// written for the test alone: it maps each address of one side to that of the other.
type isomorphic struct {
	there, back map[address2]unsafe.Pointer
}

type address2 struct {
	p unsafe.Pointer
	t reflect.Type
}

func (m *isomorphic) meet(t reflect.Type, a, b unsafe.Pointer) (seen bool, err error) {
	x, ok := m.there[address2{a, t}]
	y, ok2 := m.back[address2{b, t}]
	if ok != ok2 || ok && (x != b || y != a) {
		return false, fmt.Errorf("%v is shared on one side only", t)
	}
	m.there[address2{a, t}], m.back[address2{b, t}] = b, a
	return ok, nil
}

func (m *isomorphic) compare(path string, a, b reflect.Value) error {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return fmt.Errorf("%s: %v and %v", path, a, b)
	}
	if !a.IsValid() {
		return nil
	}
	t := a.Type()
	if a.CanAddr() && b.CanAddr() {
		a, b = reflect.NewAt(t, a.Addr().UnsafePointer()).Elem(), reflect.NewAt(t, b.Addr().UnsafePointer()).Elem()
	}
	if a.CanAddr() && b.CanAddr() && t.Size() > 0 {
		seen, err := m.meet(t, a.Addr().UnsafePointer(), b.Addr().UnsafePointer())
		if err != nil {
			return fmt.Errorf("%s: %v", path, err)
		}
		if seen {
			return nil
		}
	}
	wrong := fmt.Errorf("%s: a %v is another", path, t)
	switch t {
	case reflect.TypeFor[time.Time]():
		x, y := reflect.NewAt(t, a.Addr().UnsafePointer()).Interface().(*time.Time), reflect.NewAt(t, b.Addr().UnsafePointer()).Interface().(*time.Time)
		if *y != x.Round(0) && (!x.Equal(*y) || x.Location().String() != y.Location().String()) {
			return wrong
		}
		return nil
	case reflect.TypeFor[*os.File](), reflect.TypeFor[*time.Location]():
		if a.Pointer() == b.Pointer() {
			return nil
		}
	}
	switch a.Kind() {
	case reflect.Float32, reflect.Float64:
		if math.Float64bits(a.Float()) != math.Float64bits(b.Float()) {
			return wrong
		}
	case reflect.Complex64, reflect.Complex128:
		x, y := a.Complex(), b.Complex()
		if math.Float64bits(real(x)) != math.Float64bits(real(y)) || math.Float64bits(imag(x)) != math.Float64bits(imag(y)) {
			return wrong
		}
	case reflect.String:
		if a.String() != b.String() {
			return wrong
		}
	case reflect.Array:
		for i := range a.Len() {
			if err := m.compare(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if err := m.compare(path+"."+t.Field(i).Name, a.Field(i), b.Field(i)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() || a.Cap() != b.Cap() {
			return wrong
		}
		if a.IsNil() {
			return nil
		}
		x, y := addressable(a), addressable(b)
		for i := range a.Cap() {
			if err := m.compare(fmt.Sprintf("%s[%d]", path, i), x.Slice(0, a.Cap()).Index(i), y.Slice(0, a.Cap()).Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return wrong
		}
		if a.IsNil() {
			return nil
		}
		if seen, err := m.meet(t, a.UnsafePointer(), b.UnsafePointer()); err != nil || seen {
			return err
		}
		return m.entries(path, a, b)
	case reflect.Pointer:
		if a.IsNil() != b.IsNil() {
			return wrong
		}
		if a.IsNil() || t.Elem().Size() == 0 {
			return nil
		}
		if _, known := knownSentinels().byValue[reflect.NewAt(t.Elem(), a.UnsafePointer()).Interface()]; known {
			if a.Pointer() != b.Pointer() {
				return fmt.Errorf("%s is another pointer", path)
			}
			return nil
		}
		return m.compare("*"+path, reflect.NewAt(t.Elem(), a.UnsafePointer()).Elem(), reflect.NewAt(t.Elem(), b.UnsafePointer()).Elem())
	case reflect.Interface:
		if a.IsNil() != b.IsNil() {
			return wrong
		}
		x, y := a.Elem(), b.Elem()
		if x.IsValid() && y.IsValid() && x.Type() == y.Type() { // addressable copies
			x, y = addressable(x), addressable(y)
		}
		return m.compare(path, x, y)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if !a.IsZero() || !b.IsZero() {
			return wrong
		}
	default:
		if !reflect.DeepEqual(number(a), number(b)) {
			return wrong
		}
	}
	return nil
}

func number(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.CanInt():
		return v.Int()
	default:
		return v.Uint()
	}
}

// copies stay alive, so that addresses mean something.
var copies []reflect.Value

func addressable(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	if v.CanAddr() {
		v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	} else if !v.CanInterface() {
		panic("a value that is neither addressable nor exported")
	}
	c.Set(v)
	copies = append(copies, c)
	return c
}

func (m *isomorphic) entries(path string, a, b reflect.Value) error {
	a, b = addressable(a), addressable(b)
	type entry struct{ k, v reflect.Value }
	var es []entry
	for r := b.MapRange(); r.Next(); {
		es = append(es, entry{r.Key(), r.Value()})
	}
	for r := a.MapRange(); r.Next(); {
		found := false
		for i, e := range es {
			try := m.clone()
			if try.compare(path+"[key]", addressable(r.Key()), addressable(e.k)) == nil && try.compare(path+"[…]", addressable(r.Value()), addressable(e.v)) == nil {
				*m = *try
				es = append(es[:i], es[i+1:]...)
				found = true
				break
			}
		}
		if !found {
			return fmt.Errorf("%s: no entry for %v", path, r.Key())
		}
	}
	return nil
}

func (m *isomorphic) clone() *isomorphic {
	c := newIsomorphic()
	for k, v := range m.there {
		c.there[k] = v
	}
	for k, v := range m.back {
		c.back[k] = v
	}
	return c
}

func newIsomorphic() *isomorphic {
	return &isomorphic{there: map[address2]unsafe.Pointer{}, back: map[address2]unsafe.Pointer{}}
}

// fresh makes new variables of the same types.
func fresh(vars []variable) (all []variable) {
	for _, v := range vars {
		all = append(all, variable{v.Name, reflect.New(reflect.TypeOf(v.Ptr).Elem()).Interface()})
	}
	return all
}

// trip encodes and decodes variables; those that are not kept fail the test.
func trip(t *testing.T, vars []variable) []variable {
	t.Helper()
	back := fresh(vars)
	for _, g := range encodeVariables(vars) {
		for _, k := range g.Kept {
			if k.Reason != "" {
				t.Fatalf("%s is not kept: %s", k.Name, k.Reason)
			}
		}
		if err := decodeGroup(g.Bytes, back); err != nil {
			t.Fatalf("%v: %v", g.Names, err)
		}
	}
	return back
}

// roundTrip checks that variables come back as they were.
func roundTrip(t *testing.T, vars ...variable) []variable {
	t.Helper()
	back := trip(t, vars)
	m := newIsomorphic()
	for i := range vars {
		if err := m.compare(vars[i].Name, reflect.ValueOf(vars[i].Ptr).Elem(), reflect.ValueOf(back[i].Ptr).Elem()); err != nil {
			t.Error(err)
		}
	}
	return back
}

func one[T any](v T) variable { return variable{"x", &v} }

type (
	degree float64
	dot    struct{ X, Y int }
	chain  struct {
		value int
		next  *chain
	}
	tree struct {
		left, right *tree
		name        string
	}
	embedded struct {
		dot
		*chain
		Tag  string
		_    [3]byte
		flag bool
	}
	pair[A, B any] struct {
		First  A
		second B
	}
	shape  interface{ Area() float64 }
	square struct{ side float64 }
	holder struct {
		Any    any
		inside any
	}
	pointers []*pointers
	mapping  map[string]mapping
)

func (s square) Area() float64 { return s.side * s.side }

func TestRoundTrip(t *testing.T) {
	registerType(reflect.TypeFor[holder]())
	registerType(reflect.TypeFor[square]())
	registerType(reflect.TypeFor[embedded]())
	registerType(reflect.TypeFor[pair[string, []degree]]())
	registerType(reflect.TypeFor[netip.Addr]())
	registerType(reflect.TypeFor[struct{ A, B int }]())
	long := strings.Repeat("a long text. ", 20)
	zone := time.FixedZone("here", 3600*5+1800)
	for name, v := range map[string]variable{
		"bool":                 one(true),
		"int":                  one(-42),
		"int8":                 one(int8(-8)),
		"uint64":               one(uint64(math.MaxUint64)),
		"uintptr":              one(uintptr(7)),
		"NaN payload":          one(math.Float64frombits(0x7ff8_dead_beef_0001)),
		"negative zero":        one(math.Copysign(0, -1)),
		"float32":              one(float32(1.5)),
		"complex":              one(complex(math.NaN(), math.Copysign(0, -1))),
		"named":                one(degree(36.6)),
		"string":               one("héllo\x00\xff"),
		"long string":          one(long),
		"array":                one([3]string{"a", "", long}),
		"array of arrays":      one([2][3]int{{1, 2, 3}, {4, 5, 6}}),
		"empty array":          one([0]int{}),
		"empty struct":         one(struct{}{}),
		"bytes":                one([]byte("abc")),
		"capacity":             one(append(make([]int, 0, 100), 1, 2, 3)),
		"hidden elements":      one([]string{"a", "b", "c"}[:1]),
		"nil slice":            one([]int(nil)),
		"empty slice":          one([]int{}),
		"slice of nothing":     one(make([]struct{}, 5, 9)),
		"slices of slices":     one([][]int{{1}, nil, {}, {2, 3}}),
		"nil map":              one(map[string]int(nil)),
		"empty map":            one(map[string]int{}),
		"map":                  one(map[string]int{"a": 1, "b": 2, "": 3}),
		"NaN keys":             one(map[float64]string{math.NaN(): "x", math.Inf(1): "y", 0: "z"}),
		"interface keys":       one(map[any]any{1: "a", "b": 2.5, dot{1, 2}: nil, [2]any{"x", 3}: true}),
		"array keys":           one(map[[2]string]dot{{"a", "b"}: {1, 2}}),
		"set":                  one(map[int]struct{}{1: {}, 2: {}}),
		"map of maps":          one(map[string]map[string][]int{"a": {"b": {1}}, "c": nil}),
		"struct":               one(dot{1, 2}),
		"embedded":             one(embedded{dot: dot{1, 2}, chain: &chain{value: 3}, Tag: "t", flag: true}),
		"unnamed struct":       one(struct{ A, b int }{1, 2}),
		"pointer to pointer":   one(new(new(new(7)))),
		"nil pointer":          one((*dot)(nil)),
		"pointer to nothing":   one(&struct{}{}),
		"nil channel":          one(struct{ c chan int }{}),
		"nil function":         one(struct{ f func() }{}),
		"nil unsafe.Pointer":   one(unsafe.Pointer(nil)),
		"nil interface":        one(any(nil)),
		"any int":              one(any(7)),
		"any string":           one(any("seven")),
		"any slice":            one(any([]any{1, "a", nil, []any{2.5, map[string]any{"k": []int{1}}}})),
		"any struct":           one(any(dot{3, 4})),
		"any boxed":            one(any(holder{holder{1, holder{"x", &dot{}}}, nil})),
		"any pointer":          one(any(&dot{3, 4})),
		"any nil pointer":      one(any((*dot)(nil))),
		"any nil func":         one(any((func())(nil))),
		"any nothing":          one(any(struct{}{})),
		"any map":              one(any(map[dot][]string{{1, 2}: {"a"}})),
		"any array":            one(any([2]*dot{{1, 2}, nil})),
		"any array of one":     one(any([1]*dot{{1, 2}})),
		"any generic":          one(any(pair[string, []degree]{"a", []degree{1}})),
		"any duration":         one(any(time.Second)),
		"any unnamed struct":   one(any(struct{ A, B int }{1, 2})),
		"interface":            one(shape(square{3})),
		"interfaces":           one([]shape{square{1}, &square{2}, nil}),
		"generic":              one(pair[int, map[string]degree]{1, map[string]degree{"a": 2}}),
		"recursive slice type": one(pointers{{}, nil, {&pointers{}}}),
		"recursive map type":   one(mapping{"a": {"b": nil}}),
		"time":                 one(time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC)),
		"local time":           one(time.Unix(1e9, 5)),
		"monotonic time":       one(time.Now()),
		"zoned time":           one([]time.Time{time.Now().In(zone), time.Now().In(zone), {}}),
		"any time":             one(any(time.Now().In(zone))),
		"duration":             one(90 * time.Minute),
		"location":             one(zone),
		"UTC":                  one(time.UTC),
		"big int":              one(new(big.Int).Exp(big.NewInt(3), big.NewInt(500), nil)),
		"big float":            one(big.NewFloat(1.25).SetPrec(200)),
		"big rat":              one(big.NewRat(-3, 7)),
		"URL":                  one(must(url.Parse("https://user:pass@example.com:8080/a%2Fb?q=1#f"))),
		"buffer":               one(bytes.NewBufferString("hello")),
		"reader":               one(strings.NewReader("hello")),
		"image":                one(image.Image(picture())),
		"color":                one(color.Color(color.RGBA{1, 2, 3, 4})),
		"JSON":                 one(decoded(`{"a":[1,2.5,null,true,{"b":"c"}],"d":{}}`)),
		"raw JSON":             one(json.RawMessage(`{"a":1}`)),
		"ring":                 one(ring.New(5)),
		"mutex": one(struct {
			mu   sync.Mutex
			rw   sync.RWMutex
			wg   sync.WaitGroup
			once sync.Once
		}{}),
		"atomic":          one([]atomic.Int64{{}, {}}),
		"standard output": one(io.Writer(os.Stdout)),
		"zero file":       one(os.File{}),
		"background":      one(context.Background()),
		"nil context":     one(context.Context(nil)),
	} {
		t.Run(name, func(t *testing.T) {
			x := v.Ptr
			for _, known := range []any{color.RGBA{}, &image.RGBA{}, dot{}, map[dot][]string(nil), (func())(nil)} {
				registerType(reflect.TypeOf(known))
			}
			roundTrip(t, variable{"x", x})
		})
	}
}

func picture() *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, 4, 3))
	p.Set(1, 2, color.White)
	return p
}

func decoded(s string) (v any) {
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		panic(err)
	}
	return v
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestSharing(t *testing.T) {
	registerType(reflect.TypeFor[*tree]())
	type outer struct {
		_    int
		in   [3]dot
		text string
	}
	for name, vars := range map[string]func() []variable{
		"cycle": func() []variable {
			n := &chain{value: 1}
			n.next = &chain{2, n}
			return []variable{{"n", &n}}
		},
		"diamond": func() []variable {
			leaf := &tree{name: "leaf"}
			return []variable{{"t", &tree{left: leaf, right: leaf}}}
		},
		"pointer to a variable": func() []variable {
			x := new(5)
			p := x
			return []variable{{"x", x}, {"p", &p}}
		},
		"pointer to a later variable": func() []variable {
			x := new(5)
			p := x
			return []variable{{"z", x}, {"p", &p}}
		},
		"self": func() []variable {
			var x any
			x = &x
			return []variable{{"x", &x}}
		},
		"self slice": func() []variable {
			s := []any{1, nil}
			s[1] = s
			return []variable{{"s", &s}}
		},
		"self map": func() []variable {
			m := map[string]any{}
			m["m"] = m
			return []variable{{"m", &m}}
		},
		"field": func() []variable {
			o := &outer{text: "t"}
			p, q := &o.in[1], &o.in[2].Y
			return []variable{{"o", o}, {"p", &p}, {"q", &q}}
		},
		"first field": func() []variable {
			x := &struct{ v struct{ w [1]int } }{}
			p, q, r, s := &x.v, &x.v.w, &x.v.w[0], x.v.w[:]
			return []variable{{"a", &r}, {"b", &q}, {"c", &p}, {"d", &s}, {"x", x}}
		},
		"element": func() []variable {
			s := []dot{{1, 2}, {3, 4}, {5, 6}}
			p, q := &s[1], &s[2].Y
			return []variable{{"p", &p}, {"q", &q}, {"s", &s}}
		},
		"array and slices": func() []variable {
			a := &[10]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
			s, u, v := a[2:5], a[4:6:6], a[0:0:3]
			return []variable{{"a", a}, {"s", &s}, {"u", &u}, {"v", &v}}
		},
		"overlap": func() []variable {
			a := make([]string, 10)
			s, u, v := a[2:5:6], a[4:6:7], (*[2]string)(a[6:8])
			v[0] = "v"
			return []variable{{"s", &s}, {"u", &u}, {"v", &v}}
		},
		"neighbours": func() []variable {
			a := make([]int, 10)
			s, u := a[2:5:5], a[5:6:7]
			return []variable{{"s", &s}, {"u", &u}}
		},
		"tails": func() []variable {
			s := []*int{new(1), new(2), new(3)}
			u, v := s[2:], s[1:]
			return []variable{{"a", &u}, {"b", &v}, {"c", &s}}
		},
		"heads": func() []variable {
			s := []*int{new(1), new(2), new(3)}
			u, v := s[1:], s[2:]
			return []variable{{"a", &s}, {"b", &u}, {"c", &v}}
		},
		"matrix": func() []variable {
			a := new([3][4]float64)
			row := a[1][:]
			p := &a[1]
			flat := (*[2]float64)(row[1:])
			return []variable{{"a", a}, {"flat", &flat}, {"p", &p}, {"row", &row}}
		},
		"map": func() []variable {
			m := map[string]int{"a": 1}
			n := m
			type named map[string]int
			o := named(m)
			return []variable{{"m", &m}, {"n", &n}, {"o", &o}}
		},
		"pointer keys": func() []variable {
			p := &dot{1, 2}
			m := map[*dot]*dot{p: p, {3, 4}: nil}
			return []variable{{"m", &m}, {"p", &p}}
		},
		"boxed keys": func() []variable {
			p := &dot{1, 2}
			m := map[any]int{[2]any{p, "x"}: 1, [2]any{p, 2}: 2}
			return []variable{{"m", &m}, {"p", &p}}
		},
		"converted": func() []variable {
			c := new(degree(3))
			f := (*float64)(c)
			type other dot
			p := &dot{1, 2}
			o := (*other)(p)
			return []variable{{"c", c}, {"f", &f}, {"o", &o}, {"p", p}}
		},
		"interface and pointer": func() []variable {
			p := &tree{name: "x"}
			var a any = p
			return []variable{{"a", &a}, {"p", &p}}
		},
		"list": func() []variable {
			l := containers.New()
			l.PushBack(1)
			l.PushBack("two")
			e := l.PushBack(3.5)
			return []variable{{"e", &e}, {"l", &l}}
		},
		"list value": func() []variable {
			l := new(containers.List)
			l.PushBack(1)
			return []variable{{"l", l}}
		},
		"builder": func() []variable {
			b := new(strings.Builder)
			b.WriteString(strings.Repeat("long ", 50))
			s := b.String()
			return []variable{{"b", b}, {"s", &s}}
		},
		"regexp": func() []variable { return []variable{{"r", new(regexp.MustCompile(`(a|b)+c?`))}} },
		"cond": func() []variable {
			var mu sync.Mutex
			c := sync.NewCond(&mu)
			return []variable{{"c", &c}, {"mu", &mu}}
		},
		"rand.Rand v1": func() []variable { return []variable{{"r", new(rand.New(rand.NewSource(42)))}} },
		"error":        func() []variable { return []variable{{"e", new(errors.New("x"))}} },
	} {
		t.Run(name, func(t *testing.T) { roundTrip(t, vars()...) })
	}
}

func TestStillWorks(t *testing.T) {
	registerType(reflect.TypeFor[*randv2.PCG]())
	registerType(reflect.TypeFor[*randv2.ChaCha8]())
	one, pcg, chacha := rand.New(rand.NewSource(42)), randv2.New(randv2.NewPCG(1, 2)), randv2.New(randv2.NewChaCha8([32]byte{1}))
	one.Int()
	pcg.Int()
	chacha.Int()
	b := new(strings.Builder)
	b.WriteString("one")
	var m sync.Map
	m.Store("k", 1)
	m.Store(dot{1, 2}, "p")
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	mu.Lock()
	cond.Signal()
	mu.Unlock()
	re := regexp.MustCompile(`^(a+)(b*)$`)
	replacer := strings.NewReplacer("a", "b", "c", "d")
	replacer.Replace("abc")
	pool := sync.Pool{}
	addr := netip.MustParseAddrPort("[fe80::1%eth0]:80")
	prefixes := map[netip.Prefix]string{netip.MustParsePrefix("10.0.0.0/8"): "ten"}
	var replacers []*strings.Replacer
	for _, pairs := range [][]string{{"a", "b"}, {"a", "bb"}, {"aa", "b"}, {"aa", "b", "cc", "d"}} {
		replacers = append(replacers, strings.NewReplacer(pairs...))
		replacers[len(replacers)-1].Replace("aacca")
	}
	target := &dot{1, 2}
	var aim atomic.Pointer[dot]
	aim.Store(target)
	var out bytes.Buffer
	logger := log.New(&out, "x: ", 0)
	once := new(sync.Once)
	once.Do(func() {})
	buf := bytes.NewBufferString("hello world")
	buf.Next(6)
	registerType(reflect.TypeFor[dot]())
	start := time.Now()
	back := trip(t, []variable{{"one", &one}, {"pcg", &pcg}, {"chacha", &chacha}, {"b", b}, {"m", &m}, {"cond", &cond}, {"re", &re}, {"replacer", &replacer}, {"pool", &pool}, {"addr", &addr}, {"prefixes", &prefixes}, {"once", once}, {"buf", &buf}, {"start", &start}, {"replacers", &replacers}, {"target", &target}, {"aim", &aim}, {"logger", &logger}, {"out", &out}})
	get := func(name string) any {
		for _, v := range back {
			if v.Name == name {
				return v.Ptr
			}
		}
		return nil
	}
	for range 1000 {
		if x, y := one.Int63(), (*get("one").(**rand.Rand)).Int63(); x != y {
			t.Fatal("math/rand", x, y)
		}
		if x, y := pcg.Uint64(), (*get("pcg").(**randv2.Rand)).Uint64(); x != y {
			t.Fatal("PCG", x, y)
		}
		if x, y := chacha.Uint64(), (*get("chacha").(**randv2.Rand)).Uint64(); x != y {
			t.Fatal("ChaCha8", x, y)
		}
	}
	b2 := get("b").(*strings.Builder)
	b2.WriteString(" two")
	if b2.String() != "one two" || b.String() != "one" {
		t.Error("strings.Builder:", b2.String(), b.String())
	}
	if v, _ := get("m").(*sync.Map).Load(dot{1, 2}); v != "p" {
		t.Error("sync.Map:", v)
	}
	c := *get("cond").(**sync.Cond)
	c.L.Lock()
	c.Broadcast()
	c.L.Unlock()
	if got := (*get("re").(**regexp.Regexp)).FindStringSubmatch("aab"); !reflect.DeepEqual(got, []string{"aab", "aa", "b"}) {
		t.Error("regexp:", got)
	}
	if got := (*get("replacer").(**strings.Replacer)).Replace("abc"); got != "bbd" {
		t.Error("replacer:", got)
	}
	for i, r := range *get("replacers").(*[]*strings.Replacer) {
		if got, want := r.Replace("aacca"), replacers[i].Replace("aacca"); got != want {
			t.Error("replacer:", got, want)
		}
	}
	if got := get("aim").(*atomic.Pointer[dot]).Load(); got != *get("target").(**dot) || *got != *target {
		t.Error("atomic.Pointer:", got)
	}
	(*get("logger").(**log.Logger)).Print("hello")
	if got := get("out").(*bytes.Buffer).String(); got != "x: hello\n" {
		t.Error("log:", got)
	}
	if got := *get("addr").(*netip.AddrPort); got != addr {
		t.Error("netip:", got)
	}
	if got := *get("prefixes").(*map[netip.Prefix]string); got[netip.MustParsePrefix("10.0.0.0/8")] != "ten" {
		t.Error("netip:", got)
	}
	get("once").(*sync.Once).Do(func() { t.Error("once again") })
	if got := (*get("buf").(**bytes.Buffer)).String(); got != "world" {
		t.Error("buffer:", got)
	}
	if got := *get("start").(*time.Time); time.Since(got) < 0 || time.Since(got) > time.Minute || strings.Contains(got.String(), "m=") {
		t.Error("time:", got)
	}
}

func TestErrors(t *testing.T) {
	base := errors.New("base")
	wrapped := fmt.Errorf("more: %w", base)
	twice := fmt.Errorf("%w and %w", wrapped, io.EOF)
	joined := errors.Join(base, fs.ErrNotExist)
	_, path := os.Open("/does/not/exist")
	_, num := strconv.Atoi("x")
	all := []error{base, wrapped, twice, joined, path, num, io.EOF, io.ErrUnexpectedEOF, os.ErrNotExist, context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, nil}
	back := *roundTrip(t, variable{"all", &all}, variable{"base", &base})[0].Ptr.(*[]error)
	for i, err := range all {
		if (err == nil) != (back[i] == nil) || err != nil && err.Error() != back[i].Error() {
			t.Errorf("%d: %v, want %v", i, back[i], err)
		}
	}
	for _, x := range []struct{ err, target error }{
		{back[1], back[0]}, {back[2], back[0]}, {back[2], io.EOF}, {back[3], fs.ErrNotExist}, {back[4], fs.ErrNotExist},
		{back[5], strconv.ErrSyntax}, {back[6], io.EOF}, {back[9], context.Canceled}, {back[10], context.DeadlineExceeded}, {back[11], os.ErrDeadlineExceeded},
	} {
		if !errors.Is(x.err, x.target) {
			t.Errorf("%v is not %v", x.err, x.target)
		}
	}
}

func TestGroups(t *testing.T) {
	x, y, z := 1, "y", []int{1, 2, 3}
	p, u := &x, z[1:]
	long := strings.Repeat("x", 1000)
	a, b := any(long), long
	var names []string
	for _, g := range encodeVariables([]variable{{"z", &z}, {"y", &y}, {"x", &x}, {"u", &u}, {"p", &p}, {"long", &long}, {"a", &a}, {"b", &b}}) {
		names = append(names, strings.Join(g.Names, "+"))
	}
	if got := strings.Join(names, " "); got != "a b long p+x u+z y" {
		t.Error(got)
	}
}

func TestStands(t *testing.T) {
	type part struct {
		x *int
		c chan int
	}
	x := 5
	p := &part{&x, make(chan int)}
	q := &p.x
	s := []part{{&x, nil}, {nil, p.c}}
	first := s[:1:1]
	got := map[string]string{}
	for _, g := range encodeVariables([]variable{{"x", &x}, {"p", &p}, {"q", &q}, {"s", &s}, {"first", &first}}) {
		for _, k := range g.Kept {
			got[k.Name] = k.Reason
		}
		if g.Bytes != nil {
			if err := decodeGroup(g.Bytes, fresh([]variable{{"x", &x}, {"p", &p}, {"q", &q}, {"s", &s}, {"first", &first}})); err != nil {
				t.Error(err)
			}
		}
	}
	want := map[string]string{
		"x": "", "q": "", "first": "",
		"p": "p.c is a channel; a channel cannot outlive the program of its cell",
		"s": "s[1].c is a channel; a channel cannot outlive the program of its cell",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

func TestReasons(t *testing.T) {
	var mu sync.Mutex
	mu.Lock()
	var rw sync.RWMutex
	rw.RLock()
	var wg sync.WaitGroup
	wg.Add(2)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	type handlers struct {
		handlers []func()
		deep     map[string][]*link
		mu       *sync.Mutex
	}
	f := func() {}
	n := 3
	for _, x := range []struct {
		v    any
		want string
	}{
		{f, "x is a function; a function cannot outlive the program of its cell"},
		{handlers{handlers: []func(){nil, nil, f}}, "x.handlers[2] is a function; a function cannot outlive the program of its cell"},
		{handlers{deep: map[string][]*link{"a": {nil, {next: &link{f: f}}}}}, `x.deep["a"][1].next.f is a function; a function cannot outlive the program of its cell`},
		{map[dot]any{{1, 2}: struct{ c any }{make(chan int)}}, `x[keep.dot{X: 1, Y: 2}].c is a channel; a channel cannot outlive the program of its cell`},
		{[]any{1, struct{ a, f func() }{nil, f}}, "x[1].f is a function; a function cannot outlive the program of its cell"},
		{[1]func(){f}, "x[0] is a function; a function cannot outlive the program of its cell"},
		{&f, "*x is a function; a function cannot outlive the program of its cell"},
		{[]*func(){nil, &f}, "*x[1] is a function; a function cannot outlive the program of its cell"},
		{make(<-chan int), "x is a channel; a channel cannot outlive the program of its cell"},
		{unsafe.Pointer(&n), "x is an unsafe.Pointer; an unsafe.Pointer cannot outlive the program of its cell"},
		{&mu, "*x is locked; who would unlock it ends with the program of its cell"},
		{handlers{mu: &mu}, "*x.mu is locked; who would unlock it ends with the program of its cell"},
		{&rw, "*x is locked; who would unlock it ends with the program of its cell"},
		{&wg, "*x waits for 2 goroutines; they end with the program of their cell"},
		{ctx, "x is a context; a context cannot outlive the program of its cell"},
		{must(os.Open("/dev/null")), "*x is an open file; an open file cannot outlive the program of its cell"},
		{l, "*x is a network connection; a network connection cannot outlive the program of its cell"},
		{reflect.TypeFor[int](), "x is a reflect.Type; a reflect.Type cannot outlive the program of its cell"},
		{reflect.ValueOf(3), "x is a reflect.Value; a reflect.Value cannot outlive the program of its cell"},
		{bufio.NewScanner(strings.NewReader("")), "*x is a bufio.Scanner; what it has buffered belongs to the program of its cell"},
		{time.NewTicker(time.Hour), "*x is a timer; a timer cannot outlive the program of its cell"},
		{unnamed(), "x is a *sha256.Digest; later cells cannot name this type"},
	} {
		typed := reflect.New(reflect.TypeOf(x.v))
		typed.Elem().Set(reflect.ValueOf(x.v))
		if x.v == ctx || x.want[:1] == "x" && strings.Contains(x.want, "name this type") || x.want[:19] == "x is a reflect.Type" {
			typed = reflect.ValueOf(&x.v)
		}
		g := encodeVariables([]variable{{"x", typed.Interface()}})
		if len(g) != 1 || g[0].Bytes != nil || g[0].Kept[0].Reason != x.want {
			t.Errorf("%T: %q\nwant %q", x.v, g[0].Kept[0].Reason, x.want)
		}
	}
}

type link struct {
	next *link
	f    func()
}

// unnamed is a value of a type without an exported name.
func unnamed() any {
	return sha256.New()
}
