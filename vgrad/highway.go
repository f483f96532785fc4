package vgrad

import "errors"

// Highway is the highway network of Srivastava, Greff and Schmidhuber 2015
// (arXiv:1505.00387). Its first layer is dense and brings the input to Width
// units; the last is linear; each layer between them computes
//
//	y = T(x)·H(x) + (1 − T(x))·x, H(x) = φ(x·W_H + b_H), T(x) = σ(x·W_T + b_T)
//
// The gate T decides for each unit how much of the input is replaced.
type Highway struct {
	// Depth is the number of layers, the first and the output included. Zero: 10.
	Depth int `json:"depth,omitempty"`
	// Width is the number of units of each hidden layer. Zero: 50, as in the paper.
	Width int `json:"width,omitempty"`
	// Activation φ of the hidden layers. Zero: "tanh".
	Activation string `json:"activation,omitempty"`
	// Slope of leaky ReLU below zero. Zero: 0.2; [Zero]: none.
	Slope float64 `json:"slope,omitempty"`
	// GateBias is the initial value of the gates' biases b_T. Below zero the
	// layers at first pass on most of their input. Zero: -2; [Zero]: half open gates.
	GateBias float64 `json:"gate_bias,omitempty"`
	// Initializer of the weights; biases b_H start at zero. Zero: "glorot_uniform".
	Initializer string `json:"initializer,omitempty"`
	// Gain multiplies the initial weights. Zero: 1; [Zero]: all weights start at zero.
	Gain float64 `json:"gain,omitempty"`
}

// Family is "highway".
func (Highway) Family() string { return "highway" }

// Defaults returns ten layers of fifty units.
func (Highway) Defaults() Network {
	return Highway{Depth: 10, Width: 50, Activation: "tanh", Slope: 0.2, GateBias: -2, Initializer: "glorot_uniform", Gain: 1}
}

// Check reports numbers out of range. The depth is at least 2: the first layer and the output.
func (n Highway) Check() error {
	return errors.Join(atLeast(2, "depth", n.Depth), atLeastOne("width", n.Width),
		finite("gain", n.Gain, 0), finite("slope", n.Slope, unbounded), finite("gate_bias", n.GateBias, unbounded))
}

// Effective leaves out the slope unless the activation is leaky ReLU.
func (n Highway) Effective() Network {
	if n.Activation != "leaky_relu" {
		n.Slope = 0
	}
	return n
}

// Alike leaves out initializer, gain, gate bias, activation and slope.
func (n Highway) Alike() Network {
	n.Initializer, n.Gain, n.GateBias, n.Activation, n.Slope = "", 0, 0, "", 0
	return n
}

// Layers is Depth.
func (n Highway) Layers() int { return n.Depth }

// Multiplications counts one for each weight of the layers and the gates.
func (n Highway) Multiplications(inputs, outputs int) uint64 {
	return sum(product(inputs, n.Width), product(2, n.Depth-2, n.Width, n.Width), product(n.Width, outputs))
}
