// Package meter turns a list of sites and a [vgrad.Measure] into columns, the
// columns into nodes of a training step, and what the step gives into rows.
//
// It stands between the probes and the sinks, and serves whoever builds a step:
// the engine, and package attach for GoMLX's own trainer.
//
//	sites, measure → Meter → nodes of the step → rows → sinks
//
// Columns that are due at the same steps are a [Group]. A step asks each group
// that is due for its nodes and no other, so that what is not due is not computed.
//
//	m, err := meter.New(measure, sites, meter.Options{Network: []vgrad.Quantity{vgrad.Loss}})
//	sink.Begin(m.Schema(0))
//	for _, g := range m.Groups() {
//		if g.Due(step) { nodes := g.Measure(network, views); … }
//	}
package meter
