package probe

import . "github.com/gomlx/gomlx/core/graph"

// meanAbsGrad is mean |∂L/∂W|, the article's measure. It carries the size of
// the layer's input as well as that of the signal: ∂L/∂Wᵢ = aᵢ₋₁ᵀ·δᵢ.
func meanAbsGrad(w Weights) *Node { return w.mean(Abs(w.Grad)) }
