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

// HTMLOptions says how a figure becomes HTML. The zero value has no static
// picture and brings no library: it is live only in a page that has ECharts.
type HTMLOptions struct {
	// Renderer draws the static picture. Nil: none, and the figure says so
	// where it cannot be live.
	Renderer *Renderer
	// Absent is what stands in the place of a picture that is not drawn. Zero:
	// how to get ECharts; the table is open then.
	Absent string
	// Width of the static picture in CSS pixels. Zero: 720.
	Width int
	// ECharts is the library to embed in this fragment. Nil: none.
	ECharts []byte
	// Kernelspec names the Jupyter kernelspec whose folder serves
	// echarts.min.js. Empty: none.
	Kernelspec string
	// Bare leaves out style and runtime: the page brings them once, see [Head] and [Foot].
	Bare bool
	// Position tells equal figures of one page apart; it enters the id.
	Position int
	// Packed compresses data and runtime, to about a third: for notebooks, which
	// bring the runtime with every figure. Live figures then need a browser of
	// 2023 or later; pictures and tables are as they were.
	Packed bool
}

// HTML returns the figure as an HTML fragment: title, static picture, caption,
// the table, and a script that makes it live where ECharts is available: in
// the page already, at the kernelspec's address, or embedded. Elsewhere the
// static picture stays. Everything that came from a caller is escaped. The same
// figure and options give the same bytes.
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

// heightOf reads the height of a picture, which grows with the names in it.
func heightOf(svg []byte) int {
	m := svgHeight.FindSubmatch(svg)
	if m == nil {
		return 0
	}
	height, _ := strconv.Atoi(string(m[1])) // digits
	return height
}

var svgHeight = regexp.MustCompile(`^<svg [^>]*\bheight="(\d+)`)

// alt describes the picture to those who cannot see it.
func (f *Figure) alt() string {
	return f.Title + ". " + f.Caption + " The values are in the table below."
}

// Head returns what figures need before them, once a page: their style.
func Head() template.HTML {
	return template.HTML("<style>\n" + style + "</style>\n")
}

// Foot returns what figures need after them, once a page: ECharts, where it is
// given, and the runtime that makes figures live. ECharts is wrapped so that
// AMD and CommonJS loaders in the page do not take it.
func Foot(echarts []byte) template.HTML {
	var b strings.Builder
	if len(echarts) > 0 {
		b.WriteString("<script>if (!window.echarts) (function (define, module, exports) {\n" + inScript(string(echarts)) + "\n}).call(window);</script>\n")
	}
	b.WriteString("<script>\n" + inScript(runtime()+liveRuntime()) + "</script>\n")
	return template.HTML(b.String())
}

// inScript makes JavaScript safe inside a script element: in strings and
// regular expressions, the only places where these occur, \/ is / and \! is !.
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
