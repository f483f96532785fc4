package probe

// meanActivation is the mean of a over batch and units.
func meanActivation(u Units) formula { return u.mean(u.A) }
