package vgrad

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The forms of a residual block with input x and branch F. N is the normalization,
// φ the activation.
const (
	// PostActivation is φ(x + F(x)), F = N·W…φ·N·W: He et al. 2015, arXiv:1512.03385.
	PostActivation = "residual"
	// PreActivation is x + F(x), F = W·φ·N…W·φ·N: He et al. 2016, arXiv:1603.05027.
	PreActivation = "preactivation"
	// ReZero is x + α·F(x), F = φ·N·W…φ·N·W, with a trained scalar α that is zero
	// at first: Bachlechner et al. 2020, arXiv:2003.04887.
	ReZero = "rezero"
	// Fixup is φ(x + m·F(x)), F = W…φ·W, with a trained scalar m that is one at
	// first. The last weights of a branch start at zero, and so do those of the
	// output layer. A branch's other weights are multiplied by B^(−1/(2k−2)), with
	// B blocks of k layers: Zhang et al. 2019, arXiv:1901.09321. Of its scalar
	// biases the dense layers' own take the place.
	Fixup = "fixup"
	// Plain is PostActivation without skips.
	Plain = "plain"
)

var blocks = []string{PostActivation, PreActivation, ReZero, Fixup, Plain}

// The normalizations of a layer's pre-activations. See [Residual.Norm].
const (
	NoNorm    = "none"
	BatchNorm = "batch"
	LayerNorm = "layer"
	RMSNorm   = "rms"
)

var norms = []string{NoNorm, BatchNorm, LayerNorm, RMSNorm}

// Residual is a stack of dense residual blocks. Its first layer is dense and brings
// the input to Width units; the last is linear. Between them are blocks of
// BlockLayers layers each, whose input is added to their output unless Skip is Off.
// Highway networks have a family of their own, [Highway].
type Residual struct {
	// Depth is the number of layers with weights, the first and the output
	// included. Depth − 2 must be a multiple of BlockLayers. Zero: 20.
	Depth int `json:"depth,omitempty"`
	// Width is the number of units of each hidden layer. Zero: 50.
	Width int `json:"width,omitempty"`
	// Block is the form of the blocks: "residual" (φ after the sum), "preactivation",
	// "rezero", "fixup", or "plain", which is "residual" with skip=false.
	// Zero: "residual".
	Block string `json:"block,omitempty"`
	// BlockLayers is the number of layers of a block's branch. Zero: 2.
	BlockLayers int `json:"block_layers,omitempty"`
	// Skip says whether a block's input is added to its output. Off gives the same
	// stack plain, with the same initial weights. Zero: On.
	Skip Switch `json:"skip,omitempty"`
	// Norm is the normalization N: "none", "batch" (over the batch, with running
	// averages for validation), "layer" (over the units) or "rms" (over the units,
	// without subtracting the mean). Zero: "none".
	Norm string `json:"norm,omitempty"`
	// Activation φ of the hidden layers. Zero: "relu".
	Activation string `json:"activation,omitempty"`
	// Slope of leaky ReLU below zero. Zero: 0.2; [Zero]: none.
	Slope float64 `json:"slope,omitempty"`
	// Initializer of the weights; biases start at zero. Zero: "he_normal".
	Initializer string `json:"initializer,omitempty"`
	// Gain multiplies the initial weights. Zero: 1; [Zero]: all weights start at zero.
	Gain float64 `json:"gain,omitempty"`
}

// Family is "residual".
func (Residual) Family() string { return "residual" }

// Defaults returns nine blocks of two ReLU layers of fifty units.
func (Residual) Defaults() Network {
	return Residual{Depth: 20, Width: 50, Block: PostActivation, BlockLayers: 2, Skip: On, Norm: NoNorm,
		Activation: "relu", Slope: 0.2, Initializer: "he_normal", Gain: 1}
}

// Check reports numbers out of range and unknown forms. ReZero and Fixup need their
// skips: without them their output is zero at first.
func (n Residual) Check() error {
	errs := []error{atLeast(2, "depth", n.Depth), atLeastOne("width", n.Width), atLeastOne("block_layers", n.BlockLayers),
		oneOf("block", n.Block, blocks), oneOf("norm", n.Norm, norms), n.Skip.check("skip"),
		finite("gain", n.Gain, 0), finite("slope", n.Slope, unbounded)}
	if n.BlockLayers > 0 && n.Depth >= 2 && (n.Depth-2)%n.BlockLayers != 0 {
		below := n.Depth - (n.Depth-2)%n.BlockLayers
		errs = append(errs, fmt.Errorf("depth is %d; with blocks of %d layers it must be %d or %d", n.Depth, n.BlockLayers, below, below+n.BlockLayers))
	}
	if n.Skip == Off && (n.Block == ReZero || n.Block == Fixup) {
		errs = append(errs, fmt.Errorf("skip is false; block=%s needs its skips, without them its output is zero at first", n.Block))
	}
	if n.Block == Fixup && n.BlockLayers < 2 {
		errs = append(errs, fmt.Errorf("block_layers is %d; block=%s needs 2 or more", n.BlockLayers, n.Block))
	}
	return errors.Join(errs...)
}

// oneOf reports a name that is not in the list.
func oneOf(field, name string, known []string) error {
	if !slices.Contains(known, name) {
		return fmt.Errorf("%s is %q; it must be one of %s", field, name, strings.Join(known, ", "))
	}
	return nil
}

// Effective leaves out the slope unless the activation is leaky ReLU, and Skip if
// the form is "plain".
func (n Residual) Effective() Network {
	if n.Activation != "leaky_relu" {
		n.Slope = 0
	}
	if n.Block == Plain {
		n.Skip = ""
	}
	return n
}

// spelt writes the form "plain" as "residual" without skips.
func (n Residual) spelt() Residual {
	if n.Block == Plain {
		n.Block, n.Skip = PostActivation, Off
	}
	return n
}

// Form is the form of the blocks and whether they have skips; it is never "plain".
func (n Residual) Form() (block string, skip bool) {
	n = n.spelt()
	return n.Block, n.Skip == On
}

// Blocks is the number of blocks.
func (n Residual) Blocks() int { return (n.Depth - 2) / n.BlockLayers }

// Alike leaves out initializer, gain, activation and slope.
func (n Residual) Alike() Network {
	n = n.spelt()
	n.Initializer, n.Gain, n.Activation, n.Slope = "", 0, "", 0
	return n
}

// Layers is Depth.
func (n Residual) Layers() int { return n.Depth }

// Multiplications counts one for each weight.
func (n Residual) Multiplications(inputs, outputs int) uint64 {
	return sum(product(inputs, n.Width), product(n.Depth-2, n.Width, n.Width), product(n.Width, outputs))
}
