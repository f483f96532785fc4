package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// table is what a part prints.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string
}

// row adds a row.
func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// note adds a line below the table.
func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// write prints the table, as Markdown or in columns.
func (t *table) write(w io.Writer, markdown bool) error {
	if markdown {
		return t.markdown(w)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s\n", t.title)
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.head}, t.rows...) {
		fmt.Fprintln(columns, strings.Join(row, "\t"))
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	for _, note := range t.notes {
		fmt.Fprintln(&text, note)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// markdown prints the table as Markdown.
func (t *table) markdown(w io.Writer) error {
	var text strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			text.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
		}
		text.WriteString("|\n")
	}
	fmt.Fprintf(&text, "\n**%s**\n\n", t.title)
	line(t.head)
	text.WriteString(strings.Repeat("| --- ", len(t.head)) + "|\n")
	for _, row := range t.rows {
		line(row)
	}
	for _, note := range t.notes {
		fmt.Fprintf(&text, "\n%s\n", note)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// target is the largest ratio that reaches the target. Zero: there is no target.
type target float64

// cells returns the two cells of a ratio and its target.
func (t target) cells(ratio float64) []string {
	verdict := "reached"
	switch {
	case t == 0:
		return []string{digits(ratio), ""}
	case math.IsNaN(ratio):
		return []string{"–", fmt.Sprintf("≤ %.2f not measured", float64(t))}
	case ratio > float64(t):
		verdict = "missed"
	}
	return []string{digits(ratio), fmt.Sprintf("≤ %.2f %s", float64(t), verdict)}
}

// computed returns the cells "validation accuracy" and "factor", each with the medians of
// all scenarios.
func computed(all []scenario) []string {
	var accuracies, factors []string
	for _, s := range all {
		accuracies, factors = append(accuracies, fmt.Sprintf("%.2f", s.accuracy)), append(factors, fmt.Sprintf("%.1f", s.factor))
	}
	return []string{strings.Join(accuracies, ", "), strings.Join(factors, ", ")}
}

// side is a result of vgrad that the rivals are compared with.
type side struct {
	result
	targets map[string]target // for its ratio to a rival, by the rival's label
}

// versus returns a table of all results, with the ratio of each side to each result. what
// is the unit of the times after multiplication by scale.
func versus(what string, scale float64, sides []side, all []result) table {
	t := table{head: []string{"library", what + ", median (min–max)"}}
	for _, s := range sides {
		t.head = append(t.head, s.name+" ÷ this row", "target")
	}
	t.head = append(t.head, "validation accuracy", "factor")
	for _, r := range all {
		if r.out != "" {
			t.note("Left out: %s: %s", r.name, r.out)
			continue
		}
		row := []string{r.name, spreadOf(r.times).times(scale).String()}
		for _, s := range sides {
			row = append(row, s.targets[r.name].cells(ratio(s.result, r))...)
		}
		medians := scenarios(r.got)
		t.row(append(row, computed(medians)...)...)
		for _, o := range medians {
			if wrong := o.outOfBand(); wrong != "" {
				t.note("Not the same: %s: %s.", r.name, wrong)
			}
		}
	}
	return t
}
