package serve

import (
	"fmt"
	"html"
	"strings"

	"github.com/vgrad/lab/kernelext/messaging"
)

// help is what %help says of the kernel's own.
const help = `## Cells

Write plain Go: statements, declarations and imports in any order. The value of the last expression is the cell's
result; one that is followed by a semicolon shows nothing. What a cell defines at its top level is there in later cells.

- ` + "`%who`" + ` lists what is defined: names, types, sizes.
- ` + "`%reset`" + ` forgets all of it.
- ` + "`%clear`" + ` empties the cell's output.
- ` + "`%help`" + ` shows this.

A cell that begins with ` + "`%%`" + ` is one of GoNB's, as is one with a line of the commands below.

`

// commands does the kernel's own commands at the head of a cell, and returns the cell
// with empty lines in their place.
func (e *execution) commands(code string) string {
	if word := strings.TrimSpace(code); word == "exit" || word == "quit" { // in jupyter console
		e.payload = append(e.payload, map[string]any{"source": "ask_exit", "keepkernel": false})
		return ""
	}
	lines := strings.Split(code, "\n")
	for i, line := range lines {
		switch strings.TrimSpace(line) {
		case "":
			continue
		case "%who", "%whos":
			e.who()
		case "%reset":
			e.reset()
		case "%clear":
			e.out.clear()
		case "%help":
			e.help()
		default:
			return strings.Join(lines, "\n")
		}
		lines[i] = ""
	}
	return strings.Join(lines, "\n")
}

// who shows a table of what is defined.
func (e *execution) who() {
	rows := e.k.session.Who()
	if len(rows) == 0 {
		e.out.show("text/plain", "Nothing is defined.", "", "")
		return
	}
	var text, page strings.Builder
	page.WriteString("<table><thead><tr><th>name</th><th>kind</th><th>type</th><th>size</th><th>cell</th><th></th></tr></thead><tbody>")
	width := [2]int{}
	for _, v := range rows {
		width[0], width[1] = max(width[0], len(v.Name)), max(width[1], len(v.Type))
	}
	for _, v := range rows {
		fmt.Fprintf(&text, "%-*s  %-8s  %-*s  %8s  [%d]  %s\n", width[0], v.Name, v.Kind, width[1], v.Type, size(v.Size), v.Cell, v.Note)
		fmt.Fprintf(&page, "<tr><td>%s</td><td>%s</td><td><code>%s</code></td><td>%s</td><td>[%d]</td><td>%s</td></tr>",
			html.EscapeString(v.Name), v.Kind, html.EscapeString(v.Type), size(v.Size), v.Cell, html.EscapeString(v.Note))
	}
	page.WriteString("</tbody></table>")
	e.out.show("text/plain", text.String(), "text/html", page.String())
}

func size(bytes int64) string {
	switch {
	case bytes == 0:
		return ""
	case bytes < 1<<10:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1<<20:
		return fmt.Sprintf("%.1f KB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
}

func (e *execution) reset() {
	e.k.session.Reset()
	if _, err := e.k.liveGoNB(e.stopAsking).quietly("%reset"); err != nil {
		e.k.o.Log(err.Error())
	}
	e.out.show("text/plain", "All that was defined is forgotten.", "", "")
}

// help shows the kernel's commands and GoNB's in the page's pager.
func (e *execution) help() {
	text := help
	r := &run{
		out: func(m *messaging.Message) {
			var shown struct{ Data map[string]any }
			if m.Read(&shown) == nil {
				more, _ := shown.Data["text/markdown"].(string)
				text += more
			}
		},
		ask: func(string, bool) string { return "" },
	}
	if _, err := e.k.liveGoNB(e.stopAsking).execute("%help", r, false); err != nil {
		e.k.o.Log(err.Error())
	}
	e.payload = append(e.payload, map[string]any{
		"source": "page", "start": 0, "data": map[string]string{"text/plain": text, "text/markdown": text},
	})
}

// show displays something of the kernel's own, in one or two forms.
func (o *output) show(mime, text, otherMime, other string) {
	data := map[string]string{mime: text}
	if otherMime != "" {
		data[otherMime] = other
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
	o.publish(messaging.New("", "display_data", map[string]any{"data": data, "metadata": map[string]any{}, "transient": map[string]any{}}))
}

func (o *output) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
	o.publish(messaging.New("", "clear_output", map[string]bool{"wait": false}))
}

// settle sends what is gathered.
func (o *output) settle() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
}
