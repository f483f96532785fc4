package keep

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
)

// A Bundler shows itself: a map from MIME types to contents, as "text/html". Text types
// have strings, others base64. A type may also have one of the methods HTML, Markdown and
// SVG, which take nothing and return a string.
type Bundler interface{ Bundle() map[string]string }

// bundle is a result by MIME types.
type bundle struct{ data map[string]string }

func (b *bundle) write(path string) {
	names := slices.Sorted(maps.Keys(b.data))
	var out strings.Builder
	var pairs []any
	for _, name := range names {
		pairs = append(pairs, name, b.data[name])
	}
	var data strings.Builder
	object(&data, pairs...)
	object(&out, "data", raw(data.String()), "metadata", raw("{}"))
	if err := replace(path, []byte(out.String())); err != nil {
		fmt.Fprintln(os.Stderr, "the result is not shown:", err)
	}
}

// Result shows the value of the cell's last expression; of a call with several results,
// all. An error in the last place that is not nil is the cell's error. A nil error shows
// nothing beside other values, and nothing at all alone.
func Result(values ...any) {
	values = withoutError(values)
	switch len(values) {
	case 0:
	case 1:
		Show(bundleOf(values[0]))
	default:
		parts := make([]string, len(values))
		for i, v := range values {
			parts[i] = Format(v)
		}
		Show(map[string]string{"text/plain": strings.Join(parts, ", ")})
	}
}

// Values returns what is to be shown of the values of a call: without a nil error in the
// last place. An error there ends the cell.
func Values(values ...any) []any { return withoutError(values) }

func withoutError(values []any) []any {
	if len(values) == 0 {
		return nil
	}
	switch last := values[len(values)-1].(type) {
	case nil:
		return values[:len(values)-1] // a nil error, or nil alone
	case error:
		if v := reflect.ValueOf(last); v.Kind() == reflect.Pointer && v.IsNil() {
			return values
		}
		panic(&failure{name: "Error", message: messageOf(last)})
	}
	return values
}

// Show makes a MIME bundle the cell's result. "text/plain" should be in it.
func Show(data map[string]string) {
	this.mu.Lock()
	defer this.mu.Unlock()
	this.result = &bundle{data}
}

// bundleOf shows any value.
func bundleOf(v any) map[string]string {
	data := map[string]string{}
	if b, ok := v.(Bundler); ok {
		maps.Copy(data, b.Bundle())
	}
	for mime, text := range map[string]func() (string, bool){
		"text/html": func() (string, bool) {
			x, ok := v.(interface{ HTML() string })
			return call(ok, func() string { return x.HTML() })
		},
		"text/markdown": func() (string, bool) {
			x, ok := v.(interface{ Markdown() string })
			return call(ok, func() string { return x.Markdown() })
		},
		"image/svg+xml": func() (string, bool) {
			x, ok := v.(interface{ SVG() string })
			return call(ok, func() string { return x.SVG() })
		},
	} {
		if text, ok := text(); ok && data[mime] == "" {
			data[mime] = text
		}
	}
	if data["text/html"] == "" {
		if table, ok := tableOf(reflect.ValueOf(v)); ok {
			data["text/html"] = table
		}
	}
	if data["text/plain"] == "" {
		data["text/plain"] = Format(v)
	}
	return data
}

func call(ok bool, f func() string) (string, bool) {
	if !ok {
		return "", false
	}
	return f(), true
}
