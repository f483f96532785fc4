package probe

// weightFactor is RMS(δ·Wᵀ)/RMS(δ) with δ = ∂L/∂(x·W + b): what the weights pass of
// the signal on to the layer's input. The numerator is the gradient by the input
// through these weights alone. It is a part of the step's own gradient, so it costs
// nothing but its sum.
func weightFactor(v *View) Formula { return v.ratio(v.Leaving(), v.Linear()) }
