package probe

// rmsDelta is √mean(δ²) over batch and units, δ = ∂L/∂z: the backpropagated
// signal itself. L is the batch's mean loss, so an example's own δ is batch
// times as large.
func rmsDelta(v *View) Formula { return v.RMS(v.Delta()) }
