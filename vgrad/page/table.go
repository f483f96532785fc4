package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

// Table is a table of a page. Its texts may have the marks of [Page.Text].
type Table struct {
	Caption string     // above the table. Zero: none
	Columns []string   // names of the columns
	Rows    [][]string // each has a cell for each column
	// Verdicts has an entry for each row and adds the last column, "verdict". Nil:
	// there is no such column.
	Verdicts []Verdict
}

// Verdict tells whether a claim holds. A page shows it as a sign, words and a colour.
// The zero value is NotJudged.
type Verdict int

// The verdicts.
const (
	NotJudged Verdict = iota
	Holds
	Partly
	Fails
)

// String returns the words of the verdict.
func (v Verdict) String() string {
	if v < NotJudged || v > Fails {
		return fmt.Sprintf("Verdict(%d)", int(v))
	}
	return [...]string{"not judged", "holds", "holds in part", "does not hold"}[v]
}

// Sign returns the sign before the words.
func (v Verdict) Sign() string {
	if v < NotJudged || v > Fails {
		return "?"
	}
	return [...]string{"–", "✓", "≈", "✗"}[v]
}

// Class returns the CSS class of the verdict.
func (v Verdict) Class() string {
	if v < NotJudged || v > Fails {
		return "unjudged"
	}
	return [...]string{"unjudged", "holds", "partly", "fails"}[v]
}

// check returns an error if a row has not one cell for each column, or if there is
// not one verdict for each row.
func (t *Table) check() error {
	for i, r := range t.Rows {
		if len(r) != len(t.Columns) {
			return fmt.Errorf("table %q: row %d has %d cells for %d columns", t.Caption, i+1, len(r), len(t.Columns))
		}
	}
	if t.Verdicts != nil && len(t.Verdicts) != len(t.Rows) {
		return fmt.Errorf("table %q: %d verdicts for %d rows", t.Caption, len(t.Verdicts), len(t.Rows))
	}
	return nil
}

// numeric reports whether a column has numbers only. Empty cells and dashes do not
// count. The first column names the rows and is never numeric.
func (t *Table) numeric(column int) bool {
	numbers := 0
	for _, r := range t.Rows {
		text := strings.TrimSpace(r[column])
		if text == "" || text == "–" {
			continue
		}
		if _, err := strconv.ParseFloat(strings.TrimSuffix(strings.ReplaceAll(text, ",", ""), " %"), 64); err != nil {
			return false
		}
		numbers++
	}
	return column > 0 && numbers > 0
}

// HTML returns the table as an HTML fragment with all text escaped. It fails if a row
// has not one cell for each column, or if there is not one verdict for each row.
func (t *Table) HTML() (template.HTML, error) {
	if err := t.check(); err != nil {
		return "", err
	}
	var b strings.Builder
	err := tableFrame.Execute(&b, t)
	return template.HTML(b.String()), err
}

// Class returns the CSS class of the cells of a column. The table's template calls it.
func (t *Table) Class(column int) string {
	if t.numeric(column) {
		return "number"
	}
	return "text"
}

var tableFrame = template.Must(template.New("table").Funcs(template.FuncMap{"inline": inline}).Parse(
	`<div class="table" role="region" tabindex="0"{{with .Caption}} aria-label="{{.}}"{{end}}><table>{{with .Caption}}<caption>{{inline .}}</caption>{{end}}
<thead><tr>{{range $i, $c := .Columns}}<th scope="col" class="{{$.Class $i}}">{{inline $c}}</th>{{end}}{{if .Verdicts}}<th scope="col" class="verdict">verdict</th>{{end}}</tr></thead>
<tbody>
{{range $r, $row := .Rows}}<tr>{{range $i, $c := $row}}{{if $i}}<td class="{{$.Class $i}}">{{inline $c}}</td>{{else}}<th scope="row">{{inline $c}}</th>{{end}}{{end}}{{if $.Verdicts}}{{with index $.Verdicts $r}}<td class="verdict {{.Class}}"><span aria-hidden="true">{{.Sign}}</span> {{.}}</td>{{else}}<td class="verdict unjudged">– not judged</td>{{end}}{{end}}</tr>
{{end}}</tbody></table></div>
`))
