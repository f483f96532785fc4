package vgrad

import (
	"iter"
	"slices"
)

// Site is a place in a network where something is measured: a variable, or the
// units that are computed from one. The model declares its sites. A Site is
// comparable.
type Site struct {
	// Path is the scope path of the variable or of the units, such as
	// "/layer1/weights". The path of an unrolled time step ends with its number,
	// "/rnn/units[3]". A path is unique in a run and is the key of the site's
	// samples. "/" is the whole network.
	Path string `json:"path"`
	// Layer is the place in forward order, from 1; 0 is the whole network. A
	// layer's variables and units share it, and so do the time steps of a
	// recurrent layer.
	Layer int `json:"layer,omitempty"`
	// Time is the unrolled time step, from 1. Zero: there is none.
	Time int `json:"time,omitempty"`
	// Role says what the site is in its layer. Zero: not known, as in runs
	// recorded before there were roles.
	Role Role `json:"role,omitempty"`
	// Activation is the name of the function that is applied to the units'
	// pre-activations. Zero: not known, or the site has no units.
	Activation string `json:"activation,omitempty"`
	// Frozen says that training does not change the variable, or the variable
	// from which the units are computed. Zero: it is trained.
	Frozen bool `json:"frozen,omitempty"`
	// Input says that the input x of a kernel is known, so that its size can be
	// measured. Zero: it is not known, as with weights that are used several times.
	Input bool `json:"input,omitempty"`
	// Back says that the signal is known that passes back through a kernel to its
	// input. Zero: it is not known, or the input is data.
	Back bool `json:"back,omitempty"`
	// Normalized says that a normalization, or another change of size, is between
	// the sum x·W + b and the units' pre-activations. Zero: there is none.
	Normalized bool `json:"normalized,omitempty"`
	// Size is the number of measured elements, of the variable or of one batch
	// of activations. Zero: not known.
	Size int `json:"size,omitempty"`
}

// Role is what a site is in its layer.
type Role string

// The roles. The first four are variables, the others are computed from variables.
const (
	Kernel          Role = "kernel"           // weights that multiply the layer's input
	RecurrentKernel Role = "recurrent_kernel" // weights that multiply the layer's own state, one time step before
	Bias            Role = "bias"             // a variable that is added
	Scale           Role = "scale"            // a variable that multiplies each unit, such as a normalization's
	Units           Role = "units"            // pre-activations z and activations a = φ(z)
	Gate            Role = "gate"             // units that multiply others, such as those of an LSTM or a highway layer
	Stream          Role = "stream"           // the residual stream: the sum that each block passes to the next
	Branch          Role = "branch"           // the input of a residual block as its branch sees it: δ there is the branch's part of the stream's δ
)

// IsVariable reports whether sites of that role are variables.
func (r Role) IsVariable() bool {
	return r == Kernel || r == RecurrentKernel || r == Bias || r == Scale
}

// NetworkSite is the site of the quantities of the whole network.
var NetworkSite = Site{Path: "/"}

// Sample is one measured value.
type Sample struct {
	Step     int // 0 is the first; a value measured after the last step has Step = Experiment.Steps
	Site     Site
	Quantity Quantity
	Value    float64    // NaN for a histogram
	Hist     *Histogram // nil for a scalar
}

// Source gives samples: of a recorded run, or of one in progress.
type Source interface {
	// Label is the source's name in a figure's legend. Sources are repetitions
	// if they have the same label and their experiments differ in the seed only.
	// Figures draw the median and the spread of repetitions.
	Label() string
	// Sites lists the layers' sites in forward order, the whole network left out.
	Sites() []Site
	// Samples yields the samples of q in step order, sites in forward order
	// within a step.
	Samples(q Quantity) iter.Seq[Sample]
}

// Describer is a source that describes its own quantities, such as an imported
// log or a prediction. For other sources the laboratory's descriptions apply;
// see [InfoOf].
type Describer interface {
	Describe(q Quantity) (Info, bool)
}

// InfoOf describes a quantity of a source. The source's own description comes
// before the laboratory's. A quantity that neither knows is an error.
func InfoOf(src Source, q Quantity) (Info, error) {
	if d, ok := src.(Describer); ok {
		if info, ok := d.Describe(q); ok {
			return info, nil
		}
	}
	return q.Info()
}

// Recorded is a source that knows the experiment that was run.
type Recorded interface {
	Source
	Ran() Experiment
}

// Timed is a recorded source that knows how long its training took.
type Timed interface {
	Recorded
	// StepsTook is the time of all training steps in seconds, without compiling. It is
	// false if that was not recorded.
	StepsTook() (seconds float64, ok bool)
}

// Series collects the values of a scalar quantity at one layer over the steps;
// layer 0 is the whole network. It reads the layer's first site, in forward
// order, that has the quantity; [SeriesAt] reads the others. Both slices have one
// entry for each recorded step. They are nil if the layer does not have the
// quantity.
func Series(src Source, q Quantity, layer int) (steps []int, values []float64) {
	for _, site := range Measured(src, q) {
		if site.Layer == layer {
			return SeriesAt(src, q, site)
		}
	}
	return nil, nil
}

// SeriesAt collects the values of a scalar quantity at a site over the steps.
// Both slices have one entry for each recorded step.
func SeriesAt(src Source, q Quantity, site Site) (steps []int, values []float64) {
	for s := range src.Samples(q) {
		if s.Site.Path == site.Path && s.Hist == nil {
			steps, values = append(steps, s.Step), append(values, s.Value)
		}
	}
	return steps, values
}

// Measured lists the sites at which q is recorded, in forward order, the whole
// network first. It reads only the first recorded step of q, because all sites of
// a quantity are recorded at the same steps. Of a training in stages, which may
// measure different sites, it reads all steps; each path is listed once.
func Measured(src Source, q Quantity) []Site {
	var sites []Site
	r, ok := src.(Recorded)
	staged := ok && len(r.Ran().Stages) > 1
	step := 0
	seen := map[string]bool{}
	for s := range src.Samples(q) {
		if len(sites) == 0 {
			step = s.Step
		}
		if s.Step != step && !staged {
			break
		}
		if !staged || !seen[s.Site.Path] {
			sites, seen[s.Site.Path] = append(sites, s.Site), true
		}
	}
	if staged {
		slices.SortStableFunc(sites, func(a, b Site) int { return a.Layer - b.Layer })
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
