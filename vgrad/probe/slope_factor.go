package probe

// slopeFactor is RMS(δ)/RMS(∂L/∂a), δ = ∂L/∂z: what the activation's slopes φ′(z)
// pass of the signal that arrives at the activations. For the identity it is 1.
func slopeFactor(v *View) Formula { return v.ratio(v.Delta(), v.Arriving()) }
