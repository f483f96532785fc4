package nets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/scan"
)

// recurrent is what the recurrent families have in common: one recurrent layer, with
// the scope layer1, and an output layer that reads its state.
type recurrent struct {
	Setup
	width              int
	kernel, recurrence Draws
}

// newRecurrent returns the recurrent family's common part. The function of returns
// the initializers and gains in a lane's network.
func newRecurrent(s Setup, width int, of func(vgrad.Network) (kernel string, gain float64, recurrence string, recurrentGain float64)) (recurrent, error) {
	r := recurrent{Setup: s, width: width}
	if len(s.Input) > 0 && len(s.Input) < 2 {
		return r, fmt.Errorf("network %s reads sequences, of shape [time, features]; the data's examples have shape %v", s.Networks[0].Family(), s.Input)
	}
	var err error
	if r.kernel, err = s.Draws(func(n vgrad.Network) (string, float64) { name, gain, _, _ := of(n); return name, gain }); err != nil {
		return r, err
	}
	for i, n := range s.Networks {
		_, _, name, gain := of(n)
		init, err := NewInitializer(name, gain)
		switch {
		case name == "identity":
			init = identity(gain)
		case err != nil:
			return r, fmt.Errorf("unknown recurrent initializer %q; the known ones are %s, identity", name, strings.Join(Initializers(), ", "))
		}
		r.recurrence = append(r.recurrence, draw{init, s.Seeds[i]})
	}
	return r, nil
}

// identity gives gain times the identity matrix.
func identity(gain float64) Initializer {
	return func(_ *rand.Rand, shape []int) []float32 {
		w := make([]float32, size(shape))
		for i := range min(shape[0], shape[1]) {
			w[i*shape[1]+i] = float32(gain)
		}
		return w
	}
}

// sequence puts the time axis first: [time, batch, features], or
// [time, lanes, batch, features]. Lanes that share their batch have no lane axis.
func (r recurrent) sequence(x *Node) *Node {
	dims := x.Shape().Dimensions
	steps := r.Input[0]
	x = Reshape(x, append(append([]int{}, dims[:len(dims)-1]...), steps, -1)...)
	if x.Rank() == 3 {
		return TransposeAllAxes(x, 1, 0, 2)
	}
	return TransposeAllAxes(x, 2, 0, 1, 3)
}

// project is x·W + b of all time steps, [time, batch, blocks·width], or with a lane
// axis after time. One large product is several times faster than one a time step.
func (r recurrent) project(scope *model.Scope, x *Node, blocks int, bias func(lane, block int) float64) *Node {
	w := r.blocks(scope, "weights", x.Shape().Dim(-1), blocks, r.kernel)
	b := r.variable(scope, "biases", []int{blocks * r.width}, func(lane int, shape []int) []float32 {
		values := make([]float32, shape[0])
		for i := range values {
			values[i] = float32(bias(lane, i/r.width))
		}
		return values
	})
	g := x.Graph()
	Declare(g, w, 1, vgrad.Kernel)
	Declare(g, b, 1, vgrad.Bias)
	bias1 := b.NodeValue(g)
	if !r.Lanes {
		return Add(Dot(x, w.NodeValue(g)).General([]int{2}, nil, []int{0}, nil), InsertAxes(bias1, 0, 0))
	}
	var y *Node
	if x.Rank() == 3 { // one batch for all lanes
		y = TransposeAllAxes(Dot(x, w.NodeValue(g)).General([]int{2}, nil, []int{1}, nil), 0, 2, 1, 3)
	} else {
		y = TransposeAllAxes(Dot(x, w.NodeValue(g)).General([]int{3}, []int{1}, []int{1}, []int{0}), 1, 0, 2, 3)
	}
	return Add(y, InsertAxes(bias1, 0, 1))
}

// recurrentKernel is U, [width, blocks·width].
func (r recurrent) recurrentKernel(scope *model.Scope, g *Graph, blocks int) *Node {
	u := r.blocks(scope, "recurrent", r.width, blocks, r.recurrence)
	Declare(g, u, 1, vgrad.RecurrentKernel)
	return u.NodeValue(g)
}

// blocks is a variable of blocks beside each other, [in, blocks·width]. Each block is
// drawn by itself, as the matrix of one gate.
func (r recurrent) blocks(scope *model.Scope, name string, in, blocks int, draws Draws) *model.Variable {
	return r.variable(scope, name, []int{in, blocks * r.width}, func(lane int, shape []int) []float32 {
		values := make([]float32, size(shape))
		for k := range blocks {
			block := draws[lane].init(Stream(draws[lane].seed, fmt.Sprint(scope.Scope(), "/", name, k)), []int{in, r.width})
			for i := range in {
				copy(values[(i*blocks+k)*r.width:], block[i*r.width:(i+1)*r.width])
			}
		}
		return values
	})
}

// start is h_0 = 0 for the projected inputs.
func (r recurrent) start(projected *Node) *Node {
	dims := append([]int{}, projected.Shape().Dimensions[1:]...)
	dims[len(dims)-1] = r.width
	return BroadcastToDims(ConstAsDType(projected.Graph(), projected.DType(), 0), dims...)
}

// block is the k-th block of the last axis.
func (r recurrent) block(x *Node, k int) *Node {
	return SliceAxis(x, -1, AxisRange(k*r.width, (k+1)*r.width))
}

// answer is the output layer. It reads the last state or, if the data have several
// answers an example, the last states of as many time steps.
func (r recurrent) answer(scope *model.Scope, of scan.Result) *Node {
	d := Dense{Layer: 2, Units: r.Outputs, Activation: MustActivation("identity", 0), Draws: r.kernel}
	if r.Answers <= 1 {
		return r.Dense(scope.In("layer2"), of.Last[0], d)
	}
	d.Units /= r.Answers
	all := of.Each[0]
	h := SliceAxis(all, 0, AxisRange(all.Shape().Dim(0)-r.Answers))
	axes := []int{1, 0, 2}
	if r.Lanes {
		axes = []int{1, 2, 0, 3}
	}
	dims := of.Last[0].Shape().Dimensions[:len(axes)-1]
	h = TransposeAllAxes(h, axes...)
	h = Reshape(h, append(append([]int{}, dims[:len(dims)-2]...), dims[len(dims)-2]*r.Answers, r.width)...)
	y := r.Dense(scope.In("layer2"), h, d)
	return Reshape(y, append(append([]int{}, dims[:len(dims)-1]...), r.Outputs)...)
}

// timed are units of all time steps, of which some steps are tapped.
type timed struct {
	name       string
	role       vgrad.Role
	activation Activation
	z          func(t int) *Node // pre-activations of time step t, from 0
	a          func(t int) *Node
	source     *Node               // [time, …]; the gradient of the loss with respect to it holds δ
	of         func(d *Node) *Node // the part of a time step's gradient that is δ. Nil: all
}

// tap taps units at some time steps. Outside of [Record] it does nothing.
func (r recurrent) tap(scope *model.Scope, u timed, times []int) {
	g := u.source.Graph()
	if recorder(g) == nil {
		return
	}
	for _, t := range times {
		show(g, Tapped{Path: fmt.Sprintf("%s[%d]", model.JoinPath(scope.Scope(), u.name), t+1), Layer: 1, Time: t + 1, Role: u.role,
			Z: u.z(t), A: u.a(t), Activation: u.activation, Source: u.source,
			Delta: func(d *Node) *Node {
				if d = at(d, t); u.of != nil {
					d = u.of(d)
				}
				return d
			}})
	}
}

// tapState taps a carried tensor: h or c. Its δ is ∂L/∂h_t, what reaches it from all
// later time steps and from the loss.
func (r recurrent) tapState(scope *model.Scope, name string, of scan.Result, i int, times []int) {
	here := func(t int) *Node { return at(of.Each[i], t) }
	r.tap(scope, timed{name: name, role: vgrad.Stream, activation: MustActivation("identity", 0), z: here, a: here, source: of.Adjoints[i]}, times)
}

func at(x *Node, t int) *Node { return Squeeze(SliceAxis(x, 0, AxisElem(t)), 0) }

// lags lists, in ascending order, the time steps of a sequence that are measured, as
// indices from 0. They are dense at its end: the last ones up to the lag near, and
// then at lags that grow by the factor, up to the first. What vanishes or explodes
// does so exponentially with the lag, so few suffice.
func lags(steps, near int, factor float64) []int {
	var times []int
	add := func(lag int) {
		if t := steps - 1 - lag; t >= 0 && (len(times) == 0 || t < times[len(times)-1]) {
			times = append(times, t)
		}
	}
	for lag := range near + 1 {
		add(lag)
	}
	for lag := float64(max(near, 1)); lag < float64(steps); lag *= factor {
		add(int(math.Round(lag)))
	}
	add(steps - 1)
	for i, j := 0, len(times)-1; i < j; i, j = i+1, j-1 {
		times[i], times[j] = times[j], times[i]
	}
	return times
}

// stateTimes are the time steps at which states are measured: 10 of 100, 13 of 784.
func stateTimes(steps int) []int { return lags(steps, 4, 2) }

// gateTimes are those of gates, candidates and cells: 6 of 100, 7 of 784. Each costs time
// to compile.
func gateTimes(steps int) []int { return lags(steps, 1, 4) }
