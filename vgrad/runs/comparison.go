package runs

import (
	"fmt"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Comparison is several runs in the order in which they were requested. Figures take it
// as it is.
type Comparison []vgrad.Source

// Runs returns the runs themselves.
func (c Comparison) Runs() []*Run {
	var rs []*Run
	for _, s := range c {
		rs = append(rs, s.(*Run))
	}
	return rs
}

// Run returns the first run with that label, or nil.
func (c Comparison) Run(label string) *Run {
	for _, r := range c.Runs() {
		if r.Label() == label {
			return r
		}
	}
	return nil
}

// Find returns the first run with that label. Without one it returns the only run whose
// first words are that label: Find("relu") returns "relu depth=12". It fails if no run or
// several runs match, and lists the labels of all runs.
func (c Comparison) Find(label string) (*Run, error) {
	if r := c.Run(label); r != nil {
		return r, nil
	}
	var matches []*Run
	for _, r := range c.Runs() {
		if strings.HasPrefix(r.Label(), label+" ") {
			matches = append(matches, r)
		}
	}
	switch len(matches) {
	case 0:
	case 1:
		return matches[0], nil
	default:
		return nil, fmt.Errorf("several runs begin with %q; name one of %q", label, labelsOf(matches))
	}
	return nil, fmt.Errorf("there is no run %q; there are %q", label, labelsOf(c.Runs()))
}

func labelsOf(all []*Run) (labels []string) {
	for _, r := range all {
		labels = append(labels, r.Label())
	}
	return labels
}
