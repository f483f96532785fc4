package probe

// normFactor is RMS(∂L/∂u)/RMS(δ) with u = x·W + b: what a normalization between u
// and the pre-activations z passes of the signal.
func normFactor(v *View) Formula { return v.ratio(v.Linear(), v.Delta()) }
