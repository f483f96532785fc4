package runs

import (
	"fmt"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Comparison is several runs as one object, in the order in which they were asked
// for; figures take it as it is.
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

// Find returns the first run with that label, or the only one whose label begins
// with it, as "relu" begins "relu depth=12". Where there is none it fails and
// names those there are.
func (c Comparison) Find(label string) (*Run, error) {
	if r := c.Run(label); r != nil {
		return r, nil
	}
	var have []string
	var begin []*Run
	for _, r := range c.Runs() {
		if strings.HasPrefix(r.Label(), label+" ") {
			begin = append(begin, r)
		}
		have = append(have, r.Label())
	}
	if len(begin) == 1 {
		return begin[0], nil
	}
	return nil, fmt.Errorf("there is no run %q; there are %q", label, have)
}
