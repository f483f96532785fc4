package keep

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	lineWidth = 100  // columns in which a value is written on one line
	mostItems = 100  // elements of a slice, an array or a map that are written
	mostText  = 4000 // bytes of a string
	mostDepth = 12
	mostNodes = 5000 // of all elements
)

// Format writes a value much as Go's syntax would: on one line where that is short, else
// indented. Of long slices, maps and strings the rest is counted. Values that say
// themselves what they are, by a method String or Error, are written so.
func Format(v any) string {
	n := newFormatter().value(reflect.ValueOf(v), true, 0)
	var out strings.Builder
	n.write(&out, 0, 0)
	return out.String()
}

// node is a piece of text, or a list between two brackets.
type node struct {
	text  string // or what comes before the list
	close string
	items []node
	short bool // items may share lines
}

// flat is the node on one line.
func (n node) flat() string {
	if n.close == "" {
		return n.text
	}
	parts := make([]string, len(n.items))
	for i, item := range n.items {
		parts[i] = item.flat()
	}
	return n.text + strings.Join(parts, ", ") + n.close
}

// write writes the node behind column, on one line if it fits.
func (n node) write(out *strings.Builder, indent, column int) {
	flat := n.flat()
	if n.close == "" || len(n.items) == 0 || column+utf8.RuneCountInString(flat) <= lineWidth && !strings.Contains(flat, "\n") {
		out.WriteString(flat)
		return
	}
	out.WriteString(n.text)
	pad := "\n" + strings.Repeat("    ", indent+1)
	at := lineWidth
	for i, item := range n.items {
		width := utf8.RuneCountInString(item.flat())
		if n.short && i > 0 && at+width+2 <= lineWidth {
			out.WriteString(" ")
			at++
		} else {
			out.WriteString(pad)
			at = 4 * (indent + 1)
		}
		item.write(out, indent+1, at)
		out.WriteString(",")
		at += width + 1
	}
	out.WriteString(pad[:len(pad)-4] + n.close)
}

type formatter struct {
	seen  map[uintptr]bool // pointers on the way here
	nodes int
	brief bool // a glance: little of a value, and no method of the reader's is called
	inKey bool // the text is for sorting: a map in a key, which may lead to that key again, is not entered

	mostItems, mostText, mostNodes int
}

func newFormatter() *formatter {
	return &formatter{seen: map[uintptr]bool{}, mostItems: mostItems, mostText: mostText, mostNodes: mostNodes}
}

func text(s string) node { return node{text: s} }

// value writes v; typed says that its type is to be seen, because nothing around it tells.
func (f *formatter) value(v reflect.Value, typed bool, depth int) node {
	if !v.IsValid() {
		return text("nil")
	}
	f.nodes++
	if depth > mostDepth || f.nodes > f.mostNodes {
		return text("…")
	}
	if !f.brief || v.CanInterface() && saysQuickly(v) {
		if s, ok := said(v); ok {
			return text(s)
		}
	}
	name := typeName(v.Type())
	switch v.Kind() {
	case reflect.Bool:
		return text(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return text(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return text(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		return text(strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()))
	case reflect.Complex64, reflect.Complex128:
		return text(strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits()))
	case reflect.String:
		return text(cut(v.String(), f.mostText))
	case reflect.Interface:
		if v.IsNil() {
			return text("nil")
		}
		return f.value(v.Elem(), true, depth)
	case reflect.Pointer:
		return f.pointer(v, name, typed, depth)
	case reflect.Struct:
		return f.structure(v, name, typed, depth)
	case reflect.Slice, reflect.Array:
		return f.sequence(v, name, typed, depth)
	case reflect.Map:
		return f.mapping(v, name, typed, depth)
	}
	if (v.Kind() == reflect.Func || v.Kind() == reflect.Chan || v.Kind() == reflect.UnsafePointer) && v.IsNil() {
		return text("nil")
	}
	return text(name)
}

// said is what a value says of itself.
func said(v reflect.Value) (s string, ok bool) {
	if !v.CanInterface() || v.Kind() == reflect.Pointer && v.IsNil() || v.Kind() == reflect.Interface {
		return "", false
	}
	defer func() {
		if recover() != nil {
			s, ok = "", false
		}
	}()
	switch x := v.Interface().(type) {
	case error:
		return x.Error(), true
	case fmt.Stringer:
		return x.String(), true
	}
	return "", false
}

func cut(s string, most int) string {
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + fmt.Sprintf(" … %d more bytes", len(s)-most)
}

// typeName is a type as the cell would write it.
func typeName(t reflect.Type) string { return cellNames.Replace(t.String()) }

var cellNames = strings.NewReplacer("main.", "", "interface {}", "any", "struct {}", "struct{}", "[]uint8", "[]byte")

func (f *formatter) pointer(v reflect.Value, name string, typed bool, depth int) node {
	if v.IsNil() {
		if typed {
			return text("(" + name + ")(nil)")
		}
		return text("nil")
	}
	at := v.Pointer()
	if f.seen[at] {
		return text("↻ " + name)
	}
	f.seen[at] = true
	defer delete(f.seen, at)
	n := f.value(v.Elem(), typed, depth+1)
	n.text = "&" + n.text
	return n
}

func (f *formatter) structure(v reflect.Value, name string, typed bool, depth int) node {
	n := node{text: "{", close: "}"}
	if typed {
		n.text = name + "{"
	}
	for i := range v.NumField() {
		item := f.value(v.Field(i), true, depth+1)
		item.text = v.Type().Field(i).Name + ": " + item.text
		n.items = append(n.items, item)
	}
	return n
}

func (f *formatter) sequence(v reflect.Value, name string, typed bool, depth int) node {
	if v.Kind() == reflect.Slice {
		if v.IsNil() {
			if typed {
				return text(name + "(nil)")
			}
			return text("nil")
		}
		at := v.Pointer()
		if v.Len() > 0 && f.seen[at] && v.Type().Elem().Kind() == reflect.Interface {
			return text("↻ " + name)
		}
		if v.Len() > 0 && v.Type().Elem().Kind() == reflect.Interface {
			f.seen[at] = true
			defer delete(f.seen, at)
		}
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 && (!f.brief || v.Len() <= f.mostText) && isText(v.Bytes()) {
		return text(name + "(" + cut(string(v.Bytes()), f.mostText) + ")")
	}
	n := node{text: "{", close: "}", short: isShort(v.Type().Elem())}
	if typed {
		n.text = name + "{"
	}
	for i := range min(v.Len(), f.mostItems) {
		n.items = append(n.items, f.value(v.Index(i), v.Type().Elem().Kind() == reflect.Interface, depth+1))
	}
	if more := v.Len() - f.mostItems; more > 0 {
		n.items = append(n.items, text(fmt.Sprintf("… %d more", more)))
	}
	return n
}

// isText reports whether bytes are readable text.
func isText(b []byte) bool {
	return len(b) > 0 && utf8.Valid(b) && !slices.ContainsFunc([]rune(string(b)), func(r rune) bool {
		return !strconv.IsPrint(r) && r != '\n' && r != '\t' && r != '\r'
	})
}

// isShort reports whether elements of a type may share a line.
func isShort(t reflect.Type) bool {
	return t.Kind() <= reflect.Complex128 || t.Kind() == reflect.String
}

func (f *formatter) mapping(v reflect.Value, name string, typed bool, depth int) node {
	if v.IsNil() {
		if typed {
			return text(name + "(nil)")
		}
		return text("nil")
	}
	at := v.Pointer()
	if f.seen[at] {
		return text("↻ " + name)
	}
	f.seen[at] = true
	defer delete(f.seen, at)
	n := node{text: "{", close: "}"}
	if typed {
		n.text = name + "{"
	}
	if f.inKey || f.brief && v.Len() > f.mostItems {
		n.items = []node{text(fmt.Sprintf("… %d entries", v.Len()))}
		return n
	}
	keys := f.sortedKeys(v)
	for _, key := range keys[:min(len(keys), f.mostItems)] {
		k := f.value(key, v.Type().Key().Kind() == reflect.Interface, depth+1).flat()
		item := f.value(v.MapIndex(key), v.Type().Elem().Kind() == reflect.Interface, depth+1)
		item.text = k + ": " + item.text
		n.items = append(n.items, item)
	}
	if more := len(keys) - f.mostItems; more > 0 {
		n.items = append(n.items, text(fmt.Sprintf("… %d more", more)))
	}
	return n
}

// sortedKeys orders numbers by size, others by their text.
func (f *formatter) sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	switch v.Type().Key().Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.Int(), b.Int()) })
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.Uint(), b.Uint()) })
	case reflect.Float32, reflect.Float64:
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.Float(), b.Float()) })
	case reflect.String:
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	default:
		f.sortByText(keys)
	}
	return keys
}

func (f *formatter) sortByText(keys []reflect.Value) {
	type sorted struct {
		key  reflect.Value
		text string
	}
	list := make([]sorted, len(keys))
	for i, key := range keys {
		g := newFormatter()
		g.brief, g.inKey = f.brief, true
		list[i] = sorted{key, g.value(key, true, 0).flat()}
	}
	slices.SortStableFunc(list, func(a, b sorted) int { return strings.Compare(a.text, b.text) })
	for i := range list {
		keys[i] = list[i].key
	}
}
