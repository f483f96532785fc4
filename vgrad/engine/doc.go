// Package engine compiles an experiment's training step together with its probes,
// and runs it.
//
// It stands between the network and the sinks. [Engine.Train] builds the step
// once, runs it in one of two ways and passes each step's rows to the sinks, in
// step order:
//
//   - the host driver calls the step once a step, on any backend;
//   - the device driver runs many steps in one loop on the device (XLA). The
//     data is on the device too; only measurements come back.
//
// Both run the same step function, so both give the same values. A quantity is
// computed only at the steps at which it is due. A training may have several
// stages, each with its own trainable variables and its own optimizer.
//
// Runs whose compiled programs would be equal can be lanes of one program
// ([Engine.TrainLanes]). They are computed side by side on a leading axis, each
// as it would be alone, on one device or sharded over several ([Engine.Spread]).
//
// A training gives its state while it goes on, and can start in one ([Checkpoints]). On one
// backend and driver it then gives, to the bit, the rows of an undisturbed training. Lanes
// have one state and go on together.
//
// The package knows nothing of stores, figures or notebooks.
package engine
