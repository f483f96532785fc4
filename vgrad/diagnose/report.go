package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// Severity says what a finding means for the training.
type Severity string

const (
	Serious Severity = "serious" // it does harm, or will
	Note    Severity = "note"    // the network has learned in spite of it
)

// Finding is something that is wrong with a training.
type Finding struct {
	Rule      string   `json:"rule"` // its name, such as "vanishing gradient"
	Severity  Severity `json:"severity"`
	Site      string   `json:"site"`            // path of the site where it is worst; "/": the whole network
	Place     string   `json:"place,omitempty"` // the site in prose, such as "the gate of layer 3"; "": the whole network
	Layer     int      `json:"layer,omitempty"` // of the site; 0: the whole network
	Time      int      `json:"time,omitempty"`  // the site's unrolled time step; 0: none
	Step      int      `json:"step"`            // when it was seen
	Says      string   `json:"says"`            // what is wrong, in sentences
	Evidence  string   `json:"evidence"`        // the numbers that show it
	Threshold string   `json:"threshold"`       // when the rule fires
	Source    string   `json:"source"`          // of the threshold
	Advice    string   `json:"advice"`          // what to change
}

// Where returns place and step: "layer 1, step 0". For the whole network it returns the
// step alone.
func (f Finding) Where() string {
	if f.Place == "" {
		return fmt.Sprintf("step %d", f.Step)
	}
	return fmt.Sprintf("%s, step %d", f.Place, f.Step)
}

// String returns the finding in four lines.
func (f Finding) String() string {
	mark := ""
	if f.Severity == Note {
		mark = "note: "
	}
	return fmt.Sprintf("%s%s (%s): %s\n  seen: %s\n  rule: %s (%s)\n  try: %s",
		mark, f.Rule, f.Where(), f.Says, f.Evidence, f.Threshold, f.Source, f.Advice)
}

// Report is what the rules say of one run. Its lists are never nil, and each rule is in
// exactly one of them.
type Report struct {
	Run      string     `json:"run"`        // its label
	Findings []Finding  `json:"findings"`   // all of them serious
	Notes    []Finding  `json:"notes"`      // what does no harm so far
	Silent   []string   `json:"not_found"`  // rules that looked and found nothing
	Unjudged []Unjudged `json:"not_judged"` // rules that could not look
}

// Unjudged is a rule that could not look, and why.
type Unjudged struct {
	Rule string `json:"rule"`
	Why  string `json:"why"` // completes "because …"
}

// String returns every finding and note, followed by the lines of [Report.Rest].
func (r Report) String() string {
	var lines []string
	for _, f := range slices.Concat(r.Findings, r.Notes) {
		lines = append(lines, f.String())
	}
	return strings.Join(append(lines, r.Rest()...), "\n")
}

// Rest returns one line for the rules that found nothing, and one line for each reason why
// rules could not look.
func (r Report) Rest() (lines []string) {
	if len(r.Silent) > 0 {
		lines = append(lines, "Not found: "+strings.Join(r.Silent, ", ")+".")
	}
	for i, u := range r.Unjudged {
		sameReason := func(v Unjudged) bool { return v.Why == u.Why }
		if slices.ContainsFunc(r.Unjudged[:i], sameReason) {
			continue // listed with the first rule of that reason
		}
		var rules []string
		for _, v := range r.Unjudged[i:] {
			if sameReason(v) {
				rules = append(rules, v.Rule)
			}
		}
		lines = append(lines, fmt.Sprintf("Not judged: %s, because %s.", strings.Join(rules, ", "), u.Why))
	}
	return lines
}
