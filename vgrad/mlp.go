package vgrad

import "errors"

// MLP is the multi-layer perceptron: Depth dense layers, the last of them linear.
// It is the default family. An experiment has its parameters as fields too:
// Experiment{Depth: 20} means the same as Experiment{Network: MLP{Depth: 20}}.
type MLP struct {
	// Depth is the number of layers with weights, output included. Zero: 6.
	Depth int `json:"depth,omitempty"`
	// Width is the number of units of each hidden layer. Zero: 10.
	Width int `json:"width,omitempty"`
	// Activation of the hidden layers. Zero: "sigmoid".
	Activation string `json:"activation,omitempty"`
	// Slope of leaky ReLU below zero. Zero: 0.2; [Zero]: none.
	Slope float64 `json:"slope,omitempty"`
	// Initializer of the weights; biases start at zero. Zero: "glorot_uniform".
	Initializer string `json:"initializer,omitempty"`
	// Gain multiplies the initial weights. Zero: 1; [Zero]: all weights start at zero.
	Gain float64 `json:"gain,omitempty"`
}

// Family is "mlp".
func (MLP) Family() string { return "mlp" }

// Defaults returns the article's network.
func (MLP) Defaults() Network {
	return MLP{Depth: 6, Width: 10, Activation: "sigmoid", Slope: 0.2, Initializer: "glorot_uniform", Gain: 1}
}

// Check reports numbers out of range.
func (n MLP) Check() error {
	return errors.Join(atLeastOne("depth", n.Depth), atLeastOne("width", n.Width),
		finite("gain", n.Gain, 0), finite("slope", n.Slope, unbounded))
}

// Effective leaves out the slope unless the activation is leaky ReLU.
func (n MLP) Effective() Network {
	if n.Activation != "leaky_relu" {
		n.Slope = 0
	}
	return n
}

// Alike leaves out initializer, gain, activation and slope.
func (n MLP) Alike() Network {
	n.Initializer, n.Gain, n.Activation, n.Slope = "", 0, "", 0
	return n
}

// Layers is Depth.
func (n MLP) Layers() int { return n.Depth }

// Multiplications counts one for each weight.
func (n MLP) Multiplications(inputs, outputs int) uint64 {
	if n.Depth == 1 {
		return product(inputs, outputs)
	}
	return sum(product(inputs, n.Width), product(n.Depth-2, n.Width, n.Width), product(n.Width, outputs))
}
