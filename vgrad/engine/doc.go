// Package engine compiles an experiment's training step, probes inside it,
// and drives it.
//
// It stands between the network and the samples. [Train] builds the step
// once, runs it in one of two ways and hands every step's samples to the
// sinks it is given, in step order:
//
//   - the host driver calls the step once a step, on any backend;
//   - the device driver runs many steps in one loop on the device (XLA), with
//     the data there too; only samples come back.
//
// Both run the same step function, so both give the same samples. Runs that
// differ in nothing that shapes a program can be its lanes: they are computed
// side by side on a leading axis, each as it would be alone ([Engine.TrainLanes]),
// on one device or spread over several ([Engine.Spread]).
//
// The package knows nothing of stores, figures or notebooks.
package engine
