package diagnose

import "github.com/vgrad/lab/vgrad"

// Rule describes one way in which a training goes wrong. Its texts are parts of sentences,
// without a period at the end.
type Rule struct {
	Name      string // "vanishing gradient"
	Threshold string // when it fires
	Source    string // of the threshold
	Advice    string // what to change
	// Needs lists the quantities that the rule looks at. If none of them is recorded, Look
	// is not called.
	Needs []vgrad.Quantity
	// Tolerable says that a network may learn in spite of the fault. If it has learned, the
	// rule gives a note. Zero: it always gives a finding.
	Tolerable bool
	// Look returns where the rule fires, or nil if it found nothing. An error without
	// sightings says why it could not look, and completes "Not judged: …, because …".
	Look func(*Training) ([]Sighting, error)
}

// Sighting is what a rule saw in a run. The texts of the rule are added to it.
type Sighting struct {
	Site     vgrad.Site // where it is worst; zero: the whole network
	Step     int        // when it was seen
	Says     string     // what is wrong, in sentences
	Evidence string     // the numbers that show it
	Advice   string     // instead of the rule's; zero: the rule's
}

// Rules lists the rules of this package, the gravest first.
func Rules() []Rule {
	return []Rule{
		notFinite, explodingLoss, stalled, zeroWeights, zeroGradient,
		vanishing, exploding, culprit, dead, saturated, updates, initial, overfitting,
	}
}
