package vgrad

import "errors"

// LSTM is the long short-term memory of Hochreiter and Schmidhuber 1997
// (doi:10.1162/neco.1997.9.8.1735) with the forget gate of Gers et al. 2000
// (doi:10.1162/089976600300015015). Its gates are i, f and o, its candidate is g:
//
//	i, f, o = σ(x_t·W + h_{t−1}·U + b) and g = tanh(x_t·W + h_{t−1}·U + b), each with its own W, U and b
//	c_t = f·c_{t−1} + i·g, h_t = o·tanh(c_t), c_0 = h_0 = 0
//
// A linear layer reads the last h. On the way back from c_t to c_{t−1} the gradient is
// multiplied by f alone: not by weights, and by no activation's slope. The first axis
// of the data's input is time.
type LSTM struct {
	// Width is the number of units of h and of c. Zero: 32.
	Width int `json:"width,omitempty"`
	// ForgetBias is the initial bias of the forget gate. Zero: 1 (Jozefowicz et al. 2015);
	// [Zero]: half open gates.
	ForgetBias float64 `json:"forget_bias,omitempty"`
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

// Family is "lstm".
func (LSTM) Family() string { return "lstm" }

// Defaults returns 32 units with a forget bias of 1.
func (LSTM) Defaults() Network {
	return LSTM{Width: 32, ForgetBias: 1, Initializer: "glorot_uniform", Gain: 1, Recurrent: "orthogonal", RecurrentGain: 1}
}

// Check reports numbers out of range.
func (n LSTM) Check() error {
	return errors.Join(atLeastOne("width", n.Width), finite("forget_bias", n.ForgetBias, unbounded),
		finite("gain", n.Gain, 0), finite("recurrent_gain", n.RecurrentGain, 0))
}

// Effective returns the network itself.
func (n LSTM) Effective() Network { return n }

// Alike leaves out all but the width.
func (n LSTM) Alike() Network { return LSTM{Width: n.Width} }

// Layers is 2: the recurrent layer and the output.
func (LSTM) Layers() int { return 2 }

// Multiplications counts each weight once a time step.
func (n LSTM) Multiplications(inputs, outputs int) uint64 {
	return recurrentWork(4, n.Width, inputs, outputs)
}
