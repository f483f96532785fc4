// Package engine compiles an experiment's training step, probes inside it,
// and drives it.
//
// It stands between the network and the sinks. [Engine.Train] builds the step
// once, runs it in one of two ways and hands every step's rows to the sinks it is
// given, in step order:
//
//   - the host driver calls the step once a step, on any backend;
//   - the device driver runs many steps in one loop on the device (XLA), with
//     the data there too; only measurements come back.
//
// Both run the same step function, so both give the same values. What is not due
// at a step is not computed there. A training may have several stages, each with
// variables and an optimizer of its own.
//
// Runs that differ in nothing that shapes a program can be its lanes: they are
// computed side by side on a leading axis, each as it would be alone
// ([Engine.TrainLanes]), on one device or sharded over several ([Engine.Spread]).
//
// The package knows nothing of stores, figures or notebooks.
package engine
