// Package nets builds networks in a GoMLX graph and names the places worth
// measuring.
//
// It stands between the experiment and the training step: [New] turns an
// experiment into a [Model], a plain GoMLX model function. While a model is
// built it may call [Tap] to record a layer's pre-activations and activations
// for measurement. Outside of [Record] a tap does nothing. Any other GoMLX model
// function can be used as well, with or without taps:
//
//	func net(scope *model.Scope, x *graph.Node) *graph.Node {
//		z := layers.Dense(scope.In("hidden"), x, true, 32)
//		a := activation.Relu(z)
//		nets.Tap(scope, "hidden", z, a, nets.MustActivation("relu", 0))
//		return layers.Dense(scope.In("logits"), a, true, 10)
//	}
//
// Initial weights are drawn on the host from the run's seed, a stream for
// each variable, so that a run starts the same on every backend.
//
// Functions that build graphs panic on errors, as GoMLX's do; the engine
// turns that into an error once, where a run starts.
package nets
