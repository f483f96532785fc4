package keep

import (
	"fmt"
	"reflect"
	"strings"
)

const (
	mostRows    = 50
	mostColumns = 20
)

// tableOf shows a slice of structs, or of slices of numbers or strings, as a table of
// HTML. Other values are none.
func tableOf(v reflect.Value) (html string, ok bool) {
	if !v.IsValid() || v.Kind() != reflect.Slice && v.Kind() != reflect.Array || v.Len() == 0 {
		return "", false
	}
	if _, says := said(v); says {
		return "", false
	}
	var head []string
	var cells func(row reflect.Value) []reflect.Value
	switch row := v.Type().Elem(); {
	case row.Kind() == reflect.Struct && row.NumField() > 0 && !says(row):
		for i := range min(row.NumField(), mostColumns) {
			head = append(head, row.Field(i).Name)
		}
		cells = func(row reflect.Value) (all []reflect.Value) {
			for i := range head {
				all = append(all, row.Field(i))
			}
			return all
		}
	case (row.Kind() == reflect.Slice || row.Kind() == reflect.Array) && isShort(row.Elem()) && row.Elem().Kind() != reflect.Uint8:
		cells = func(row reflect.Value) (all []reflect.Value) {
			for i := range min(row.Len(), mostColumns) {
				all = append(all, row.Index(i))
			}
			if row.Len() > mostColumns {
				all = append(all, reflect.ValueOf(more(row.Len()-mostColumns)))
			}
			return all
		}
	default:
		return "", false
	}
	var out strings.Builder
	out.WriteString("<table>")
	if head != nil {
		out.WriteString("<thead><tr><th></th>")
		for _, name := range head {
			out.WriteString("<th>" + escape(name) + "</th>")
		}
		out.WriteString("</tr></thead>")
	}
	out.WriteString("<tbody>")
	for i := range min(v.Len(), mostRows) {
		fmt.Fprintf(&out, "<tr><th>%d</th>", i)
		for _, cell := range cells(v.Index(i)) {
			out.WriteString("<td>" + escape(plain(cell)) + "</td>")
		}
		out.WriteString("</tr>")
	}
	out.WriteString("</tbody></table>")
	if v.Len() > mostRows {
		fmt.Fprintf(&out, "<p>… %d more rows</p>", v.Len()-mostRows)
	}
	return out.String(), true
}

// more stands for columns that are left out.
type more int

func (m more) String() string { return fmt.Sprintf("… %d more", int(m)) }

// says reports whether values of a type say themselves what they are.
func says(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[fmt.Stringer]()) || t.Implements(reflect.TypeFor[error]())
}

// plain is a cell's text: a string without quotes, and no type that is the whole column's.
func plain(v reflect.Value) string {
	if v.Kind() == reflect.String {
		if _, ok := said(v); !ok {
			return v.String()
		}
	}
	return newFormatter().value(v, v.Kind() == reflect.Interface, 0).flat()
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(s)
}
