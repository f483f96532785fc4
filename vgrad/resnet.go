package vgrad

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ResNet is the convolutional residual network of He et al. 2015 (arXiv:1512.03385).
//
// With depth 18, 34, 50, 101 or 152 it is their network for ImageNet in its usual form
// (torchvision's): four stages of blocks, bottlenecks from depth 50 on, whose stride is
// in the 3×3 convolution, and projections where the shape changes. With a depth of
// 6n+2, such as 20, 32, 44, 56 or 110, it is their network for CIFAR: three stages of n
// blocks, whose skips drop pixels and add channels of zeros where the shape changes.
//
// Images with sides of 64 or more have the stem for ImageNet, a 7×7 convolution of
// stride 2 and a 3×3 maximum of stride 2. Smaller ones have a 3×3 convolution of stride
// Stride.
type ResNet struct {
	// Depth is the number of layers with weights on the longest path. Zero: 18.
	Depth int `json:"depth,omitempty"`
	// Skip says whether a block's input is added to its output. Off gives the same
	// stack plain, without projections and with the same initial weights. Zero: On.
	Skip Switch `json:"skip,omitempty"`
	// Width is the number of channels of the first stage; each later stage has twice
	// as many. Zero: the paper's, which is 64, or 16 in the network for CIFAR.
	Width int `json:"width,omitempty"`
	// Stride of the stem for small images. With 2 a step takes about a quarter of the
	// time. Zero: 1.
	Stride int `json:"stride,omitempty"`
	// Norm is the normalization after each convolution, "batch" or "none", which has
	// biases instead. Zero: "batch".
	Norm string `json:"norm,omitempty"`
	// Activation φ. Zero: "relu".
	Activation string `json:"activation,omitempty"`
	// Slope of leaky ReLU below zero. Zero: 0.2; [Zero]: none.
	Slope float64 `json:"slope,omitempty"`
	// Initializer of the convolutions. The last, dense layer always has U(±1/√in), as
	// torchvision's. Zero: "he_normal_out", also as torchvision's.
	Initializer string `json:"initializer,omitempty"`
	// Gain multiplies the initial weights. Zero: 1; [Zero]: all weights start at zero.
	Gain float64 `json:"gain,omitempty"`
}

// resNetStages are the blocks of each stage for ImageNet.
var resNetStages = map[int][]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}, 152: {3, 8, 36, 3}}

// Family is "resnet".
func (ResNet) Family() string { return "resnet" }

// Defaults returns ResNet-18.
func (ResNet) Defaults() Network {
	return ResNet{Depth: 18, Skip: On, Stride: 1, Norm: BatchNorm, Activation: "relu", Slope: 0.2, Initializer: "he_normal_out", Gain: 1}
}

// Check reports numbers out of range and depths that there are none of.
func (n ResNet) Check() error {
	var depth error
	if resNetStages[n.Depth] == nil && (n.Depth < 8 || n.Depth%6 != 2) {
		depth = fmt.Errorf("depth is %d; it must be 18, 34, 50, 101 or 152, or 6n+2 as for CIFAR: 8, 14, 20, 26, 32, …, 110", n.Depth)
	}
	return errors.Join(depth, n.Skip.check("skip"), atLeast(0, "width", n.Width), atLeastOne("stride", n.Stride),
		oneOf("norm", n.Norm, []string{BatchNorm, NoNorm}), finite("gain", n.Gain, 0), finite("slope", n.Slope, unbounded))
}

// Effective leaves out the slope unless the activation is leaky ReLU.
func (n ResNet) Effective() Network {
	if n.Activation != "leaky_relu" {
		n.Slope = 0
	}
	return n
}

// Alike leaves out initializer and gain: a program does not depend on them. The runs
// are not lanes all the same; see Alone.
func (n ResNet) Alike() Network {
	n.Initializer, n.Gain = "", 0
	return n
}

// Alone says that runs are trained one by one. A convolution of several networks side
// by side is not faster on any backend.
func (ResNet) Alone() {}

// Layers is Depth.
func (n ResNet) Layers() int { return n.Depth }

// Convolution is a convolution of Size×Size pixels from In to Out channels.
type Convolution struct {
	Size, In, Out, Stride int
}

// output is the side of the output for an input of a side, padded by Size/2.
func (c Convolution) output(side int) int { return (side + c.Stride - 1) / c.Stride }

// ResNetBlock is a block: the convolutions of its branch, and what its skip does.
type ResNetBlock struct {
	Branch []Convolution
	// Project is the convolution of the skip. Nil: the skip passes on its input. If
	// that has fewer channels or more pixels, it drops pixels and adds zeros.
	Project *Convolution
}

// ResNetPlan lists the convolutions of a ResNet.
type ResNetPlan struct {
	Stem   Convolution
	Pool   bool // a 3×3 maximum of stride 2 follows the stem
	Blocks []ResNetBlock
}

// Plan lists the convolutions for images of a side and a number of channels.
func (n ResNet) Plan(side, channels int) ResNetPlan {
	stages, cifar := resNetStages[n.Depth], resNetStages[n.Depth] == nil
	width := n.Width
	switch {
	case cifar:
		stages = slices.Repeat([]int{(n.Depth - 2) / 6}, 3)
		if width == 0 {
			width = 16
		}
	case width == 0:
		width = 64
	}
	p := ResNetPlan{Stem: Convolution{3, channels, width, n.Stride}}
	if side >= 64 {
		p.Stem, p.Pool = Convolution{7, channels, width, 2}, true
	}
	in := width
	for stage, blocks := range stages {
		for i := range blocks {
			stride := 1
			if i == 0 && stage > 0 {
				stride = 2
			}
			b := n.block(in, width<<stage, stride)
			if cifar {
				b.Project = nil
			}
			p.Blocks = append(p.Blocks, b)
			in = b.Branch[len(b.Branch)-1].Out
		}
	}
	return p
}

// block is a block of two 3×3 convolutions, or from depth 50 on a bottleneck.
func (n ResNet) block(in, width, stride int) ResNetBlock {
	out := width
	b := ResNetBlock{Branch: []Convolution{{3, in, width, stride}, {3, width, width, 1}}}
	if resNetStages[n.Depth] != nil && n.Depth >= 50 {
		out = 4 * width
		b.Branch = []Convolution{{1, in, width, 1}, {3, width, width, stride}, {1, width, out, 1}}
	}
	if n.Skip == On && (stride > 1 || in != out) {
		b.Project = &Convolution{1, in, out, stride}
	}
	return b
}

// Multiplications counts those of the convolutions and of the last layer. The number
// of inputs is that of a square image with one channel or three.
func (n ResNet) Multiplications(inputs, outputs int) uint64 {
	side, channels := square(inputs)
	p := n.Plan(side, channels)
	total := p.Stem.multiplications(side)
	side = p.Stem.output(side)
	if p.Pool {
		side = (side + 1) / 2
	}
	last := p.Stem.Out
	for _, b := range p.Blocks {
		if b.Project != nil {
			total = sum(total, b.Project.multiplications(side))
		}
		for _, c := range b.Branch {
			total = sum(total, c.multiplications(side))
			side, last = c.output(side), c.Out
		}
	}
	return sum(total, product(last, outputs))
}

func (c Convolution) multiplications(side int) uint64 {
	out := c.output(side)
	return product(out, out, c.Size, c.Size, c.In, c.Out)
}

// square guesses the side and the channels of an image from its number of values.
func square(inputs int) (side, channels int) {
	for _, channels := range []int{1, 3} {
		side := int(math.Round(math.Sqrt(float64(inputs / channels))))
		if side*side*channels == inputs {
			return side, channels
		}
	}
	return int(math.Sqrt(float64(inputs))), 1
}
