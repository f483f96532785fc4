package vgrad

import "iter"

// Site is a place in a network where something is measured: a variable, or
// the units behind one. The model declares its sites; nobody counts variables.
// It is comparable.
type Site struct {
	// Path is the scope path of the variable or of the units,
	// "/layer1/weights"; of an unrolled time step with its number behind it,
	// "/rnn/units[3]". It is unique in a run, and the key of its samples. "/"
	// is the whole network.
	Path string `json:"path"`
	// Layer is the place in forward order, from 1; 0 is the whole network. A
	// layer's variables and units share it, and so do the time steps of a
	// recurrent layer.
	Layer int `json:"layer,omitempty"`
	// Time is the unrolled time step, from 1. Zero: there is none.
	Time int `json:"time,omitempty"`
	// Role says what the site is in its layer. Zero: not told, as in runs
	// recorded before there were roles.
	Role Role `json:"role,omitempty"`
	// Activation is the function behind the units' pre-activations, by its
	// name. Zero: not known, or the site has no units.
	Activation string `json:"activation,omitempty"`
	// Frozen says that training does not change the variable, or the variable
	// behind the units. Zero: it is trained.
	Frozen bool `json:"frozen,omitempty"`
	// Size is the number of elements measured: of the variable, or of one
	// batch of activations.
	Size int `json:"size,omitempty"`
}

// Role is what a site is in its layer.
type Role string

// The roles. The first four are variables, the others what is computed from them.
const (
	Kernel          Role = "kernel"           // weights that multiply the layer's input
	RecurrentKernel Role = "recurrent_kernel" // weights that multiply the layer's own state, one time step before
	Bias            Role = "bias"             // a variable that is added
	Scale           Role = "scale"            // a variable that multiplies each unit, as of a normalization
	Units           Role = "units"            // pre-activations z and activations a = φ(z)
	Gate            Role = "gate"             // units that multiply others, as those of an LSTM or a highway layer
	Stream          Role = "stream"           // what runs from block to block, past the branches
)

// IsVariable reports whether sites of that role are variables.
func (r Role) IsVariable() bool {
	return r == Kernel || r == RecurrentKernel || r == Bias || r == Scale
}

// NetworkSite is the site of the quantities that belong to no layer.
var NetworkSite = Site{Path: "/"}

// Sample is one measured value.
type Sample struct {
	Step     int // 0 is the first; a value measured after the last step has Step = Experiment.Steps
	Site     Site
	Quantity Quantity
	Value    float64    // NaN for a histogram
	Hist     *Histogram // nil for a scalar
}

// Source gives samples back: a recorded run, or one still going.
type Source interface {
	// Label is what a figure's legend calls the source. Sources that share a
	// label and, but for the seed, an experiment are its repetitions: figures draw
	// their median and spread.
	Label() string
	// Sites lists the layers' sites in forward order, the whole network left out.
	Sites() []Site
	// Samples yields the samples of q in step order, sites in forward order
	// within a step.
	Samples(q Quantity) iter.Seq[Sample]
}

// Describer is a source that has the descriptions of its quantities with it, as
// one that was imported or predicted. Of another source the laboratory's own
// descriptions hold; see [InfoOf].
type Describer interface {
	Describe(q Quantity) (Info, bool)
}

// InfoOf describes a quantity of a source: as the source does, else as the
// laboratory does. A quantity that neither knows is an error.
func InfoOf(src Source, q Quantity) (Info, error) {
	if d, ok := src.(Describer); ok {
		if info, ok := d.Describe(q); ok {
			return info, nil
		}
	}
	return q.Info()
}

// Recorded is a source that knows the experiment it is of.
type Recorded interface {
	Source
	Ran() Experiment
}

// Series collects the values of a scalar quantity at one layer (0 for the
// whole network) over the steps: at the first of the layer's sites, in forward
// order, that has the quantity. Both slices have one entry a recorded step.
// [SeriesAt] is for the layer's other sites.
func Series(src Source, q Quantity, layer int) (steps []int, values []float64) {
	for _, site := range Measured(src, q) {
		if site.Layer == layer {
			return SeriesAt(src, q, site)
		}
	}
	return nil, nil
}

// SeriesAt collects the values of a scalar quantity at a site over the steps.
// Both slices have one entry a recorded step.
func SeriesAt(src Source, q Quantity, site Site) (steps []int, values []float64) {
	for s := range src.Samples(q) {
		if s.Site.Path == site.Path && s.Hist == nil {
			steps, values = append(steps, s.Step), append(values, s.Value)
		}
	}
	return steps, values
}

// Measured lists the sites at which q is recorded, in forward order, the whole
// network first. It looks at the first recorded step of q alone, because what is
// measured at all is measured at every step that is due.
func Measured(src Source, q Quantity) []Site {
	var sites []Site
	step := 0
	for s := range src.Samples(q) {
		if len(sites) == 0 {
			step = s.Step
		}
		if s.Step != step {
			break
		}
		sites = append(sites, s.Site)
	}
	return sites
}

// Depth returns the number of layers of a source.
func Depth(src Source) int {
	depth := 0
	for _, s := range src.Sites() {
		depth = max(depth, s.Layer)
	}
	return depth
}
