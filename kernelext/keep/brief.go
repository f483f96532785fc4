package keep

import (
	"reflect"
	"strings"
)

// mostBrief is the length of a glance at a value, in characters.
const mostBrief = 120

// brief is a value in one short line, for a list of variables. It costs microseconds
// whatever the value: it looks at a few elements only, and calls no method of the reader's,
// which may take long or change something.
func brief(v reflect.Value) (line string) {
	defer func() {
		if recover() != nil {
			line = ""
		}
	}()
	f := &formatter{seen: map[uintptr]bool{}, brief: true, mostItems: 8, mostText: 80, mostNodes: 60}
	line = strings.Join(strings.Fields(f.value(v, true, mostDepth-4).flat()), " ")
	if letters := []rune(line); len(letters) > mostBrief {
		line = string(letters[:mostBrief-1]) + "…"
	}
	return line
}

// saysQuickly reports whether a method String or Error of a value is one of the standard
// library's that takes no time.
func saysQuickly(v reflect.Value) bool {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.PkgPath() {
	case "time", "errors", "fmt", "net/netip":
		return true
	case "math/big":
		number, ok := v.Interface().(interface{ BitLen() int })
		return ok && number.BitLen() < 400 // the digits of a long one take long
	}
	return false
}
