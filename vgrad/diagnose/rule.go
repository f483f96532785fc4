package diagnose

import "github.com/vgrad/lab/vgrad"

// Rule is one way in which a training goes wrong. All texts are for prose, without a
// period at the end.
type Rule struct {
	Name      string // "vanishing gradient"
	Threshold string // when it fires
	Source    string // of the threshold
	Advice    string // what to change
	// Needs is what the rule looks at; where none of it is recorded it is not asked.
	Needs []vgrad.Quantity
	// Tolerable says that a network may learn in spite of it. Where it has learned,
	// what the rule sees is a note. Zero: it is always a finding.
	Tolerable bool
	// Look returns where the rule fires; nothing where it looked and found nothing.
	// An error says why it could not look, and completes "Not judged, because …".
	Look func(*Training) ([]Sighting, error)
}

// Sighting is what a rule adds to what it always says.
type Sighting struct {
	Site     vgrad.Site // where it is worst; zero: the whole network
	Step     int        // when it was seen
	Says     string     // what is wrong, in sentences
	Evidence string     // the numbers that say so
	Advice   string     // instead of the rule's; zero: the rule's
}

// Rules lists the rules of this package, the gravest first.
func Rules() []Rule {
	return []Rule{
		notFinite, explodingLoss, stalled, zeroWeights, zeroGradient,
		vanishing, exploding, dead, saturated, updates, initial, overfitting,
	}
}
