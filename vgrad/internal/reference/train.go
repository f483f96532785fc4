package reference

import (
	"errors"
	"fmt"
	"slices"
)

// Step does one training step: forward, backward, update. It returns the measures of the
// step and updates the net. As package vgrad defines them, the quantities are those before
// the update.
func (n *Net) Step(b Batch, opt *Optimizer) (Measures, error) {
	p, err := n.Forward(b)
	if err != nil {
		return nil, err
	}
	g := n.Backward(p)
	updates := opt.Updates(slices.Concat(g.W, g.B))
	m := Measure(n, p, g, updates[:n.Layers()])
	for i, param := range slices.Concat(n.W, n.B) {
		for k, d := range updates[i] {
			param[k] += d
		}
	}
	return m, nil
}

// Train does a number of steps and returns the measures of each. Step i takes
// batches[i mod len(batches)]. The net is updated in place.
func Train(n *Net, batches []Batch, opt *Optimizer, steps int) ([]Measures, error) {
	if len(batches) == 0 {
		return nil, errors.New("reference: no batches to train on")
	}
	var all []Measures
	for i := range steps {
		m, err := n.Step(batches[i%len(batches)], opt)
		if err != nil {
			return all, fmt.Errorf("reference: step %d: %w", i, err)
		}
		all = append(all, m)
	}
	return all, nil
}
