package cell

import (
	"fmt"
	"strings"

	"github.com/vgrad/lab/vgrad/page"
)

// Text shows prose: paragraphs, separated by empty lines. It knows the marks `code`,
// *emphasis* and **strong**. Everything else is shown as it is written; HTML is escaped.
func Text(text string) {
	if !inNotebook() {
		fmt.Println(text)
		return
	}
	var b strings.Builder
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		b.WriteString("<p>" + string(page.Inline(paragraph)) + "</p>\n")
	}
	display("", b.String(), text)
}

// Textf formats its arguments as fmt.Sprintf does and shows the result as [Text] does.
func Textf(format string, args ...any) { Text(fmt.Sprintf(format, args...)) }

// tableStyle is the part of package page's style that a table in a notebook needs.
const tableStyle = `<style>
.vgrad-table { color-scheme: light dark; } [data-jp-theme-light="true"] .vgrad-table { color-scheme: light; } [data-jp-theme-light="false"] .vgrad-table { color-scheme: dark; }
.vgrad-table .table { overflow-x: auto; } .vgrad-table table { border-collapse: collapse; line-height: 1.45; font-variant-numeric: tabular-nums; margin: .5rem 0; }
.vgrad-table caption { text-align: left; opacity: .75; } .vgrad-table :is(th, td) { text-align: left !important; vertical-align: top; padding: .4rem .8rem .4rem 0; white-space: normal; max-width: 30rem; }
.vgrad-table tbody th { font-weight: 500; } .vgrad-table .number { text-align: right !important; white-space: nowrap; } .vgrad-table .verdict { white-space: nowrap; font-weight: 600; }
.vgrad-table .holds { color: light-dark(#00664f, #4cc3a0); } .vgrad-table .partly { color: light-dark(#7a5b00, #d9b44a); } .vgrad-table .fails { color: light-dark(#a34700, #f0965a); }
</style>
`

// Table shows a table. Its cells may contain the marks of [Text]. A malformed table ends
// the cell.
func Table(t page.Table) {
	html := Must(t.HTML())
	if !inNotebook() {
		fmt.Println(plainTable(t))
		return
	}
	display("", tableStyle+`<div class="vgrad-table">`+string(html)+"</div>", plainTable(t))
}

// plainTable renders a table as text, one line per row.
func plainTable(t page.Table) string {
	lines := []string{strings.Join(t.Columns, " | ")}
	if t.Caption != "" {
		lines = []string{t.Caption, lines[0]}
	}
	if t.Verdicts != nil {
		lines[len(lines)-1] += " | verdict"
	}
	for i, row := range t.Rows {
		line := strings.Join(row, " | ")
		if t.Verdicts != nil {
			line += " | " + t.Verdicts[i].Sign() + " " + t.Verdicts[i].String()
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
