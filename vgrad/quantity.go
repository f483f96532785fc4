package vgrad

import (
	"fmt"
	"slices"
	"strings"
)

// Quantity is the name of a measured quantity. Its [Info] describes it.
type Quantity string

// The quantities of the whole network: one value a step.
const (
	Loss          Quantity = "loss"           // mean cross-entropy of the step's batch, before the update
	TrainAccuracy Quantity = "train_accuracy" // of the step's batch, before the update
	ValLoss       Quantity = "val_loss"       // of the validation set, at the end
	ValAccuracy   Quantity = "val_accuracy"   // of the validation set, at the end
)

// The quantities of a layer's weights W: one value a layer and step. L is the
// mean loss of the batch. If an element is NaN, the value is NaN. If all weights
// are zero, the update ratio is infinite, or NaN if the update is zero as well.
const (
	MeanAbsGrad   Quantity = "mean_abs_grad"   // mean |∂L/∂W|
	RMSGrad       Quantity = "rms_grad"        // root mean square of ∂L/∂W
	MaxAbsGrad    Quantity = "max_abs_grad"    // max |∂L/∂W|
	UpdateRatio   Quantity = "update_ratio"    // ‖ΔW‖ / ‖W‖, ΔW the step's update, W before it
	SpectralNorm  Quantity = "spectral_norm"   // largest singular value of recurrent weights, before the update; recorded as rarely as histograms
	MeanAbsWeight Quantity = "mean_abs_weight" // mean |W|, before the update; after the last step, at step Steps
)

// The factors of the chain rule at a layer, one value a layer and step. They are
// ratios of root mean squares over batch and units, and so exact: without a
// normalization and a skip connection, RMS δ of a layer is that of the next times
// the next layer's weight factor times the layer's own slope factor. A factor is NaN
// if no signal arrives. The signal that passes to the data is not computed, so the
// first layer has no weight factor.
const (
	SlopeFactor  Quantity = "slope_factor"  // of units: RMS δ / RMS ∂L/∂a, what the slopes φ′(z) pass; with a normalization before φ, at z
	NormFactor   Quantity = "norm_factor"   // of units behind a normalization: RMS ∂L/∂(x·W+b) / RMS δ
	WeightFactor Quantity = "weight_factor" // of weights: RMS of what passes back through W to x / RMS ∂L/∂(x·W+b)
	InputSize    Quantity = "input_size"    // of weights: RMS of the layer's input x, the other factor of ∂L/∂W = xᵀ·δ
)

// The quantities of a layer's units, with z the pre-activations, φ the
// activation and a = φ(z): one value a layer and step. The logits count as a
// layer, with the identity as their activation.
//
// L is the mean over the batch, so δ shrinks as the batch grows: compare δ
// between layers, not between batch sizes. By this measure a plain ReLU is
// saturated about half of the time, because it is flat below zero. A leaky ReLU
// with slope 0.2 is never saturated. A NaN counts as neither saturated nor dead.
const (
	RMSDelta       Quantity = "rms_delta"       // root mean square of δ = ∂L/∂z over batch and units
	MeanActivation Quantity = "mean_activation" // mean of a over batch and units
	StdActivation  Quantity = "std_activation"  // standard deviation of a over batch and units
	Saturated      Quantity = "saturated"       // fraction of (example, unit) with |φ′(z)| < 0.0591 · sup|φ′|
	Dead           Quantity = "dead"            // fraction of units with |a| ≤ 1e-8 on every example of the batch
)

// The histograms of a layer.
const (
	Weights     Quantity = "weights"     // of W, before the update
	Gradients   Quantity = "gradients"   // of ∂L/∂W
	Activations Quantity = "activations" // of a
)

// Subject is the part of a network that a quantity describes.
type Subject int

const (
	WholeNetwork Subject = iota // the network: one value a step
	LayerWeights                // a kernel or a recurrent kernel
	LayerUnits                  // units with pre-activations and activations
)

// Info describes a quantity for figures and reports. It is stored with the
// recorded values.
type Info struct {
	Title     string  `json:"title"`          // "mean |∂L/∂W|"
	Unit      string  `json:"unit,omitempty"` // of the axis: "nats", "fraction"; "" for a plain number
	Subject   Subject `json:"subject,omitempty"`
	Histogram bool    `json:"histogram,omitempty"` // a sample holds a histogram, not a value
	Log       bool    `json:"log,omitempty"`       // spans orders of magnitude: drawn on a log axis
	Final     bool    `json:"final,omitempty"`     // measured once, after the last step
}

// entry is a quantity with its description.
type entry struct {
	Quantity
	Info
}

// catalogue lists every quantity; a new one adds a line here and a file in package probe.
var catalogue = []entry{
	{Loss, Info{Title: "training loss", Unit: "nats"}},
	{TrainAccuracy, Info{Title: "training accuracy", Unit: "fraction of the batch"}},
	{ValLoss, Info{Title: "validation loss", Unit: "nats", Final: true}},
	{ValAccuracy, Info{Title: "validation accuracy", Unit: "fraction", Final: true}},
	{MeanAbsGrad, Info{Title: "mean |∂L/∂W|", Subject: LayerWeights, Log: true}},
	{RMSGrad, Info{Title: "RMS of ∂L/∂W", Subject: LayerWeights, Log: true}},
	{MaxAbsGrad, Info{Title: "max |∂L/∂W|", Subject: LayerWeights, Log: true}},
	{UpdateRatio, Info{Title: "update-to-weight ratio ‖ΔW‖/‖W‖", Subject: LayerWeights, Log: true}},
	{MeanAbsWeight, Info{Title: "mean |W|", Subject: LayerWeights}},
	{SpectralNorm, Info{Title: "largest singular value of the recurrent weights", Subject: LayerWeights}},
	{RMSDelta, Info{Title: "RMS of δ = ∂L/∂z", Subject: LayerUnits, Log: true}},
	{SlopeFactor, Info{Title: "factor of the slopes", Subject: LayerUnits, Log: true}},
	{NormFactor, Info{Title: "factor of the normalization", Subject: LayerUnits, Log: true}},
	{WeightFactor, Info{Title: "factor of the weights", Subject: LayerWeights, Log: true}},
	{InputSize, Info{Title: "RMS of the layer's input", Subject: LayerWeights, Log: true}},
	{MeanActivation, Info{Title: "mean activation", Subject: LayerUnits}},
	{StdActivation, Info{Title: "standard deviation of activations", Subject: LayerUnits}},
	{Saturated, Info{Title: "saturated", Unit: "fraction of units and examples", Subject: LayerUnits}},
	{Dead, Info{Title: "dead units", Unit: "fraction of units", Subject: LayerUnits}},
	{Weights, Info{Title: "weights W", Subject: LayerWeights, Histogram: true}},
	{Gradients, Info{Title: "gradients ∂L/∂W", Subject: LayerWeights, Histogram: true}},
	{Activations, Info{Title: "activations a", Subject: LayerUnits, Histogram: true}},
}

// added are the quantities from other modules.
var added []entry

// Describe adds a quantity from another module, for the whole process. A measure
// records it only if it lists it. Describe panics if the name is taken. Call it
// before any experiment that lists the quantity is checked.
func Describe(q Quantity, info Info) {
	if _, err := q.Info(); err == nil {
		panic(fmt.Sprintf("vgrad: there is a quantity %q already", q))
	}
	added = append(added, entry{q, info})
}

// Quantities returns the laboratory's own quantities, in a fixed order.
func Quantities() []Quantity { return names(catalogue) }

func names(es []entry) []Quantity {
	var qs []Quantity
	for _, e := range es {
		qs = append(qs, e.Quantity)
	}
	return qs
}

// Info describes q. An unknown quantity is an error that names the known ones.
func (q Quantity) Info() (Info, error) {
	for _, list := range [][]entry{catalogue, added} {
		for _, e := range list {
			if e.Quantity == q {
				return e.Info, nil
			}
		}
	}
	var known []string
	for _, k := range slices.Concat(names(catalogue), names(added)) {
		known = append(known, string(k))
	}
	return Info{}, fmt.Errorf("unknown quantity %q; the known ones are %s", q, strings.Join(known, ", "))
}
