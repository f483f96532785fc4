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
// It stands beside the engine: the same sites, which [nets.Discover] finds in the
// trainer's own graph, the same quantities, from the same [meter.Meter], the same store and
// sinks. The model needs no change; taps in it are seen.
//
//	train.Loop → attach → rows → run store, live figure, other sinks
//
// # How a step is measured
//
// To puts an optimizer around the trainer's. While the graph of a step is built it
// differentiates the loss by weights and units in one go, hands the trainer's optimizer
// its gradients, and reads what that adds to the weights. Results leave the graph as
// logged nodes, so the store of variables, checkpoints and the trainer's metrics are what they
// are without probes.
//
// What is not due is not computed: a step at which nothing is due is the trainer's own, to the last
// operation. For each set of quantities that are due together the trainer is handed executors of
// their own, in which its graphs are compiled anew; so the default, histograms at every 200th step, takes
// two compilations for each shape of batch, and Every: 10 takes three.
//
// # What a step is
//
// A step is an update of the weights, numbered from 0. Where gradients are accumulated over
// several batches it is the step that applies them: its gradients are the mean that the
// optimizer gets, its loss, activations and δ are those of the last of these batches. A training that goes on from a
// checkpoint goes on in its numbers, as [train.Loop] does, and in its record: what an
// unfinished attempt of the same experiment recorded before is kept.
//
// # What is recorded
//
// The run is that of an experiment with the model's name, the data set's, the loss's and the
// optimizer's, the batch size, the first learning rate, the number of steps, the seed and
// the measure. Beside the loss, with what the model adds to it, the trainer's own metrics are
// recorded under their names. A metric of type accuracy that is made by
// [metric.NewBaseMetric], and so is the batch's alone, is the training accuracy.
//
// # What cannot be measured
//
// Training that is distributed by SPMD is refused: GoMLX does not bring the devices'
// gradients together there. Graphs for batches of any size (WithInputsDynamicAxes) are refused too. The device that GoMLX
// has no derivative of, a loop behind a frozen layer, fails where the units before it are
// measured; leave their paths out of Measure.Sites. A trainer's TrainStep that is called without the loop
// takes no part.
//
// The trainer's optimizer, model and executors are reached by reflection; it has no
// methods for them. Another version of GoMLX that keeps them elsewhere is refused.
package attach
