package nets

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
)

// resNet builds the convolutional residual network; see [vgrad.ResNet]. Its sites are
// those of residual: a block's sum is the pre-activation of its last layer's units.
// Convolutions have the scopes layer1, layer2 and so on; the projection of a skip is in
// the scope "skip" of the block's last layer.
//
// Images are [batch, height, width, channels] and kernels [height, width, in, out]:
// XLA's fast convolutions on a CPU take these, and copy what has another layout.
func resNet(s Setup) (Model, error) {
	if s.Lanes {
		return nil, errors.New("resnet has no lanes; its runs are trained one by one")
	}
	r := convolutional{Setup: s, ResNet: As[vgrad.ResNet](s)}
	var err error
	r.hidden, err = NewActivation(r.Activation, r.Slope)
	if err != nil {
		return nil, err
	}
	if r.draws, err = s.Draws(func(vgrad.Network) (string, float64) { return r.Initializer, r.Gain }); err != nil {
		return nil, err
	}
	if r.last, err = s.Draws(func(vgrad.Network) (string, float64) { return "uniform_fan_in", r.Gain }); err != nil {
		return nil, err
	}
	if in := s.Input; in != nil && (len(in) != 3 || in[0] != in[1]) {
		return nil, fmt.Errorf("network is resnet; it needs square images [side, side, channels], and the data's examples are %v", in)
	}
	return r.model, nil
}

// convolutional is a ResNet in construction.
type convolutional struct {
	Setup
	vgrad.ResNet
	hidden      Activation
	draws, last Draws
}

func (r convolutional) model(scope *model.Scope, x *Node) *Node {
	side, channels := r.Input[0], r.Input[2]
	plan := r.Plan(side, channels)
	x = Reshape(x, -1, side, side, channels)
	x = r.unit(scope, x, plan.Stem, 1)
	if plan.Pool {
		x = MaxPool(x).Window(3).Strides(2).PaddingPerDim([][2]int{{1, 1}, {1, 1}}).Done()
	}
	r.stream(scope.At("layer1"), x, 1)
	layer := 1
	for i, b := range plan.Blocks {
		last := layer + len(b.Branch)
		own := scope.At("block%d", i+1)
		x = r.block(scope, own, x, b, layer+1)
		r.stream(own, x, last)
		layer = last
	}
	x = ReduceMean(x, 1, 2)
	return r.Dense(scope.At("layer%d", r.Depth), x, Dense{Layer: r.Depth, Units: r.Outputs, Activation: MustActivation("identity", 0), Draws: r.last})
}

// block is φ(x + F(x)), or φ(F(x)) without skips. Its first layer has number first.
func (r convolutional) block(scope, own *model.Scope, x *Node, b vgrad.ResNetBlock, first int) *Node {
	h := x
	if r.Skip == vgrad.On {
		h = TapBranch(own, x, first)
	}
	last := len(b.Branch) - 1
	for i, c := range b.Branch[:last] {
		h = r.unit(scope, h, c, first+i)
	}
	at := scope.At("layer%d", first+last)
	z := r.convolve(at, h, b.Branch[last], first+last)
	if r.Skip == vgrad.On {
		z = Add(r.skipped(at.At("skip"), x, b, first+last), z)
	}
	a := r.hidden.Apply(z)
	r.TapUnits(at, Dense{Layer: first + last, Activation: r.hidden}, z, a)
	return a
}

// skipped is the block's input in the shape of its output.
func (r convolutional) skipped(scope *model.Scope, x *Node, b vgrad.ResNetBlock, layer int) *Node {
	if b.Project != nil {
		return r.convolve(scope, x, *b.Project, layer)
	}
	x = everyPixel(x, b.Branch[0].Stride)
	if more := b.Branch[len(b.Branch)-1].Out - x.Shape().Dim(-1); more > 0 { // GoMLX's Pad has no gradient
		dims := slices.Clone(x.Shape().Dimensions)
		dims[3] = more
		x = Concatenate([]*Node{x, Zeros(x.Graph(), shapes.Make(x.DType(), dims...))}, -1)
	}
	return x
}

// everyPixel keeps every stride-th pixel in both directions.
func everyPixel(x *Node, stride int) *Node {
	if stride == 1 {
		return x
	}
	return Slice(x, AxisRange(), AxisRange().Stride(stride), AxisRange().Stride(stride), AxisRange())
}

// stream taps what a block passes to the next. A plain stack has no stream.
func (r convolutional) stream(scope *model.Scope, x *Node, layer int) {
	if r.Skip == vgrad.On {
		TapStream(scope, x, layer)
	}
}

// unit is φ of a convolution, with its units tapped.
func (r convolutional) unit(scope *model.Scope, x *Node, c vgrad.Convolution, layer int) *Node {
	at := scope.At("layer%d", layer)
	z := r.convolve(at, x, c, layer)
	a := r.hidden.Apply(z)
	r.TapUnits(at, Dense{Layer: layer, Activation: r.hidden}, z, a)
	return a
}

// convolve is a convolution with its normalization, or with biases if there is none.
func (r convolutional) convolve(scope *model.Scope, x *Node, c vgrad.Convolution, layer int) *Node {
	w := r.variable(scope, "weights", []int{c.Size, c.Size, c.In, c.Out}, func(lane int, shape []int) []float32 {
		return r.draws[lane].init(Stream(r.draws[lane].seed, scope.Scope()+"/weights"), shape)
	})
	Declare(x.Graph(), w, layer, vgrad.Kernel)
	x = apart(x)
	z := convolution(x, w.NodeValue(x), c)
	if r.Norm == vgrad.NoNorm {
		b := r.constant(scope, "biases", []int{c.Out}, nil)
		Declare(x.Graph(), b, layer, vgrad.Bias)
		z = Add(z, InsertAxes(b.NodeValue(x), 0, 0, 0))
	}
	fed(w, x, z, layer == 1)
	return r.Normalize(scope.At("norm"), z, r.Norm, layer)
}

// convolution convolves x, padded with zeros to keep its size at stride 1.
func convolution(x, w *Node, c vgrad.Convolution) *Node {
	pad := [2]int{c.Size / 2, c.Size / 2}
	return Convolve(x, w).Strides(c.Stride).PaddingPerDim([][2]int{pad, pad}).Done()
}
