package diagnose

import (
	"fmt"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Finding is something that is wrong with a training.
type Finding struct {
	Rule      string `json:"rule"`            // its name, as "vanishing gradient"
	Layer     int    `json:"layer,omitempty"` // where it is worst; 0: the whole network
	Step      int    `json:"step"`            // when it was seen
	Says      string `json:"says"`            // what is wrong, in a sentence
	Evidence  string `json:"evidence"`        // the numbers that say so
	Threshold string `json:"threshold"`       // when the rule fires
	Source    string `json:"source"`          // of the threshold
	Advice    string `json:"advice"`          // what to change
}

// Where is "layer 1, step 0", or the step alone where it is the whole network.
func (f Finding) Where() string {
	if f.Layer == 0 {
		return fmt.Sprintf("step %d", f.Step)
	}
	return fmt.Sprintf("layer %d, step %d", f.Layer, f.Step)
}

// String is the finding in four lines.
func (f Finding) String() string {
	return fmt.Sprintf("%s (%s): %s\n  seen: %s\n  rule: %s (%s)\n  try: %s",
		f.Rule, f.Where(), f.Says, f.Evidence, f.Threshold, f.Source, f.Advice)
}

// Report is what the rules say of one run.
type Report struct {
	Run      string // its label
	Findings []Finding
	Silent   []string   // rules that looked and found nothing
	Unjudged []Unjudged // rules that could not look
}

// Unjudged is a rule that could not look, and why.
type Unjudged struct{ Rule, Why string }

// String is every finding, then what was looked for in vain, then what was not.
func (r Report) String() string {
	var lines []string
	for _, f := range r.Findings {
		lines = append(lines, f.String())
	}
	return strings.Join(append(lines, r.Rest()...), "\n")
}

// Rest says what was looked for in vain, and what was not looked for.
func (r Report) Rest() (lines []string) {
	if len(r.Silent) > 0 {
		lines = append(lines, "Not found: "+strings.Join(r.Silent, ", ")+".")
	}
	for _, u := range r.Unjudged {
		lines = append(lines, fmt.Sprintf("Not judged: %s, because %s.", u.Rule, u.Why))
	}
	return lines
}

// rule is one way in which a training goes wrong.
type rule struct {
	name, threshold, source, advice string
	// needs is what the rule looks at; where none of it is recorded it does not look.
	needs []vgrad.Quantity
	// look returns where it fires, or nil.
	look func(vgrad.Source) *sighting
}

// sighting is what a rule adds to what it always says.
type sighting struct {
	layer, step    int
	says, evidence string
	advice         string // instead of the rule's; "": the rule's
}

// rules lists them, the gravest first.
var rules = []rule{notFinite, vanishing, exploding, dead, saturated, updates, stalled}

// Of judges a run by every rule. A run that is still going is judged by what it has
// recorded so far.
func Of(src vgrad.Source) Report {
	r := Report{Run: src.Label()}
	for _, rule := range rules {
		if !recorded(src, rule.needs) {
			r.Unjudged = append(r.Unjudged, Unjudged{rule.name, "it needs " + named(rule.needs) + ", not recorded here"})
			continue
		}
		seen := rule.look(src)
		if seen == nil {
			r.Silent = append(r.Silent, rule.name)
			continue
		}
		f := Finding{Rule: rule.name, Layer: seen.layer, Step: seen.step, Says: seen.says, Evidence: seen.evidence,
			Threshold: rule.threshold, Source: rule.source, Advice: rule.advice}
		if seen.advice != "" {
			f.Advice = seen.advice
		}
		r.Findings = append(r.Findings, f)
	}
	return r
}

// recorded reports whether any of the quantities is.
func recorded(src vgrad.Source, qs []vgrad.Quantity) bool {
	for _, q := range qs {
		for range src.Samples(q) {
			return true
		}
	}
	return false
}

func named(qs []vgrad.Quantity) string {
	var names []string
	for _, q := range qs {
		names = append(names, string(q))
	}
	return strings.Join(names, " or ")
}

// short writes a number for prose: 0.012, 41, 1.1e-5.
func short(x float64) string {
	return strings.NewReplacer("e-0", "e-", "e+0", "e").Replace(fmt.Sprintf("%.2g", x))
}

// times writes a factor: 4.1, 2900.
func times(x float64) string {
	if x >= 100 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.2g", x)
}
