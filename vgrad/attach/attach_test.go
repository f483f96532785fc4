package attach_test

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/attach"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/runs"
)

// recording is what a sink was given.
type recording struct {
	samples []vgrad.Sample
	sites   []vgrad.Site
	steps   []int
	begun   int
}

func (r *recording) sink() vgrad.Sink { return &keeper{r: r} }

type keeper struct {
	r      *recording
	schema vgrad.Schema
}

func (k *keeper) Begin(s vgrad.Schema) error {
	k.schema, k.r.sites = s, s.Sites
	k.r.begun++
	return nil
}

func (k *keeper) Put(step int, rows []vgrad.Row) error {
	k.schema.EachSample(step, rows, func(s vgrad.Sample) { k.r.samples = append(k.r.samples, s) })
	k.r.steps = append(k.r.steps, step)
	return nil
}

// values are those of a quantity, by path and step.
func (r *recording) values(q vgrad.Quantity) map[string]float64 {
	values := map[string]float64{}
	for _, s := range r.samples {
		if s.Quantity == q {
			values[fmt.Sprintf("%s@%d", s.Site.Path, s.Step)] = s.Value
		}
	}
	return values
}

// batches is a data set that gives the batches of an experiment, over and over.
type batches struct {
	name string
	next func() train.Batch
}

func (b *batches) Name() string { return b.name }

func (b *batches) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for yield(b.next(), nil) {
		}
	}
}

// batchesOf draws the batches that the engine draws for the experiment.
func batchesOf(t testing.TB, e vgrad.Experiment) *batches {
	t.Helper()
	e = e.WithDefaults()
	set, err := data.Load(t.Context(), e.Data)
	if err != nil {
		t.Fatal(err)
	}
	order, err := data.Batches(set.Train.Len(), e.Batch, e.Seed)
	if err != nil {
		t.Fatal(err)
	}
	return &batches{e.Data, func() train.Batch {
		var images []float32
		var labels []int32
		for _, i := range order.Next() {
			for _, pixel := range set.Train.Images[int(i)*set.Features:][:set.Features] {
				images = append(images, float32(pixel)/255)
			}
			labels = append(labels, int32(set.Train.Labels[i]))
		}
		return train.Batch{
			Inputs: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(images, e.Batch, set.Features)},
			Labels: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(labels, e.Batch, 1)},
		}
	}}
}

// modelOf is the network of an experiment as a trainer takes it.
func modelOf(t testing.TB, e vgrad.Experiment) func(*model.Scope, *Node) *Node {
	t.Helper()
	build, err := nets.New(e, 10, 784)
	if err != nil {
		t.Fatal(err)
	}
	return build
}

func sgd(rate float64) optimizer.Interface {
	return optimizer.StochasticGradientDescent().WithDecay(false).WithLearningRate(rate).Done()
}

func accuracy() []metric.Interface {
	return []metric.Interface{metric.NewBaseMetric("accuracy", "acc", metric.AccuracyMetricType, metric.SparseCategoricalAccuracyGraph, nil)}
}

// newLoop is a loop for a model that tells classes apart.
func newLoop(b *backend.Backend, build func(*model.Scope, *Node) *Node, o optimizer.Interface) *train.Loop {
	return train.NewLoop(train.NewTrainer(b.Backend, model.NewStore(), build, loss.SparseCategoricalCrossEntropyLogits, o, accuracy(), nil))
}

func newStore(t testing.TB) *runs.Store {
	t.Helper()
	s, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func attached(t testing.TB, loop *train.Loop, o attach.Options) *attach.Attachment {
	t.Helper()
	a, err := attach.To(loop, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func run(t testing.TB, loop *train.Loop, ds train.Dataset, steps int) {
	t.Helper()
	if _, err := loop.RunSteps(ds, steps); err != nil {
		t.Fatalf("%+v", err)
	}
}

// Through a trainer every number is the engine's, at every site and step: both compute
// in float32 and in orders of their own, so they agree to within 1e-4.
func TestAgreesWithEngine(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		e := vgrad.Experiment{Activation: "tanh", Data: "synthetic", Optimizer: "sgd", LearningRate: 0.1, Steps: 6, Seed: 3,
			Measure: vgrad.Measure{HistogramEvery: 3}}
		want := &recording{}
		set, err := data.Load(t.Context(), e.Data)
		if err != nil {
			t.Fatal(err)
		}
		eng := &engine.Engine{Backend: b}
		defer eng.Close()
		if _, err := eng.Train(t.Context(), engine.Job{Experiment: e, Data: set}, want.sink()); err != nil {
			t.Fatal(err)
		}
		got := &recording{}
		loop := newLoop(b, modelOf(t, e), sgd(e.LearningRate))
		a := attached(t, loop, attach.Options{Measure: e.Measure, Sinks: []vgrad.Sink{got.sink()}})
		run(t, loop, batchesOf(t, e), e.Steps)
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.sites, want.sites) {
			t.Errorf("sites %v; want %v", got.sites, want.sites)
		}
		compare(t, got, want)
	})
}

func compare(t *testing.T, got, want *recording) {
	t.Helper()
	for _, q := range vgrad.Quantities() {
		info, _ := q.Info()
		if info.Subject == vgrad.WholeNetwork && info.Final {
			continue // no validation set was given
		}
		if q == vgrad.NormFactor || q == vgrad.SpectralNorm {
			continue // the network has no normalization and no recurrent weights
		}
		g, w := got.values(q), want.values(q)
		if len(g) != len(w) || len(w) == 0 {
			t.Errorf("%s: %d values; want %d", q, len(g), len(w))
		}
		for at, wanted := range w {
			if value, ok := g[at]; !ok || math.Abs(value-wanted) > 1e-4*math.Abs(wanted)+2e-6 {
				t.Errorf("%s of %s = %v; the engine has %v", q, at, value, wanted)
			}
		}
	}
	for i, s := range want.samples {
		if s.Hist != nil {
			same := slices.IndexFunc(got.samples, func(o vgrad.Sample) bool { return o.Step == s.Step && o.Site == s.Site && o.Quantity == s.Quantity })
			if same < 0 || got.samples[same].Hist.Count() != s.Hist.Count() {
				t.Errorf("no histogram like %d: %v", i, s)
			}
		}
	}
}
