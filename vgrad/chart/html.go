package chart

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"
)

// HTMLOptions are the options of [Figure.HTML]. With the zero value the figure has
// no static picture and no library, so it is live only in a page that has ECharts.
type HTMLOptions struct {
	// Renderer draws the static picture. Nil: there is none, and the text of
	// Absent takes its place.
	Renderer *Renderer
	// Absent is the text in place of a static picture. Zero: it explains how to
	// get ECharts, and the table is open.
	Absent string
	// Width of the static picture in CSS pixels. Zero: 720.
	Width int
	// ECharts is the library to embed in this fragment. Nil: none.
	ECharts []byte
	// Kernelspec names the Jupyter kernelspec whose folder serves
	// echarts.min.js. Empty: none.
	Kernelspec string
	// Bare leaves out style and runtime. The page then has to include [Head] and
	// [Foot] once. False: the fragment includes them.
	Bare bool
	// Position is the figure's number in its page. It is part of the id, so that
	// two equal figures have different ids. Zero: the first.
	Position int
	// Packed compresses data and runtime to about a third. It is for notebooks,
	// in which every figure includes the runtime. Live figures then need a
	// browser of 2023 or later. Pictures and tables do not. It also leaves out
	// the library, even if ECharts is set. False: not compressed.
	Packed bool
}

// HTML returns the figure as an HTML fragment: title, static picture, caption,
// table, and a script that makes it live. The script needs ECharts: in the page,
// at the kernelspec's address, or embedded. Without it the static picture stays.
// All text of a caller is escaped. The same figure and options give the same
// bytes. HTML fails if the figure cannot be encoded or the Renderer fails.
func (f *Figure) HTML(o HTMLOptions) ([]byte, error) {
	id, err := f.id(o.Position)
	if err != nil {
		return nil, err
	}
	spec, err := f.spec()
	if err != nil {
		return nil, err
	}
	data := struct {
		*Figure
		ID, Kernelspec   string
		Version          string
		Absent           string
		Picture          template.URL
		Alt              string
		Spec, Head, Foot template.HTML
		Width, High      int
	}{Figure: f, ID: id, Version: version(), Kernelspec: o.Kernelspec, Absent: o.Absent, Alt: f.alt(), Spec: holder(spec, o.Packed), Width: o.Width}
	if data.Width <= 0 {
		data.Width = defaultWidth
	}
	if o.Renderer != nil {
		svg, err := o.Renderer.draw(f, Light, data.Width, 0, false)
		if err != nil {
			return nil, err
		}
		data.High = heightOf(svg)
		data.Picture = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg))
	}
	if !o.Bare {
		data.Head, data.Foot = Head(), o.foot()
	}
	var b bytes.Buffer
	if err := fragment.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("chart: HTML of %q: %w", f.Title, err)
	}
	return b.Bytes(), nil
}

// holder is the element that holds a figure's spec. The JSON has no "<": encoding/json
// escapes it.
func holder(spec []byte, packed bool) template.HTML {
	kind, text := "application/json", string(spec)
	if packed {
		kind, text = "application/gzip", pack(text)
	}
	return template.HTML(`<script type="` + kind + `" class="vgrad-says">` + text + `</script>`)
}

// heightOf reads the height of an SVG in pixels; 0: it has none. Long names make
// a picture higher.
func heightOf(svg []byte) int {
	m := svgHeight.FindSubmatch(svg)
	if m == nil {
		return 0
	}
	height, _ := strconv.Atoi(string(m[1])) // digits
	return height
}

var svgHeight = regexp.MustCompile(`^<svg [^>]*\bheight="(\d+)`)

// alt is the text for readers who cannot see the picture.
func (f *Figure) alt() string {
	return f.Title + ". " + f.Caption + " The values are in the table below."
}

// Head returns the style of figures. A page needs it once, before the first figure.
func Head() template.HTML {
	return template.HTML("<style>\n" + style + "</style>\n")
}

// Foot returns the scripts of figures: ECharts, unless it is nil, and the runtime
// that makes figures live. A page needs it once, after the last figure. ECharts
// is wrapped in a function that hides AMD and CommonJS loaders of the page.
// Otherwise ECharts would register with such a loader and set no global variable.
func Foot(echarts []byte) template.HTML {
	var b strings.Builder
	if len(echarts) > 0 {
		b.WriteString("<script>if (!window.echarts) (function (define, module, exports) {\n" + inScript(string(echarts)) + "\n}).call(window);</script>\n")
	}
	b.WriteString("<script>\n" + inScript(runtime()+liveRuntime()) + "</script>\n")
	return template.HTML(b.String())
}

// inScript escapes JavaScript for a script element. The escaped sequences occur
// only in strings and regular expressions, where \/ means / and \! means !.
func inScript(js string) string {
	return strings.NewReplacer("</script", `<\/script`, "</SCRIPT", `<\/SCRIPT`, "<!--", `<\!--`).Replace(js)
}

var fragment = template.Must(template.New("figure").Parse(`{{.Head}}<figure class="vgrad-figure" id="{{.ID}}" data-version="{{.Version}}"{{with .Kernelspec}} data-kernelspec="{{.}}"{{end}}>
<p class="vgrad-title"><strong>{{.Title}}</strong></p>
{{with .Note}}<p class="vgrad-note">{{.}}</p>
{{end}}{{if .Picture}}<img class="vgrad-static" src="{{.Picture}}" width="{{.Width}}" height="{{.High}}" alt="{{.Alt}}">
{{else if .Absent}}<p class="vgrad-static vgrad-absent">{{.Absent}}</p>
{{else}}<p class="vgrad-static vgrad-absent">The picture needs ECharts, which is not here: <code>go tool vgrad assets</code> fetches it. The values are in the table.</p>
{{end}}<figcaption>{{.Caption}}</figcaption>
<details{{if not (or .Picture .Absent)}} open{{end}}><summary>The values as a table</summary>
<table class="vgrad-data"><thead><tr>{{range .Table.Columns}}<th scope="col">{{.}}</th>{{end}}</tr></thead>
<tbody>{{range .Table.Rows}}<tr>{{range $i, $c := .}}{{if $i}}<td>{{$c}}</td>{{else}}<th scope="row">{{$c}}</th>{{end}}{{end}}</tr>
{{end}}</tbody></table></details>
{{.Spec}}
</figure>
{{.Foot}}`))
