package probe

// rmsGrad is √mean((∂L/∂W)²).
func rmsGrad(w Weights) formula { return w.rms(w.Grad) }
