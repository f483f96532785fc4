package nets_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/nets"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// built is a findCase in a graph, with what was found in it.
type built struct {
	store     *model.Store
	graph     *Graph
	loss      *Node
	variables []*model.Variable
	feeds     ParamsMap
	found     []nets.Found
	unfound   []nets.Unfound
}

// build makes the graph of a case, finds its units, and fills all variables and
// the input with random numbers: zero biases and unit scales would hide mistakes.
func build(t *testing.T, b *backend.Backend, c findCase) *built {
	t.Helper()
	m := &built{store: model.NewStore(), graph: NewGraph(b.Backend, c.name), feeds: ParamsMap{}}
	m.store.SetTraining(m.graph, true)
	x := Parameter(m.graph, "x", c.input)
	y := c.build(m.store.RootScope(), x)
	target := Parameter(m.graph, "target", y.Shape())
	m.loss = ReduceAllMean(Square(Sub(y, target)))
	m.variables = slices.Collect(m.store.IterVariables())
	before := len(m.graph.Nodes())
	m.found, m.unfound = nets.Find(m.loss, m.variables)
	if after := len(m.graph.Nodes()); after != before {
		t.Fatalf("the graph has %d nodes after Find; it had %d", after, before)
	}
	m.feeds[x], m.feeds[target] = random(c.input, 1), random(y.Shape(), 2)
	for i, v := range m.variables {
		p := m.graph.GetParameterByName(v.Path())
		switch {
		case p != nil && v.Name() == "variance":
			m.feeds[p] = tensors.FromValue([]float64{0.5, 1, 1.5, 2, 2.5, 3}[:v.Shape().Size()])
		case p != nil:
			m.feeds[p] = random(v.Shape(), uint64(3+i))
		}
	}
	for i := range m.graph.NumParameters() {
		if p := m.graph.GetParameterByHandle(ParameterHandle(i)); m.feeds[p] == nil {
			m.feeds[p] = random(p.Shape(), uint64(100+i))
		}
	}
	return m
}

// random draws numbers of standard deviation 0.6, or integers from 0 to 6.
func random(shape shapes.Shape, seed uint64) *tensors.Tensor {
	stream := nets.Stream(seed, "find test")
	x := tensors.FromShape(shape)
	x.MustMutableFlatData(func(flat any) {
		switch flat := flat.(type) {
		case []float64:
			for i := range flat {
				flat[i] = 0.6 * stream.NormFloat64()
			}
		case []float32:
			for i := range flat {
				flat[i] = 0.6 * float32(stream.NormFloat64())
			}
		case []int32:
			for i := range flat {
				flat[i] = int32(stream.IntN(7))
			}
		case []uint64: // the state of the random numbers
			for i := range flat {
				flat[i] = stream.Uint64()
			}
		}
	})
	return x
}

// run computes scalars in the graph.
func (m *built) run(t *testing.T, outputs []*Node) []float64 {
	t.Helper()
	if err := m.graph.Compile(outputs...); err != nil {
		t.Fatal(err)
	}
	var values []float64
	for _, out := range m.graph.Run(m.inputs()...) {
		switch v := out.Value().(type) {
		case float64:
			values = append(values, v)
		case float32:
			values = append(values, float64(v))
		}
	}
	return values
}

// inputs are what the graph's parameters are fed, in their order.
func (m *built) inputs() []any {
	var inputs []any
	for i := range m.graph.NumParameters() {
		inputs = append(inputs, m.feeds[m.graph.GetParameterByHandle(ParameterHandle(i))])
	}
	return inputs
}

// text is what was found, a line each.
func (m *built) text() string {
	var text strings.Builder
	for _, u := range m.found {
		bias, act := "no bias", u.Activation.Name
		if u.Bias != nil {
			bias = u.Bias.Path()
		}
		if act == "" {
			act = "unnamed"
		}
		between := ""
		if u.Linear != u.Z {
			between = ", normalized, scaled or reshaped"
		}
		fmt.Fprintf(&text, "layer %d  %s = %s(%s %s + %s%s) of %d\n", u.Layer, u.Path, act, u.KernelRole, u.Variable.Path(), bias, between, u.Z.Shape().Size())
	}
	for _, u := range m.unfound {
		fmt.Fprintf(&text, "%s %s %s\n", u.Variable.Path(), strings.TrimSpace("("+string(u.Role)+")"), u.Reason)
	}
	return strings.ReplaceAll(text.String(), " ()", "")
}

// What is found in each model, line by line. Backends that have fused
// operations and those that have not show the same.
func TestFind(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		for _, c := range findCases {
			t.Run(c.name, func(t *testing.T) {
				got := build(t, b, c).text()
				file := filepath.Join("testdata", "find", c.name+".txt")
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("found\n%s\nwant\n%s", got, want)
				}
			})
		}
	})
}

// δ is what a central finite difference gives when a small multiple of random
// numbers is added to z; A is φ(z), and the slope that of A, where φ has a name.
// The step of 1e-5 loses 1e-10 to truncation and 1e-11 to rounding.
func TestFindDeltas(t *testing.T) {
	b := backendtest.Go(t)
	for _, c := range findCases {
		if c.name != "lanes" { // float32; TestFindLanes compares with taps
			t.Run(c.name, func(t *testing.T) { build(t, b, c).checkDeltas(t) })
		}
	}
}

func (m *built) checkDeltas(t *testing.T) {
	const step = 1e-5
	units := nets.Distinct(m.found)
	deltas := nets.Deltas(m.loss, units)
	var outputs []*Node
	for i, u := range units {
		if !deltas[i].Shape().Equal(u.Z.Shape()) || !u.A.Shape().Equal(u.Z.Shape()) {
			t.Fatalf("%s: z %s, a %s, δ %s", u.Path, u.Z.Shape(), u.A.Shape(), deltas[i].Shape())
		}
		direction := ConstTensor(m.graph, random(u.Z.Shape(), uint64(1000+i)))
		up := m.rebuilt(u.Z, Add(u.Z, MulScalar(direction, step)))
		down := m.rebuilt(u.Z, Sub(u.Z, MulScalar(direction, step)))
		outputs = append(outputs, ReduceAllSum(Mul(deltas[i], direction)), DivScalar(Sub(up, down), 2*step))
		outputs = append(outputs, m.offApplied(u), m.offSlope(u))
	}
	values := m.run(t, outputs)
	for i, u := range units {
		got, want := values[4*i], values[4*i+1]
		near(t, u.Path+": δ", got, want, 1e-6*max(1e-3, math.Abs(want)))
		near(t, u.Path+": |a − φ(z)|", values[4*i+2], 0, 1e-6)
		near(t, u.Path+": |slope − dφ/dz|", values[4*i+3], 0, 1e-6)
		letsThroughNothing := u.Role == vgrad.Gate && u.Time == 1 // an LSTM's forget gate, as its first state is 0
		if math.Abs(want) < 1e-9 && !letsThroughNothing {
			t.Errorf("%s: δ is %v along a random direction; that tests nothing", u.Path, want)
		}
	}
}

// offApplied is how far A is from the activation applied to Z.
func (m *built) offApplied(u nets.Found) *Node {
	if u.Activation.Apply == nil {
		return Scalar(m.graph, u.Z.DType(), 0)
	}
	return ReduceAllMax(Abs(Sub(u.A, u.Activation.Apply(u.Z))))
}

// offSlope is how far Slope is from the gradient of A, which goes through the
// graph as it is.
func (m *built) offSlope(u nets.Found) *Node {
	if u.A == u.Z {
		return ReduceAllMax(Abs(Sub(u.Slope(), OnesLike(u.Z))))
	}
	of := []*Node{u.Z}
	if !m.isComputed(u.Z) { // see Deltas
		of = append(of, u.A.Inputs()...)
	}
	slope := Abs(Gradient(ReduceAllSum(u.A), of...)[0])
	if u.Activation.MaxSlope > 0 {
		slope = DivScalar(slope, u.Activation.MaxSlope)
	}
	return ReduceAllMax(Abs(Sub(u.Slope(), slope)))
}

// isComputed reports whether the loss is computed from z.
func (m *built) isComputed(z *Node) bool {
	seen := map[*Node]bool{m.loss: true}
	for at := []*Node{m.loss}; len(at) > 0; at = at[1:] {
		for _, in := range at[0].Inputs() {
			if !seen[in] {
				seen[in] = true
				at = append(at, in)
			}
		}
	}
	return seen[z]
}

// rebuilt is the loss where z is replaced: a copy of all nodes between them. What
// stops gradients does not change, as the batch's mean in GoMLX's batch
// normalization. A fused dense product in whose decomposed twin z is counts as the twin's end,
// which is the node before it.
func (m *built) rebuilt(z, by *Node) *Node {
	copies := map[*Node]*Node{z: by}
	for _, n := range m.graph.Nodes()[z.Id()+1 : m.loss.Id()+1] {
		if twin := copies[m.graph.Nodes()[n.Id()-1]]; n.Type() == NodeTypeFusedDense && twin != nil {
			copies[n] = twin
			continue
		}
		inputs := slices.Clone(n.Inputs())
		changed := false
		for i, in := range inputs {
			if copy := copies[in]; copy != nil && !n.StopGradient() {
				inputs[i], changed = copy, true
			}
		}
		if changed {
			copies[n] = n.CloneWithInputs(inputs...)
		}
	}
	return copies[m.loss]
}

// The gradient of a bias is the sum of δ over all but its own axis, the last,
// and over all units that it is added to. It needs no finite differences.
func TestFindBiases(t *testing.T) {
	b := backendtest.Go(t)
	checked := 0
	for _, c := range findCases {
		t.Run(c.name, func(t *testing.T) { checked += build(t, b, c).checkBiases(t) })
	}
	if checked < 80 {
		t.Errorf("%d biases checked; there are more", checked)
	}
}

func (m *built) checkBiases(t *testing.T) (checked int) {
	units := nets.Distinct(m.found)
	deltas := nets.Deltas(m.loss, units)
	sums := map[*model.Variable]*Node{}
	var biases []*model.Variable
	for i, u := range units {
		if u.Bias == nil || u.Linear != u.Z || u.Bias.Shape().Rank() != 1 || u.Bias.Shape().Size() != u.Z.Shape().Dim(-1) {
			continue // a normalization, heads or gates between
		}
		sum := ReduceSum(Reshape(deltas[i], -1, u.Bias.Shape().Size()), 0)
		if before := sums[u.Bias]; before != nil {
			sum = Add(before, sum)
		} else {
			biases = append(biases, u.Bias)
		}
		sums[u.Bias] = sum
	}
	var outputs []*Node
	for _, v := range biases {
		grad := Gradient(m.loss, m.graph.GetParameterByName(v.Path()))[0]
		outputs = append(outputs, ReduceAllMax(Abs(Sub(grad, sums[v]))), ReduceAllMax(Abs(grad)))
	}
	if outputs == nil {
		return 0
	}
	values := m.run(t, outputs)
	for i, v := range biases {
		near(t, v.Path(), values[2*i], 0, 1e-6*values[2*i+1])
		if values[2*i+1] == 0 {
			t.Errorf("%s has no gradient", v.Path())
		}
	}
	return len(biases)
}

// What is found in vgrad's own networks is what they tap, node by node, with
// every activation, with lanes and without.
func TestFindWhatIsTapped(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		var lanes []vgrad.Experiment
		for _, name := range nets.Activations() {
			lanes = append(lanes, vgrad.Experiment{Depth: 3, Width: 5, Activation: name, Slope: 0.1})
			checkTaps(t, b, lanes[len(lanes)-1:])
		}
		checkTaps(t, b, lanes)
		checkTaps(t, b, []vgrad.Experiment{{Network: vgrad.Highway{Depth: 4, Width: 5}}})
		checkTaps(t, b, []vgrad.Experiment{{Network: vgrad.Highway{Depth: 4, Width: 5}}, {Network: vgrad.Highway{Depth: 4, Width: 5, Activation: "relu"}}})
	})
}

func checkTaps(t *testing.T, b *backend.Backend, lanes []vgrad.Experiment) {
	t.Helper()
	net, err := nets.NewLanes(lanes, 2)
	if len(lanes) == 1 {
		net, err = nets.New(lanes[0], 2)
	}
	if err != nil {
		t.Fatal(err)
	}
	store, g := model.NewStore(), NewGraph(b.Backend, "taps")
	defer g.Finalize()
	x := Parameter(g, "x", shapes.Make(dtypes.Float32, 3, 4))
	var logits *Node
	taps := nets.Record(g, func() { logits = net(store.RootScope(), x) }).Taps
	taps = slices.DeleteFunc(taps, func(tap nets.Tapped) bool { return tap.Role == vgrad.Stream })
	found, _ := nets.Find(ReduceAllSum(logits), slices.Collect(store.IterVariables()))
	if len(found) != len(taps) {
		t.Fatalf("%v: found %d units; there are %d", lanes, len(found), len(taps))
	}
	for i, u := range found {
		tap := taps[slices.IndexFunc(taps, func(tap nets.Tapped) bool { return tap.Z == u.Z })]
		if u.A != tap.A || u.Layer != tap.Layer || u.Role != tap.Role || u.Variable != tap.Kernel || u.Activation.Name != tap.Activation.Name {
			t.Errorf("%v: found %s of layer %d, %s, %s, a %v; tapped %s of layer %d, %s, %s, a %v", lanes,
				u.Path, u.Layer, u.Role, u.Activation.Name, u.A, tap.Path, tap.Layer, tap.Role, tap.Activation.Name, taps[i].A)
		}
	}
}

// The slopes of lanes are those that the taps give.
func TestFindLanes(t *testing.T) {
	b := backendtest.Go(t)
	lanes := []vgrad.Experiment{{Depth: 2, Width: 5, Activation: "tanh"}, {Depth: 2, Width: 5, Activation: "leaky_relu", Slope: 0.25}}
	net, err := nets.NewLanes(lanes, 2)
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	off, err := model.CallOnce(b.Backend, store, func(scope *model.Scope, x *Node) *Node {
		var logits *Node
		taps := nets.Record(x.Graph(), func() { logits = net(scope, x) }).Taps
		found, _ := nets.Find(ReduceAllSum(logits), slices.Collect(store.IterVariables()))
		for lane := range lanes {
			if found[0].Activation.InLane(lane) != lanes[lane].Activation {
				t.Errorf("lane %d has %s", lane, found[0].Activation.InLane(lane))
			}
		}
		return ReduceAllMax(Abs(Sub(found[0].Slope(), taps[0].Slope())))
	}, [][]float32{{1, -2, 3, 0.5}, {-1, 0.3, -0.2, 0.1}})
	if err != nil {
		t.Fatal(err)
	}
	if off.Value().(float32) != 0 {
		t.Errorf("slopes differ by %v", off.Value())
	}
}

// A function without a name has the slope of the graph, also for z and a that
// were converted to be measured, and is not relative to an unknown largest one.
func TestFindUnnamedSlope(t *testing.T) {
	b := backendtest.Go(t)
	store := model.NewStore()
	off, err := model.CallOnce(b.Backend, store, func(scope *model.Scope, x *Node) *Node {
		z := Mul(x, scope.VariableWithValue("scale", float32(2)).NodeValue(x))
		z = Dot(z, scope.VariableWithValue("weights", [][]float32{{1, 2}, {-1, 0.5}}).NodeValue(x)).Product()
		found, _ := nets.Find(ReduceAllMax(Sin(z)), slices.Collect(store.IterVariables()))
		u := found[0]
		of := func(n *Node) *Node { return ConvertDType(n, dtypes.Float64) }
		slope, want := u.Activation.Slope(of(u.Z), of(u.A)), Cos(of(z))
		return Add(ReduceAllMax(Abs(Sub(slope, want))), ReduceAllMax(Abs(Sub(of(u.Slope()), Abs(want)))))
	}, [][]float32{{1, -2}, {0.3, 0.5}})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "slope of the sine", off.Value().(float64), 0, 1e-6)
}

// Find may be called when gradients, an optimizer's updates and metrics are
// built on the same graph: they change nothing.
func TestFindAfterTraining(t *testing.T) {
	b := backendtest.Go(t)
	for _, c := range findCases {
		m := build(t, b, c)
		want := m.text()
		for _, v := range m.variables {
			if p := m.graph.GetParameterByName(v.Path()); p != nil && v.Trainable && v.DType().IsFloat() {
				v.SetNodeValue(Sub(p, MulScalar(Gradient(m.loss, p)[0], 0.1)))
			}
		}
		for _, u := range m.found {
			ReduceAllMax(Abs(u.Z)) // a metric
		}
		m.found, m.unfound = nets.Find(m.loss, m.variables)
		if got := m.text(); got != want {
			t.Errorf("%s: with gradients found\n%s\nwithout\n%s", c.name, got, want)
		}
	}
}

// A model in the body of a loop is found from within; from without, Find says
// why it sees nothing.
func TestFindInLoop(t *testing.T) {
	b := backendtest.Go(t)
	store, g := model.NewStore(), NewGraph(b.Backend, "loop")
	scope := store.RootScope()
	input := Parameter(g, "x", doubles(3, 4))
	w := weight(scope, input, "weights", 4, 4)
	var inside []nets.Found
	cond := NewClosure(g, func(g *Graph) []*Node {
		i := Parameter(g, "i", shapes.Make(dtypes.Int32))
		Parameter(g, "x", doubles(3, 4))
		return []*Node{LessThan(i, Scalar(g, dtypes.Int32, 3))}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		i, x := Parameter(g, "i", shapes.Make(dtypes.Int32)), Parameter(g, "x", doubles(3, 4))
		y := Tanh(Dot(x, w).Product())
		inside, _ = nets.Find(ReduceAllSum(y), slices.Collect(store.IterVariables()))
		return []*Node{OnePlus(i), y}
	})
	outside, unfound := nets.Find(ReduceAllSum(While(cond, body, Scalar(g, dtypes.Int32, 0), input)[1]), slices.Collect(store.IterVariables()))
	if len(inside) != 1 || inside[0].Activation.Name != "tanh" || inside[0].Path != "/units" {
		t.Errorf("found inside %v", inside)
	}
	if len(outside) != 0 || len(unfound) != 1 || !strings.Contains(unfound[0].Reason, "inside a loop") {
		t.Errorf("found outside %v, unfound %v", outside, unfound)
	}
}

// What is fed may be a constant, or nothing but a constant state.
func TestFindConstantInput(t *testing.T) {
	b := backendtest.Go(t)
	store, g := model.NewStore(), NewGraph(b.Backend, "constant")
	x := Const(g, [][]float64{{1, 2}, {3, 4}})
	h := Zeros(g, doubles(2, 3))
	h = Tanh(Add(Dot(x, weight(store.RootScope(), x, "input", 2, 3)).Product(), Dot(h, weight(store.RootScope(), x, "recurrent", 3, 3)).Product()))
	found, unfound := nets.Find(ReduceAllSum(h), slices.Collect(store.IterVariables()))
	if len(found) != 2 || len(unfound) != 0 || found[0].Z != found[1].Z || found[0].A != h {
		t.Errorf("found %v, unfound %v", found, unfound)
	}
}

// In half precision the constants in the graph are rounded; functions keep
// their names, and the slope of leaky ReLU is the rounded one.
func TestFindHalfPrecision(t *testing.T) {
	b := backendtest.Go(t)
	for _, dtype := range []dtypes.DType{dtypes.BFloat16, dtypes.Float16} {
		want := map[activation.Type]string{activation.TypeGelu: "gelu", activation.TypeGeluApprox: "gelu_approx", activation.TypeSwish: "silu",
			activation.TypeSelu: "selu", activation.TypeRelu: "relu", activation.TypeLeakyRelu: "leaky_relu", activation.TypeTanh: "tanh",
			activation.TypeHardSwish: "hard_swish", activation.TypeSigmoid: "sigmoid", activation.TypeHardSigmoid: "hard_sigmoid"}
		for act, name := range want {
			store, g := model.NewStore(), NewGraph(b.Backend, "half")
			x := Parameter(g, "x", shapes.Make(dtype, 3, 4))
			y := activation.Apply(act, layers.Dense(store.RootScope(), x, true, 4))
			found, _ := nets.Find(ReduceAllSum(y), slices.Collect(store.IterVariables()))
			if len(found) != 1 || found[0].Activation.Name != name || found[0].A != y {
				t.Errorf("%s in %s: found %v", name, dtype, found)
			}
			g.Finalize()
		}
	}
}

// XLA has batch normalization as an operation, and a gradient of MaxPool, both
// of which the Go backend lacks: what GoMLX builds by default is found there.
func TestFindBatchNormOfXLA(t *testing.T) {
	b := backendtest.XLA(t)
	m := build(t, b, findCase{"xla", doubles(2, 6, 6, 3), func(s *model.Scope, x *Node) *Node {
		x = layers.Convolution(s.In("conv1"), x).Channels(4).KernelSize(3).PadSame().Done()
		x = MaxPool(activation.Relu(norm.BatchNorm(s.In("norm1"), x, -1).Done())).Window(2).Done()
		x = layers.Convolution(s.In("conv2"), x).Channels(4).KernelSize(3).UseBias(false).Done()
		return Sigmoid(norm.BatchNorm(s.In("norm2"), x, -1).Trainable(false).Done())
	}})
	want := "layer 1  /conv1/conv/units = relu(kernel /conv1/conv/weights + /conv1/conv/biases, normalized, scaled or reshaped) of 288\n" +
		"layer 2  /conv2/conv/units = sigmoid(kernel /conv2/conv/weights + no bias, normalized, scaled or reshaped) of 8\n"
	if got := m.text(); !strings.HasPrefix(got, want) {
		t.Errorf("found\n%s\nwant\n%s", got, want)
	}
	for _, u := range m.found {
		if u.Z.Type() != NodeTypeSplitNode && u.Z.Type() != NodeTypeBatchNormForInference {
			t.Errorf("%s: z is %v; want what the normalization gives", u.Path, u.Z)
		}
	}
}

// A batch whose size is not known while the graph is built.
func TestFindDynamicBatch(t *testing.T) {
	b := backendtest.Go(t)
	store, g := model.NewStore(), NewGraph(b.Backend, "dynamic")
	x := Parameter(g, "x", shapes.MakeDynamic(dtypes.Float32, []int{shapes.DynamicDim, 4}, []string{"batch", ""}))
	h := activation.Relu(layers.Dense(store.RootScope().In("hidden"), x, true, 5))
	y := layers.Dense(store.RootScope().In("logits"), h, true, 2)
	found, _ := nets.Find(ReduceAllMean(y), slices.Collect(store.IterVariables()))
	if len(found) != 2 || found[0].A != h || found[0].Activation.Name != "relu" || found[1].Z != y {
		t.Errorf("found %v", found)
	}
}

// A skip connection is behind the units, whether what it skips is a product
// itself or has gone through a function: the pre-activations are what the layer gives.
func TestFindBeforeSkip(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		for _, act := range []activation.Type{activation.TypeNone, activation.TypeRelu} {
			store, g := model.NewStore(), NewGraph(b.Backend, "skip")
			x := activation.Apply(act, layers.Dense(store.RootScope().In("first"), Parameter(g, "x", doubles(3, 4)), true, 5))
			var want []*Node
			for i := range 2 {
				z := layers.Dense(store.RootScope().In("block%d", i+1), x, true, 5)
				x = activation.Apply(act, Add(x, z))
				want = append(want, z)
			}
			found, _ := nets.Find(ReduceAllSum(x), slices.Collect(store.IterVariables()))
			for i, z := range want {
				if u := found[1+i]; u.Z != z || u.A != z || u.Activation.Name != "identity" {
					t.Errorf("%s: z is %v, a %v; want %v", u.Path, u.Z, u.A, z)
				}
			}
			g.Finalize()
		}
	})
}
