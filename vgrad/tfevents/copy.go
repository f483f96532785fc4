package tfevents

import (
	"fmt"
	"math"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Quantities lists the quantities that the run has: those of the laboratory, then the tags
// that it has no name for.
func (r *Run) Quantities() []vgrad.Quantity {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var known, others []vgrad.Quantity
	seen := map[vgrad.Quantity]bool{}
	for _, s := range r.events.tags {
		c, ok := r.columns[s.tag]
		switch q := c.Quantity; {
		case !ok && !r.counts(s.tag):
			others = append(others, vgrad.Quantity(s.tag))
		case ok && !seen[q]:
			seen[q], known = true, append(known, q)
		}
	}
	return append(known, others...)
}

// counts reports whether a tag of this package's files counts what a histogram cannot hold.
func (r *Run) counts(tag string) bool {
	for _, end := range specialTags {
		if of, ok := strings.CutSuffix(tag, end); ok {
			if _, own := r.events.own[of]; own {
				return true
			}
		}
	}
	return false
}

// LastStep returns the last step that has a value, -1 where none has.
func (r *Run) LastStep() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	last := -1
	for _, s := range r.events.tags {
		if n := len(s.steps); n > 0 {
			last = max(last, int(s.steps[n-1]))
		}
	}
	return last
}

// CopyTo passes all values to a sink, step by step, such as to the store's. Steps below 0
// are an error.
func (r *Run) CopyTo(to vgrad.Sink) error {
	var columns []*column
	infos := map[vgrad.Quantity]vgrad.Info{}
	for _, q := range r.Quantities() {
		columns = append(columns, r.columnsOf(q)...)
		if info, err := vgrad.InfoOf(r, q); err == nil {
			infos[q] = info
		}
	}
	feeder := &vgrad.Feeder{To: described{to, infos}}
	at := make([]int, len(columns))
	for {
		step := int64(math.MaxInt64)
		for i, c := range columns {
			if at[i] < len(c.steps) {
				step = min(step, c.steps[at[i]])
			}
		}
		if step == math.MaxInt64 {
			return nil
		}
		if step < 0 {
			return fmt.Errorf("step %d; steps begin at 0", step)
		}
		var samples []vgrad.Sample
		for i, c := range columns {
			if at[i] < len(c.steps) && c.steps[at[i]] == step {
				samples = append(samples, c.at(at[i]))
				at[i]++
			}
		}
		if err := feeder.Put(int(step), samples); err != nil {
			return err
		}
	}
}

// described is a sink whose schemas describe the quantities.
type described struct {
	vgrad.Sink
	infos map[vgrad.Quantity]vgrad.Info
}

func (d described) Begin(s vgrad.Schema) error {
	s.Infos = d.infos
	return d.Sink.Begin(s)
}
