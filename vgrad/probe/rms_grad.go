package probe

// rmsGrad is √mean((∂L/∂W)²).
func rmsGrad(v *View) Formula { return v.RMS(v.Grad()) }
