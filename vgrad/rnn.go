package vgrad

import "errors"

// RNN is the recurrent network of Elman 1990 (doi:10.1207/s15516709cog1402_1). At each
// time step t its layer computes
//
//	h_t = φ(x_t·W + h_{t−1}·U + b), h_0 = 0
//
// and a linear layer reads the last h. The first axis of the data's input is time: an
// image of 28 × 28 pixels is 28 time steps of a row each.
type RNN struct {
	// Width is the number of units of h. Zero: 32.
	Width int `json:"width,omitempty"`
	// Activation φ. Zero: "tanh".
	Activation string `json:"activation,omitempty"`
	// Slope of leaky ReLU below zero. Zero: 0.2; [Zero]: none.
	Slope float64 `json:"slope,omitempty"`
	// Initializer of W and of the output layer; biases start at zero. Zero: "glorot_uniform".
	Initializer string `json:"initializer,omitempty"`
	// Gain multiplies the initial W and output weights. Zero: 1; [Zero]: they start at zero.
	Gain float64 `json:"gain,omitempty"`
	// Recurrent is the initializer of U: the name of any initializer, or "identity" (Le et
	// al. 2015, arXiv:1504.00941, with ReLU). Zero: "orthogonal".
	Recurrent string `json:"recurrent,omitempty"`
	// RecurrentGain multiplies the initial U. Zero: 1; [Zero]: U starts at zero.
	RecurrentGain float64 `json:"recurrent_gain,omitempty"`
}

// Family is "rnn".
func (RNN) Family() string { return "rnn" }

// Defaults returns 32 tanh units with orthogonal recurrent weights.
func (RNN) Defaults() Network {
	return RNN{Width: 32, Activation: "tanh", Slope: 0.2, Initializer: "glorot_uniform", Gain: 1, Recurrent: "orthogonal", RecurrentGain: 1}
}

// Check reports numbers out of range.
func (n RNN) Check() error {
	return errors.Join(atLeastOne("width", n.Width), finite("slope", n.Slope, unbounded), finite("gain", n.Gain, 0), finite("recurrent_gain", n.RecurrentGain, 0))
}

// Effective leaves out the slope unless the activation is leaky ReLU.
func (n RNN) Effective() Network {
	if n.Activation != "leaky_relu" {
		n.Slope = 0
	}
	return n
}

// Alike leaves out all but the width.
func (n RNN) Alike() Network { return RNN{Width: n.Width} }

// Layers is 2: the recurrent layer and the output.
func (RNN) Layers() int { return 2 }

// Multiplications counts each weight once a time step.
func (n RNN) Multiplications(inputs, outputs int) uint64 {
	return recurrentWork(1, n.Width, inputs, outputs)
}

// recurrentWork is the work of a recurrent layer with that many products with its own
// state, and of the output layer. The number of time steps is not known here: the
// data are taken to have one value a time step, or 28 as MNIST's rows do.
func recurrentWork(products, width, inputs, outputs int) uint64 {
	steps := inputs
	if inputs == 28*28 {
		steps = 28
	}
	return sum(product(products, inputs, width), product(products, steps, width, width), product(width, outputs))
}
