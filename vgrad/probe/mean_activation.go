package probe

// meanActivation is the mean of a over batch and units.
func meanActivation(v *View) Formula { return v.Mean(v.A()) }
