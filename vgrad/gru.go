package vgrad

import "errors"

// GRU is the gated recurrent unit of Cho et al. 2014 (arXiv:1406.1078), in the form
// that libraries compute: the reset gate r multiplies the product with U, not h. With
// the update gate z,
//
//	r, z = σ(x_t·W + h_{t−1}·U + b), each with its own W, U and b
//	n = tanh(x_t·W + b + r·(h_{t−1}·U + b'))
//	h_t = (1 − z)·n + z·h_{t−1}, h_0 = 0
//
// A linear layer reads the last h. The first axis of the data's input is time.
type GRU struct {
	// Width is the number of units of h. Zero: 32.
	Width int `json:"width,omitempty"`
	// UpdateBias is the initial bias of the update gate: above zero the units keep more
	// of what they hold. Zero: 0.
	UpdateBias float64 `json:"update_bias,omitempty"`
	// Initializer of W and of the output layer. Zero: "glorot_uniform".
	Initializer string `json:"initializer,omitempty"`
	// Gain multiplies the initial W and output weights. Zero: 1; [Zero]: they start at zero.
	Gain float64 `json:"gain,omitempty"`
	// Recurrent is the initializer of each gate's U: the name of any initializer, or
	// "identity". Zero: "orthogonal".
	Recurrent string `json:"recurrent,omitempty"`
	// RecurrentGain multiplies the initial U. Zero: 1; [Zero]: U starts at zero.
	RecurrentGain float64 `json:"recurrent_gain,omitempty"`
}

// Family is "gru".
func (GRU) Family() string { return "gru" }

// Defaults returns 32 units.
func (GRU) Defaults() Network {
	return GRU{Width: 32, Initializer: "glorot_uniform", Gain: 1, Recurrent: "orthogonal", RecurrentGain: 1}
}

// Check reports numbers out of range.
func (n GRU) Check() error {
	return errors.Join(atLeastOne("width", n.Width), finite("update_bias", n.UpdateBias, unbounded),
		finite("gain", n.Gain, 0), finite("recurrent_gain", n.RecurrentGain, 0))
}

// Effective returns the network itself.
func (n GRU) Effective() Network { return n }

// Alike leaves out all but the width.
func (n GRU) Alike() Network { return GRU{Width: n.Width} }

// Layers is 2: the recurrent layer and the output.
func (GRU) Layers() int { return 2 }

// Multiplications counts each weight once a time step.
func (n GRU) Multiplications(inputs, outputs int) uint64 {
	return recurrentWork(3, n.Width, inputs, outputs)
}
