package attach_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/lstm"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/zoo/transformer"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/attach"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/probe"
)

// meanDelta is the mean of δ itself. Times their number it is what the loss changes by
// when all pre-activations are shifted, as by a bias.
const meanDelta vgrad.Quantity = "test_mean_delta"

func init() {
	at := func(s vgrad.Site) bool { return s.Role == vgrad.Units || s.Role == vgrad.Gate }
	probe.Register(probe.Probe{Quantity: meanDelta, At: at, Graph: func(v *probe.View) probe.Formula { return v.Mean(v.Delta()) }},
		vgrad.Info{Title: "mean δ", Subject: vgrad.LayerUnits})
}

// shifted is a bias, or a part of one, and the units that it is added to.
type shifted struct {
	bias     string
	from, to int // of its elements; to 0: all
	units    string
}

var modelCases = []struct {
	name  string
	input shapes.Shape
	build func(s *model.Scope, x *Node) *Node
	units []string // path, role and activation, with * for the time steps of a sequence
	by    []shifted
}{
	{"convolutions with batch normalization", shapes.Make(dtypes.Float64, 4, 6, 6, 2), func(s *model.Scope, x *Node) *Node {
		x = layers.Convolution(s.In("conv1"), x).Channels(3).KernelSize(3).UseBias(false).PadSame().Done()
		x = activation.Relu(norm.BatchNorm(s.In("norm1"), x, -1).UseBackendInference(false).Done())
		x = Tanh(layers.Convolution(s.In("conv2"), x).Channels(4).KernelSize(3).Done())
		return layers.Dense(s.In("logits"), ReduceMean(x, 1, 2), true, 3)
	}, []string{
		"/conv1/conv/units units relu", "/conv2/conv/units units tanh", "/logits/dense/units units identity",
	}, []shifted{
		{"/norm1/batch_normalization/offset", 0, 0, "/conv1/conv/units"},
		{"/conv2/conv/biases", 0, 0, "/conv2/conv/units"},
		{"/logits/dense/biases", 0, 0, "/logits/dense/units"},
	}},
	{"GoMLX's LSTM", shapes.Make(dtypes.Float64, 3, 4, 2), func(s *model.Scope, x *Node) *Node {
		_, last, _ := lstm.New(s.In("lstm"), x, 5).Done()
		return layers.Dense(s.In("logits"), Reshape(last, 3, 5), true, 2)
	}, []string{
		"/lstm/gate1[*] gate sigmoid", "/lstm/gate2[*] gate sigmoid", "/lstm/gate3[*] gate sigmoid",
		"/lstm/units[*] units tanh", "/logits/dense/units units identity",
	}, []shifted{ // in the order of ONNX: input, output, forget, candidate
		{"/lstm/biasesW", 0, 5, "/lstm/gate1"},
		{"/lstm/biasesW", 5, 10, "/lstm/gate2"},
		{"/lstm/biasesW", 10, 15, "/lstm/gate3"},
		{"/lstm/biasesW", 15, 20, "/lstm/units"},
	}},
	{"a transformer", shapes.Make(dtypes.Int32, 2, 3), func(s *model.Scope, x *Node) *Node {
		return transformer.New(s).WithVocabSize(7).WithEmbedDim(4).WithNumLayers(1).WithNumHeads(2).WithHeadDim(2).WithFFNDim(6).
			WithMaxPosEmbed(8).WithDType(dtypes.Float64).Logits(x, transformer.CallOptions{})
	}, []string{
		"/layer_0/attn/MultiHeadAttention/query/dense/units units identity",
		"/layer_0/attn/MultiHeadAttention/key/dense/units units identity",
		"/layer_0/attn/MultiHeadAttention/value/dense/units units identity",
		"/layer_0/attn/MultiHeadAttention/output/dense/units units identity",
		"/layer_0/ff1/dense/units units gelu", "/layer_0/ff2/dense/units units identity", "/output/dense/units units identity",
	}, []shifted{
		{"/layer_0/attn/MultiHeadAttention/query/dense/biases", 0, 0, "/layer_0/attn/MultiHeadAttention/query/dense/units"},
		{"/layer_0/attn/MultiHeadAttention/value/dense/biases", 0, 0, "/layer_0/attn/MultiHeadAttention/value/dense/units"},
		{"/layer_0/ff1/dense/biases", 0, 0, "/layer_0/ff1/dense/units"},
		{"/layer_0/ff2/dense/biases", 0, 0, "/layer_0/ff2/dense/units"},
	}},
	{"a frozen layer", shapes.Make(dtypes.Float64, 5, 4), func(s *model.Scope, x *Node) *Node {
		x = Tanh(layers.Dense(s.In("layer1"), x, true, 4))
		w := s.In("layer2").VariableWithShape("weights", shapes.Make(dtypes.Float64, 4, 4)).SetTrainable(false)
		b := s.In("layer2b").VariableWithShape("biases", shapes.Make(dtypes.Float64, 4))
		x = Sigmoid(Add(Dot(x, w.NodeValue(x)).Product(), InsertAxes(b.NodeValue(x), 0)))
		return layers.Dense(s.In("logits"), x, true, 2)
	}, []string{
		"/layer1/dense/units units tanh", "/layer2/units units sigmoid frozen", "/logits/dense/units units identity",
	}, []shifted{
		{"/layer1/dense/biases", 0, 0, "/layer1/dense/units"},
		{"/layer2b/biases", 0, 0, "/layer2/units"},
	}},
	{"one tap", shapes.Make(dtypes.Float64, 5, 4), func(s *model.Scope, x *Node) *Node {
		z := layers.Dense(s.In("layer1"), x, true, 4)
		x = Tanh(z)
		nets.Tap(s.Store().Scope("/layer1"), "mine", z, x, nets.MustActivation("tanh", 0))
		return layers.Dense(s.In("logits"), x, true, 2)
	}, []string{
		"/layer1/mine units tanh", "/logits/dense/units units identity",
	}, []shifted{
		{"/layer1/dense/biases", 0, 0, "/layer1/mine"},
		{"/logits/dense/biases", 0, 0, "/logits/dense/units"},
	}},
	{"all tapped", shapes.Make(dtypes.Float64, 5, 4), func(s *model.Scope, x *Node) *Node {
		for i := range 2 {
			scope := s.In("layer%d", i+1)
			z := layers.Dense(scope, x, true, 4)
			x = Tanh(z)
			nets.Tap(scope, "mine", z, x, nets.MustActivation("tanh", 0))
		}
		return x
	}, []string{
		"/layer1/mine units tanh", "/layer2/mine units tanh",
	}, []shifted{
		{"/layer1/dense/biases", 0, 0, "/layer1/mine"},
		{"/layer2/dense/biases", 0, 0, "/layer2/mine"},
	}},
}

// The sites of a network are found in its trainer's graph, and δ there is what finite
// differences in float64 say: to 1e-5 of the largest, being measured in float32.
func TestModels(t *testing.T) {
	for _, c := range modelCases {
		t.Run(c.name, func(t *testing.T) {
			b, got := backendtest.Go(t), &recording{}
			lossOf := func(labels, predictions []*Node) *Node {
				return ReduceAllMean(Square(Sub(predictions[0], Sin(Iota(predictions[0].Graph(), predictions[0].Shape(), -1)))))
			}
			loop := train.NewLoop(train.NewTrainer(b.Backend, model.NewStore(), c.build, lossOf, sgd(1e-9), nil, nil))
			if err := loop.Trainer.Store().SetRNGStateFromSeed(3); err != nil {
				t.Fatal(err)
			}
			attached(t, loop, attach.Options{Measure: vgrad.Measure{Quantities: []vgrad.Quantity{meanDelta, vgrad.RMSDelta}}, Sinks: []vgrad.Sink{got.sink()}})
			inputs := random(c.input)
			run(t, loop, &batches{"one", func() train.Batch { return train.Batch{Inputs: []*tensors.Tensor{clone(t, inputs)}} }}, 1)
			sitesAre(t, got, c.units)
			lossAt := evaluator(t, b, loop.Trainer.Store(), c.build, lossOf, inputs)
			largest := 0.0
			for _, s := range c.by {
				largest = max(largest, math.Abs(s.measured(got)))
			}
			for _, s := range c.by {
				if m, want := s.measured(got), s.difference(t, loop.Trainer.Store(), lossAt); math.Abs(m-want) > 1e-5*max(largest, 0.01) {
					t.Errorf("∑δ at %s is %v; a shift of %s says %v", s.units, m, s.bias, want)
				}
			}
		})
	}
}

// measured is ∑δ over the units.
func (s shifted) measured(r *recording) float64 {
	sum := 0.0
	for _, sample := range r.samples {
		if sample.Quantity == meanDelta && vgrad.MatchPath(s.units, sample.Site.Path) {
			sum += sample.Value * float64(sample.Site.Size)
		}
	}
	return sum
}

// difference is what the loss changes by when the bias is shifted.
func (s shifted) difference(t *testing.T, store *model.Store, lossAt func() float64) float64 {
	t.Helper()
	const h = 1e-5
	v := store.GetVariable(s.bias)
	if v == nil {
		t.Fatalf("no variable %s", s.bias)
	}
	start := tensors.MustCopyFlatData[float64](v.MustValue())
	at := func(by float64) float64 {
		values := slices.Clone(start)
		for i := range values {
			if s.to == 0 || s.from <= i && i < s.to {
				values[i] += by
			}
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
		return lossAt()
	}
	d := (at(h) - at(-h)) / (2 * h)
	at(0)
	return d
}

// sitesAre compares the units that were found with those wanted.
func sitesAre(t *testing.T, r *recording, want []string) {
	t.Helper()
	var got []string
	for _, s := range r.sites {
		if s.Role.IsVariable() {
			continue
		}
		path, _, timed := strings.Cut(s.Path, "[")
		if timed {
			path += "[*]"
		}
		text := fmt.Sprintf("%s %s %s", path, s.Role, s.Activation)
		if s.Frozen {
			text += " frozen"
		}
		if !slices.Contains(got, text) {
			got = append(got, text)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("units\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// evaluator computes the loss of a model in training, in a program of its own.
func evaluator(t *testing.T, b *backend.Backend, store *model.Store, build func(*model.Scope, *Node) *Node, lossOf train.LossFn, inputs *tensors.Tensor) func() float64 {
	t.Helper()
	exec, err := model.NewExec(b.Backend, store, func(s *model.Scope, x *Node) *Node {
		s.Store().SetTraining(x.Graph(), true)
		return lossOf(nil, []*Node{build(s, x)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() float64 {
		out, err := exec.Exec(inputs)
		if err != nil {
			t.Fatal(err)
		}
		return tensors.ToScalar[float64](out[0])
	}
}

func clone(t *testing.T, x *tensors.Tensor) *tensors.Tensor {
	t.Helper()
	c, err := x.LocalClone()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// random is a tensor of random numbers, or of tokens.
func random(shape shapes.Shape) *tensors.Tensor {
	r := rand.New(rand.NewPCG(1, 2))
	if shape.DType == dtypes.Int32 {
		tokens := make([]int32, shape.Size())
		for i := range tokens {
			tokens[i] = r.Int32N(7)
		}
		return tensors.FromFlatDataAndDimensions(tokens, shape.Dimensions...)
	}
	values := make([]float64, shape.Size())
	for i := range values {
		values[i] = r.NormFloat64()
	}
	return tensors.FromFlatDataAndDimensions(values, shape.Dimensions...)
}
