// Package attach measures the training of any GoMLX trainer, with one call:
//
//	loop := train.NewLoop(trainer)
//	a, err := attach.To(loop, attach.Options{Name: "mine"})
//	if err != nil {
//		return err
//	}
//	defer a.Close()
//	metrics, err := loop.RunSteps(dataset, 1000)
//	...
//	run, err := a.Run() // a vgrad.Source, for figures and for diagnose.Of
//
// It does for a trainer what the engine does for an experiment. [nets.Discover] finds the
// sites in the trainer's own graph, a [meter.Meter] computes the same quantities, and the
// same store and sinks take them. The model needs no change. If it has taps, they become
// sites.
//
//	train.Loop → attach → rows → run store, live figure, other sinks
//
// # How a step is measured
//
// [To] wraps the trainer's optimizer. While the graph of a step is built, the wrapper
// differentiates the loss by weights and units in one call. It passes the gradients to the
// trainer's optimizer and finds in the graph what that adds to the weights. The results
// leave the graph as logged nodes. So the trainer has the same variables, checkpoints and
// metrics as without probes.
//
// The trained weights are the same too. On the Go backend they are equal to the bit. XLA
// fuses operations differently if their results are measured, which changes the last bits
// of some weights. A test bounds the difference by 2e-5 of a variable's largest element
// after 20 steps.
//
// Quantities that are not due are not computed. If nothing is due at a step, its graph is
// the trainer's own, node by node. For each set of quantities that are due together, the
// trainer gets executors of their own, which compile its graphs again. So the zero
// [vgrad.Measure], with scalars at every step and histograms at every 200th, compiles two
// graphs for each shape of batch, and Every: 10 compiles three. BenchmarkCost measures
// what a step costs.
//
// # What a step is
//
// A step is an update of the weights, numbered from 0. If gradients are accumulated over
// several batches, the step is the update that applies them. Its gradients are the mean
// that the optimizer gets. Its loss, activations and δ are those of the last batch.
//
// A training that is resumed from a checkpoint continues the loop's step numbers and the
// record: the samples that an unfinished run of the same experiment has from before that
// step are kept. A loop that is run several times makes one run, which Close finishes.
//
// # What is recorded
//
// The run belongs to an experiment. The experiment holds the model's name, the names of
// data set, loss and optimizer, the batch size, the initial learning rate, the number of
// steps, the seed and the measure. A data set or a loss without a name is "own". If the
// trainer has no variable for its learning rate, the default of 0.001 is recorded.
//
// The loss includes what the model adds to it, such as regularization. The metrics that
// the trainer was given are recorded as "metric_" and their name. A metric of type
// accuracy that covers one batch alone, as [metric.NewBaseMetric] makes it, is recorded as
// the training accuracy.
//
// # What cannot be measured
//
//   - Training that is distributed by SPMD is refused, because GoMLX does not combine the
//     gradients of the devices. AutoSharding is measured.
//   - Graphs for batches of any size (Trainer.WithInputsDynamicAxes) are refused.
//   - δ needs the derivative of every operation between the units and the loss. GoMLX has
//     none for some, such as a loop after a frozen layer. Leave the units before such an
//     operation out of Measure.Sites.
//   - Calls of Trainer.TrainStep outside the loop are not measured.
//
// A trainer has no methods for its optimizer, model and executors, so this package reaches
// them by reflection. It refuses a version of GoMLX that keeps them elsewhere with an
// error.
package attach
