// Package meter turns a list of sites and a [vgrad.Measure] into columns, the
// columns into nodes of a training step, and the results of the step into rows.
//
// It stands between the probes and the sinks. Two packages build steps with it:
// engine, and attach for GoMLX's own trainer.
//
//	sites, measure → Meter → nodes of the step → rows → sinks
//
// Columns that are due at the same steps are a [Group]. A step builds the nodes of
// the groups that are due, and so computes nothing else.
//
//	m := meter.New(measure, sites, meter.Options{Network: []vgrad.Quantity{vgrad.Loss}})
//	sink.Begin(m.Schema(0))
//	for _, g := range m.Groups() {
//		if g.Due(step) { nodes := g.Measure(network, views); … }
//	}
package meter
