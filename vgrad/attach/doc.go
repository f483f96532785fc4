// Package attach probes any GoMLX trainer by one line:
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
// It stands beside the engine: it has the same sites, which [nets.Discover] finds in
// the trainer's own graph, the same quantities, computed by the same [meter.Meter],
// and the same store and sinks. The model needs no change. Its taps are seen.
//
//	train.Loop → attach → rows → run store, live figure, other sinks
//
// # How a step is measured
//
// [To] puts an optimizer around the trainer's own. While the graph of a step is built,
// it differentiates the loss by weights and units in one call, hands the trainer's
// optimizer its gradients, and reads off the graph what that adds to the weights.
// Results leave the graph as logged nodes. So the variables, the checkpoints and the
// metrics of the trainer are those it has without probes.
//
// The trained weights are the same too: to the bit on the Go backend. XLA fuses
// operations otherwise where their results are measured, which changes the last bits
// of some; a test bounds that by 2e-5 of a variable's largest element after 20 steps.
//
// What is not due is not computed. A step at which nothing is due is the trainer's own, node by
// node. For each set of quantities that are due together, the trainer is handed
// executors in which its graphs are compiled anew. So the zero [vgrad.Measure], with
// scalars at every step and histograms at every 200th, compiles two graphs for each
// shape of batch, and Every: 10 compiles three. BenchmarkCost says what a step costs.
//
// # What a step is
//
// A step is an update of the weights, numbered from 0. Where gradients are
// accumulated over several batches, it is the update that applies them: its gradients
// are the mean that the optimizer gets; its loss, activations and δ are those of the
// last of these batches.
//
// A training that is resumed from a checkpoint goes on in its numbers, as the loop
// does, and in its record: what an unfinished attempt of the same experiment recorded
// before that step is kept. A loop that is run several times is one run, which Close
// finishes.
//
// # What is recorded
//
// The run is that of an experiment: the model's name, the names of data set, loss and
// optimizer, the batch size, the initial learning rate, the number of steps, the
// seed and the measure. A data set or a loss without a name is "own". A trainer
// without a variable for its learning rate is recorded with the default, 0.001.
//
// The loss includes what the model adds to it, such as regularization. The trainer's
// own metrics are recorded beside it, as "metric_" and their name. A metric of type
// accuracy that is the batch's alone, as [metric.NewBaseMetric] makes it, is the
// training accuracy.
//
// # What cannot be measured
//
//   - Training that is distributed by SPMD is refused, because GoMLX does not bring
//     the devices' gradients together there. AutoSharding is measured.
//   - Graphs for batches of any size (Trainer.WithInputsDynamicAxes) are refused.
//   - δ needs the derivative of all that is behind the units. Where GoMLX has none, as
//     of a loop behind a frozen layer, leave the units before it out of
//     Measure.Sites.
//   - Calls of Trainer.TrainStep outside the loop are not measured.
//
// The optimizer, the model and the executors of a trainer are reached by reflection,
// since it has no methods for them. A version of GoMLX that keeps them elsewhere is
// refused with an error.
package attach
