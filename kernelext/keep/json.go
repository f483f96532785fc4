package keep

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSON is written by hand: encoding/json would be the largest part of a small cell.

// quote writes a string of JSON.
func quote(out *strings.Builder, s string) {
	const hex = "0123456789abcdef"
	out.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, string(utf8.RuneError)) {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r < ' ' || r == '<' || r == '>' || r == '&' || r == '\u2028' || r == '\u2029':
			out.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				out.WriteByte(hex[r>>shift&15])
			}
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
}

// object writes an object of strings, numbers and ready JSON; pairs alternate between
// names and values.
func object(out *strings.Builder, pairs ...any) {
	out.WriteByte('{')
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			out.WriteByte(',')
		}
		quote(out, pairs[i].(string))
		out.WriteByte(':')
		switch v := pairs[i+1].(type) {
		case string:
			quote(out, v)
		case int:
			out.WriteString(strconv.Itoa(v))
		case int64:
			out.WriteString(strconv.FormatInt(v, 10))
		case raw:
			out.WriteString(string(v))
		}
	}
	out.WriteByte('}')
}

// raw is JSON as it is.
type raw string

// array writes an array of what write writes for each of n elements.
func array(n int, write func(out *strings.Builder, i int)) raw {
	var out strings.Builder
	out.WriteByte('[')
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		write(&out, i)
	}
	out.WriteByte(']')
	return raw(out.String())
}

func jsonOfKept(all []kept) string {
	return string(array(len(all), func(out *strings.Builder, i int) {
		k := all[i]
		types := array(len(k.Types), func(out *strings.Builder, i int) { quote(out, k.Types[i]) })
		object(out, "name", k.Name, "type", k.Type, "size", k.Size, "file", k.File, "types", types, "group", k.Group, "reason", k.Reason, "brief", k.Brief)
	}))
}
