package diagnose

import (
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Of applies every rule of this package to a run. If the run is not finished, the rules
// look at what it has recorded so far.
func Of(src vgrad.Source) Report { return Judge(src, Rules()...) }

// Judge applies the given rules to a run. A rule that cannot look is listed in
// Report.Unjudged with the reason; it is no error.
func Judge(src vgrad.Source, rules ...Rule) Report {
	t := newTraining(src)
	r := Report{Run: src.Label(), Findings: []Finding{}, Notes: []Finding{}, Silent: []string{}, Unjudged: []Unjudged{}}
	for _, rule := range rules {
		if !t.recorded(rule.Needs) {
			r.Unjudged = append(r.Unjudged, Unjudged{rule.Name, "it needs " + named(rule.Needs) + ", not recorded here"})
			continue
		}
		seen, err := rule.Look(t)
		switch {
		case err != nil && len(seen) == 0:
			r.Unjudged = append(r.Unjudged, Unjudged{rule.Name, err.Error()})
		case len(seen) == 0:
			r.Silent = append(r.Silent, rule.Name)
		}
		for _, s := range seen {
			if f := rule.finding(t, s); f.Severity == Note {
				r.Notes = append(r.Notes, f)
			} else {
				r.Findings = append(r.Findings, f)
			}
		}
	}
	return r
}

// finding combines a sighting with the fixed texts of its rule.
func (rule Rule) finding(t *Training, s Sighting) Finding {
	if s.Site.Path == "" {
		s.Site = vgrad.NetworkSite
	}
	f := Finding{Rule: rule.Name, Severity: Serious,
		Site: s.Site.Path, Place: t.place(s.Site), Layer: s.Site.Layer, Time: s.Site.Time, Step: s.Step,
		Says: s.Says, Evidence: s.Evidence, Threshold: rule.Threshold, Source: rule.Source, Advice: rule.Advice}
	if s.Advice != "" {
		f.Advice = s.Advice
	}
	if outcome, why := t.Outcome(); rule.Tolerable && outcome == Learned {
		f.Severity = Note
		f.Says += " The network learns all the same: " + why + "."
	}
	return f
}

func named(qs []vgrad.Quantity) string {
	var names []string
	for _, q := range qs {
		names = append(names, string(q))
	}
	return strings.Join(names, " or ")
}
