package cell

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad/diagnose"
)

const findingsStyle = `<style>
.vgrad-findings { color-scheme: light dark; line-height: 1.45; max-width: 52rem; } [data-jp-theme-light="true"] .vgrad-findings { color-scheme: light; } [data-jp-theme-light="false"] .vgrad-findings { color-scheme: dark; }
.vgrad-findings section { border-left: 4px solid light-dark(#a34700, #f0965a); padding: .1rem 0 .1rem .9rem; margin: .7rem 0; } .vgrad-findings section.none { border-color: light-dark(#00664f, #4cc3a0); } .vgrad-findings section.note { border-color: light-dark(#5b6b7a, #9fb0c0); }
.vgrad-findings p { margin: .2rem 0; } .vgrad-findings dl { display: grid; grid-template-columns: max-content auto; gap: .1rem .8rem; margin: .3rem 0; font-size: .93em; } .vgrad-findings dt { opacity: .75; } .vgrad-findings dd { margin: 0; }
.vgrad-findings .rest { opacity: .75; font-size: .93em; }
</style>
`

// Findings shows what is wrong with runs, at which layer, with what evidence, and what
// to change:
//
//	cell.Findings(diagnose.Of(run))
//
// A note is a finding about a network that learns nevertheless. The output also names the
// rules that found nothing and the rules that could not judge.
func Findings(reports ...diagnose.Report) {
	markup, text := findingsOutput(reports)
	if !inNotebook() {
		fmt.Println(text)
		return
	}
	display("", markup, text)
}

// findingsOutput renders reports as HTML and as text.
func findingsOutput(reports []diagnose.Report) (markup, text string) {
	var lines, parts strings.Builder
	for _, r := range reports {
		fmt.Fprintf(&lines, "%s: %s\n%s\n", r.Run, counts(r), r)
		parts.WriteString(findingsHTML(r))
	}
	return findingsStyle + `<div class="vgrad-findings">` + parts.String() + "</div>", strings.TrimSpace(lines.String())
}

// counts says how many findings and notes a report has, in words.
func counts(r diagnose.Report) string {
	text := counted(len(r.Findings), "finding")
	switch {
	case len(r.Findings) > 0:
	case len(r.Silent)+len(r.Notes) == 0:
		return "nothing could be judged"
	default:
		text = "nothing found"
	}
	if len(r.Notes) > 0 {
		text += ", " + counted(len(r.Notes), "note")
	}
	if n := len(r.Unjudged); n > 0 {
		text += fmt.Sprintf(", %d of %d rules could not judge", n, n+len(judged(r)))
	}
	return text
}

// judged lists the rules that could judge the run.
func judged(r diagnose.Report) []string {
	rules := slices.Clone(r.Silent)
	for _, f := range slices.Concat(r.Findings, r.Notes) {
		if !slices.Contains(rules, f.Rule) {
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

func counted(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// findingsHTML renders a report as HTML and escapes all its text.
func findingsHTML(r diagnose.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<p><strong>%s</strong>: %s</p>\n", html.EscapeString(r.Run), counts(r))
	for _, f := range r.Findings {
		b.WriteString(findingHTML(f, "", "▲ "))
	}
	if len(r.Findings) == 0 && len(r.Silent) > 0 {
		fmt.Fprintf(&b, `<section class="none"><p>✓ None of the %d rules that could judge finds anything wrong.</p></section>`+"\n", len(judged(r)))
	}
	for _, f := range r.Notes {
		b.WriteString(findingHTML(f, ` class="note"`, "Note: "))
	}
	for _, line := range r.Rest() {
		fmt.Fprintf(&b, `<p class="rest">%s</p>`+"\n", html.EscapeString(line))
	}
	return b.String()
}

// findingHTML renders a finding or a note as a section.
func findingHTML(f diagnose.Finding, class, mark string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<section%s><p><strong>%s%s</strong> · %s</p><p>%s</p><dl>", class, mark, html.EscapeString(f.Rule), html.EscapeString(f.Where()), html.EscapeString(f.Says))
	for _, line := range [][2]string{{"seen", f.Evidence}, {"rule", f.Threshold + " (" + f.Source + ")"}, {"try", f.Advice}} {
		fmt.Fprintf(&b, "<dt>%s</dt><dd>%s</dd>", line[0], html.EscapeString(line[1]))
	}
	b.WriteString("</dl></section>\n")
	return b.String()
}
