package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/nets"
)

// torchCase is what testdata/resnet.py writes for a network.
type torchCase struct {
	Variant               string
	Side, Channels, Batch int
	Training, Validation  struct {
		Logits []float64
		Loss   float64
	}
	Variables map[string]struct {
		Norm, Along, Difference float64
		Size                    int
	}
}

// wave gives n scattered numbers from -1 to 1 that depend on the path, as resnet.py does.
func wave(path string, n int) []float64 {
	start := 0
	for i, c := range path {
		start += int(c) * (i + 1)
	}
	xs := make([]float64, n)
	for i := range xs {
		x := 43758.5453 * math.Sin(12.9898*float64(i)+float64(start%1000))
		xs[i] = 2*(x-math.Floor(x)) - 1
	}
	return xs
}

// initialOf is the value that resnet.py gives a variable.
func initialOf(v *model.Variable) *tensors.Tensor {
	dims := v.Shape().Dimensions
	start, spread := 0.0, 0.3
	switch words := strings.Split(v.Path(), "/"); words[len(words)-1] {
	case "weights":
		spread = 1 / math.Sqrt(float64(dims[0]))
		if len(dims) == 4 {
			spread = 1.5 / math.Sqrt(float64(dims[0]*dims[1]*dims[2]))
		}
	case "mean":
		spread = 0.2
	case "variance", "scale":
		start = 1
	}
	var values []float32
	for _, x := range wave(v.Path(), v.Shape().Size()) {
		values = append(values, float32(start+spread*x))
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// torchSet has the images of a case as its training part.
func torchSet(c torchCase) *data.Set {
	set := &data.Set{Name: "waves", Input: []int{c.Side, c.Side, c.Channels}, Features: c.Side * c.Side * c.Channels,
		Classes: 10, Outputs: 10, Loss: data.CrossEntropy, GuessLoss: math.Log(10), Sum: "waves"}
	for _, x := range wave("images", c.Batch*set.Features) {
		set.Train.Numbers = append(set.Train.Numbers, float32(x/2+0.5))
	}
	for i := range c.Batch {
		set.Train.Labels = append(set.Train.Labels, uint8(i*3%10))
	}
	set.Validation = set.Train
	return set
}

// Logits, loss and all gradients of small ResNets are those of PyTorch for the same
// weights, while training and with running averages. The gradients agree with the central
// differences of PyTorch's loss in float64 too.
func TestResNetAgreesWithPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/resnet.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []torchCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		b := backendtest.Go
		if c.Side >= 64 || i == 0 { // the Go backend has no gradient of a maximum over windows
			b = func(t testing.TB) *backend.Backend { return backendtest.XLA(t) }
		}
		if c.Side >= 64 && testing.Short() {
			continue
		}
		t.Run(fmt.Sprintf("%s, side %d", c.Variant, c.Side), func(t *testing.T) { compareWithTorch(t, b(t), c) })
	}
}

func compareWithTorch(t *testing.T, b *backend.Backend, c torchCase) {
	e, err := vgrad.Experiment{}.Vary("network=resnet data=waves " + fmt.Sprintf("batch=%d ", c.Batch) + c.Variant)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlan(b, Job{Experiment: e, Data: torchSet(c)})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range p.variables {
		if err := v.SetValue(initialOf(v)); err != nil {
			t.Fatal(err)
		}
	}
	g := NewGraph(p.target, "torch")
	defer g.Finalize()
	state := p.parameters(g)
	validation := p.forward(g, batchOf(p, g, upTo(c.Batch)), false)
	training := p.forward(g, batchOf(p, g, upTo(c.Batch)), true)
	grads, _ := p.gradients(training, state)
	out := []*Node{validation.outputs, validation.loss, training.outputs, training.loss}
	for _, i := range p.trainable {
		out = append(out, grads[i])
	}
	if err := g.Compile(out...); err != nil {
		t.Fatal(err)
	}
	values := g.Run(p.donate(p.initial(), 0)...)
	close := func(what string, got, want, scale float64) {
		if math.IsNaN(got) || math.Abs(got-want) > 1e-3*scale {
			t.Errorf("%s is %v; PyTorch's is %v", what, got, want)
		}
	}
	for i, want := range [][]float64{c.Validation.Logits, {c.Validation.Loss}, c.Training.Logits, {c.Training.Loss}} {
		for k, x := range tensors.MustCopyFlatData[float32](values[i]) {
			close([]string{"a logit in validation", "the loss in validation", "a logit in training", "the loss in training"}[i], float64(x), want[k], 1)
		}
	}
	if len(p.trainable) != len(c.Variables) {
		t.Errorf("%d trainable variables; PyTorch has %d", len(p.trainable), len(c.Variables))
	}
	for k, i := range p.trainable {
		path := p.variables[i].Path()
		want, known := c.Variables[path]
		if !known || want.Size != p.variables[i].Shape().Size() {
			t.Errorf("PyTorch has no variable %s of %d elements", path, p.variables[i].Shape().Size())
			continue
		}
		squares, along := 0.0, 0.0
		direction := wave(path+" direction", want.Size)
		for j, d := range tensors.MustCopyFlatData[float32](values[4+k]) {
			squares, along = squares+float64(d)*float64(d), along+float64(d)*direction[j]
		}
		scale := want.Norm * math.Sqrt(float64(want.Size))
		close("‖∂L/∂W‖ of "+path, math.Sqrt(squares), want.Norm, want.Norm)
		close("∂L/∂W of "+path+" along a direction", along, want.Along, scale)
		close("the difference of "+path, along, want.Difference, scale+1e-4)
	}
}

// The numbers of parameters at 224×224 pixels and 1,000 classes are those published with
// torchvision's models, and at 32×32 those of He et al. for CIFAR (their table 6 rounds
// them: 0.27, 0.46, 0.66, 0.85, 1.7 million).
func TestResNetParameters(t *testing.T) {
	for _, c := range []struct {
		depth, side, classes, want int
	}{
		{18, 224, 1000, 11_689_512}, {34, 224, 1000, 21_797_672}, {50, 224, 1000, 25_557_032}, {101, 224, 1000, 44_549_160}, {152, 224, 1000, 60_192_808},
		{20, 32, 10, 269_722}, {32, 32, 10, 464_154}, {44, 32, 10, 658_586}, {56, 32, 10, 853_018}, {110, 32, 10, 1_727_962},
	} {
		if testing.Short() && c.want > 30e6 { // a hundred million random numbers
			continue
		}
		build, err := nets.New(vgrad.Experiment{Network: vgrad.ResNet{Depth: c.depth}}, c.classes, c.side, c.side, 3)
		if err != nil {
			t.Fatal(err)
		}
		store := model.NewStore()
		g := NewGraph(backendtest.Go(t).Backend, "parameters")
		build(store.RootScope(), Parameter(g, "x", shapes.Make(dtypes.Float32, 1, c.side*c.side*3)))
		n := 0
		for v := range store.IterVariables() {
			if v.Trainable {
				n += v.Shape().Size()
			}
		}
		g.Finalize()
		if n != c.want {
			t.Errorf("ResNet-%d has %d parameters; published are %d", c.depth, n, c.want)
		}
	}
}
