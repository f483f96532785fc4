package probe

import . "github.com/gomlx/gomlx/core/graph"

// inputSize is √mean(x²) over the batch and the features of the layer's input x, the
// factor of ∂L/∂W = xᵀ·δ beside the signal.
func inputSize(v *View) Formula {
	x := v.Input()
	rms := v.RMS(x)
	if !v.Lanes {
		return rms
	}
	lanes := v.nodes[weightsPart].Shape().Dimensions[0]
	return Formula{Terms: rms.Terms, Finish: func(sums []*Node) *Node {
		size := rms.Finish(sums)
		if size.Shape().Size() == lanes {
			return size
		}
		return BroadcastToDims(size, lanes) // the lanes share their batch
	}}
}
