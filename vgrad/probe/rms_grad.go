package probe

import . "github.com/gomlx/gomlx/core/graph"

// rmsGrad is √mean((∂L/∂W)²).
func rmsGrad(w Weights) *Node { return w.rms(w.Grad) }
