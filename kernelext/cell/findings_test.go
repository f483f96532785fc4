package cell

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/diagnose"
)

// What is wrong is shown with its evidence, in text and in HTML, and a name that is
// HTML is shown, not obeyed.
func TestFindings(t *testing.T) {
	sick := &recording{label: "<img src=x onerror=alert(1)>"}
	well := &recording{label: "well"}
	toSick, toWell := &vgrad.Feeder{To: sick}, &vgrad.Feeder{To: well}
	for step := range 3 {
		var bad, good []vgrad.Sample
		for layer := 1; layer <= 4; layer++ {
			site := vgrad.Site{Path: fmt.Sprint("/layer", layer), Layer: layer, Size: 4}
			bad = append(bad, vgrad.Sample{Step: step, Site: site, Quantity: vgrad.RMSDelta, Value: math.Pow(10, float64(layer))})
			good = append(good, vgrad.Sample{Step: step, Site: site, Quantity: vgrad.RMSDelta, Value: 1})
		}
		toSick.Put(step, bad)
		toWell.Put(step, good)
	}
	reports := []diagnose.Report{diagnose.Of(sick), diagnose.Of(well), diagnose.Of(&recording{label: "empty"})}
	out, _, ended := left(t, func() { Findings(reports...) })
	for _, want := range []string{"onerror=alert(1)>: one finding", "vanishing gradient (layer 1, step 0)", "divided by 10 at each layer", "well: nothing found, 10 of 13 rules could not judge", "Not judged: dead units", "empty: nothing could be judged"} {
		if !strings.Contains(out, want) || ended {
			t.Errorf("the text does not say %q: %s", want, out)
		}
	}
	var html string
	for _, r := range reports {
		html += findingsHTML(r)
	}
	for _, want := range []string{"&lt;img src=x", "▲ vanishing gradient", "✓ None of the 3 rules that could judge finds anything wrong.", "<dt>try</dt>"} {
		if !strings.Contains(html, want) {
			t.Errorf("the HTML does not have %q: %s", want, html)
		}
	}
	if strings.Contains(html, "<img") || strings.Count(html, "<section") != 2 {
		t.Errorf("the HTML: %s", html)
	}
}

// What does no harm is a note, and a run with nothing but notes has no finding.
func TestNotes(t *testing.T) {
	report := diagnose.Report{Run: "well", Silent: []string{"dead units"},
		Notes: []diagnose.Finding{{Rule: "vanishing gradient", Severity: diagnose.Note, Place: "layer 1", Says: "It learns all the same."}}}
	out, _, _ := left(t, func() { Findings(report) })
	if !strings.Contains(out, "well: nothing found, one note\nnote: vanishing gradient (layer 1, step 0): It learns all the same.") {
		t.Errorf("the text: %s", out)
	}
	if html := findingsHTML(report); !strings.Contains(html, `<section class="note"><p><strong>Note: vanishing gradient</strong>`) || !strings.Contains(html, "✓ None of the 2 rules") {
		t.Errorf("the HTML: %s", html)
	}
}
