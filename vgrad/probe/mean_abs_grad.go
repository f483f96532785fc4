package probe

// meanAbsGrad is mean |∂L/∂W|, the article's measure. It depends on the size of
// the layer's input as well as on the backpropagated signal: ∂L/∂Wᵢ = aᵢ₋₁ᵀ·δᵢ.
func meanAbsGrad(v *View) Formula { return v.Mean(v.AbsGrad()) }
