package chart

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
)

// Row returns one HTML fragment with figures side by side, or one below the other on
// a narrow page. It contains style and runtime once. A label has the same colour in
// all figures. [Update] finds the row by its name; "" for a row that is not updated.
// Row fails as [Figure.HTML] does.
func Row(name string, figures []*Figure, o HTMLOptions) ([]byte, error) {
	each := o
	each.Bare = true
	data := struct {
		Name       string
		Head, Foot template.HTML
		Figures    []template.HTML
	}{Name: name}
	if !o.Bare {
		data.Head, data.Foot = Head(), o.foot()
	}
	for i, f := range SameColours(figures...) {
		each.Position = o.Position + i
		html, err := f.HTML(each)
		if err != nil {
			return nil, err
		}
		data.Figures = append(data.Figures, template.HTML(html))
	}
	var b bytes.Buffer
	if err := rowFrame.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("chart: row: %w", err)
	}
	return b.Bytes(), nil
}

var rowFrame = template.Must(template.New("row").Parse(
	`{{.Head}}<div class="vgrad-row"{{with .Name}} data-vgrad-name="{{.}}"{{end}}>{{range .Figures}}{{.}}{{end}}</div>
{{.Foot}}`))

// Update returns a script that redraws the row of that name with new figures. It is
// for watching a training. The script does nothing in a page without that row, or
// if its figures are not live. A figure with a slider moves to the last step. Update
// fails if a figure cannot be encoded as JSON.
func Update(name string, figures []*Figure) ([]byte, error) {
	var specs []json.RawMessage
	for _, f := range SameColours(figures...) {
		spec, err := f.spec()
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	text, err := json.Marshal([]any{name, specs})
	if err != nil {
		return nil, fmt.Errorf("chart: update: %w", err)
	}
	return fmt.Appendf(nil, "<script>{ const figures = (window.vgradRuntimes || {})[%q]; if (figures && figures.update) figures.update(...%s); }</script>\n", version(), text), nil
}

// foot returns PackedFoot if the options say Packed, and otherwise Foot.
func (o HTMLOptions) foot() template.HTML {
	if o.Packed {
		return PackedFoot()
	}
	return Foot(o.ECharts)
}

// PackedFoot returns [Foot] without ECharts, compressed. It is the end of a figure
// with [HTMLOptions.Packed].
func PackedFoot() template.HTML {
	return template.HTML("<script>(async (packed) => {\n" +
		"  const version = \"" + version() + "\", loaded = () => (window.vgradRuntimes || {})[version];\n" +
		"  if (!loaded() || !loaded().update) {\n" +
		"    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));\n" +
		"    const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(\"gzip\"))).text();\n" +
		"    const script = document.createElement(\"script\");\n" +
		"    script.textContent = text;\n" +
		"    document.head.append(script);\n" +
		"  }\n" +
		"  loaded().mount();\n" +
		"})(\"" + pack(lean(runtime()+liveRuntime())) + "\").catch(() => { /* the static picture stays */ });</script>\n")
}

// lean removes comment lines, empty lines and indentation.
func lean(js string) string {
	var b strings.Builder
	for line := range strings.Lines(js) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// pack compresses text with gzip and encodes it as base64. The same text gives the
// same bytes.
func pack(text string) string {
	var b strings.Builder
	e := base64.NewEncoder(base64.StdEncoding, &b)
	z, err := gzip.NewWriterLevel(e, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	z.Write([]byte(text)) // writing to a Builder does not fail
	z.Close()
	e.Close()
	return b.String()
}
