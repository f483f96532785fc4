package probe

// meanAbsGrad is mean |∂L/∂W|, the article's measure. It carries the size of
// the layer's input as well as that of the signal: ∂L/∂Wᵢ = aᵢ₋₁ᵀ·δᵢ.
func meanAbsGrad(v *View) Formula { return v.Mean(v.AbsGrad()) }
