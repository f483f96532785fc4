package diagnose_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/diagnose"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
)

// learnedWell is the validation accuracy from which on a network counts as healthy,
// whatever its settings; unexplained is the fraction of the first loss below which the
// validation loss of a regression is. Both are what came of the training; the one rule
// that reads them, overfitting, compares them with something else.
const learnedWell, unexplained = 0.8, 0.2

// healthyGrids are grids of experiments of most kinds that are trained without fault.
// Which of them are healthy is judged by what they learn.
var healthyGrids = []struct {
	kind string
	base vgrad.Experiment
	over []string
}{
	{"activations, depth 3", vgrad.Experiment{Depth: 3, Width: 32}, []string{"relu,leaky_relu,tanh,elu,selu,gelu,silu,softplus,identity", "initializer=glorot_uniform,he_normal,orthogonal"}},
	{"activations, depth 6", vgrad.Experiment{Depth: 6, Width: 32}, []string{"relu,leaky_relu,tanh,elu,selu,gelu,silu,softplus,identity", "initializer=glorot_uniform,he_normal,orthogonal"}},
	{"activations, depth 10", vgrad.Experiment{Depth: 10, Width: 32}, []string{"relu,leaky_relu,tanh,elu,selu,gelu,silu,softplus", "initializer=he_normal,orthogonal"}},
	{"depth 20", vgrad.Experiment{Depth: 20, Width: 24}, []string{"tanh,elu,selu,relu,leaky_relu", "seed=0..1", "initializer=he_uniform"}},
	{"wide", vgrad.Experiment{Depth: 3, Width: 160}, []string{"relu,tanh,gelu,softplus", "seed=0..1"}},
	{"batch 1", vgrad.Experiment{Depth: 4, Width: 32, Batch: 1, Steps: 1500}, []string{"relu,tanh,gelu,elu", "seed=0..1"}},
	{"batch 4", vgrad.Experiment{Depth: 4, Width: 32, Batch: 4, Steps: 1000}, []string{"relu,tanh,gelu,elu", "seed=0..1"}},
	{"batch 256", vgrad.Experiment{Depth: 4, Width: 32, Batch: 256, Steps: 300}, []string{"relu,tanh,gelu,elu", "learning_rate=0.001,0.01", "seed=0..1"}},
	{"large steps", vgrad.Experiment{Depth: 4, Width: 32, LearningRate: 0.03}, []string{"relu,tanh,selu,gelu", "seed=0..2"}},
	{"SGD", vgrad.Experiment{Depth: 4, Width: 32, Optimizer: "sgd", LearningRate: 0.2, Steps: 600}, []string{"relu,tanh,elu,leaky_relu", "seed=0..1"}},
	{"momentum", vgrad.Experiment{Depth: 4, Width: 32, Optimizer: "momentum", LearningRate: 0.03}, []string{"relu,tanh,elu,leaky_relu", "seed=0..1"}},
	{"RMSprop", vgrad.Experiment{Depth: 4, Width: 32, Optimizer: "rmsprop", LearningRate: 0.002}, []string{"relu,tanh,elu,leaky_relu", "seed=0..1"}},
	{"sigmoid, shallow", vgrad.Experiment{Activation: "sigmoid", Width: 32, LearningRate: 0.01, Steps: 800}, []string{"depth=2,3", "seed=0..2"}},
	{"short", vgrad.Experiment{Depth: 3, Width: 32, LearningRate: 0.01, Steps: 120}, []string{"relu,tanh,elu,gelu", "seed=0..1"}},
	{"odd gains", vgrad.Experiment{Depth: 5, Width: 32}, []string{"relu,tanh,elu,leaky_relu", "gain=0.5,2", "seed=0..1"}},
	{"regression", vgrad.Experiment{Data: "regression", Depth: 3, Width: 24, LearningRate: 0.003}, []string{"relu,tanh,elu", "seed=0..1"}},
	{"regression, batch 8", vgrad.Experiment{Data: "regression", Depth: 3, Width: 24, LearningRate: 0.003, Batch: 8, Steps: 800}, []string{"relu,tanh,elu", "seed=0..1"}},
	{"highway", vgrad.Experiment{Network: vgrad.Highway{Depth: 6, Width: 24}}, []string{"activation=tanh,relu", "seed=0..1"}},
}

// plantedSettings are faults that come of an experiment's settings.
var plantedSettings = []struct {
	kind, variant string
	rule, where   string // where "": the rule alone
}{
	{"sigmoid in six layers", "sigmoid depth=6 width=10 steps=400", "vanishing gradient", "layer 1, step 0"},
	{"the same", "sigmoid depth=6 width=10 steps=400", "where the gradient is lost", "layer 1, step 0"},
	{"sigmoid in three layers", "sigmoid depth=3 width=10 steps=400", "vanishing gradient", "layer 1, step 0"},
	{"sigmoid highway with open gates", "network=highway activation=sigmoid depth=8 width=20 gate_bias=3 steps=250", "vanishing gradient", "layer 1, step 0"},
	{"first weights four times too large", "leaky_relu depth=12 width=32 initializer=he_normal gain=4 optimizer=sgd learning_rate=0.0001 steps=250", "exploding gradient", "layer 1, step 0"},
	{"the same", "leaky_relu depth=12 width=32 initializer=he_normal gain=4 optimizer=sgd learning_rate=0.0001 steps=250", "size of the first weights", "layer 11, step 0"},
	{"the same", "leaky_relu depth=12 width=32 initializer=he_normal gain=4 optimizer=sgd learning_rate=0.0001 steps=250", "where the gradient is lost", "layer 1, step 0"},
	{"first weights too small", "tanh depth=8 width=32 gain=0.1 optimizer=sgd learning_rate=0.01 steps=250", "size of the first weights", "layer 7, step 0"},
	{"first weights that are zero", "relu depth=4 width=16 gain=0 steps=250", "weights that are all zero", "layer 1, step 0"},
	{"activations beyond float32", "identity depth=60 width=64 initializer=lecun_normal gain=8 steps=3", "NaN or infinity", "layer 42, step 0"},
	{"SGD with learning rate 5", "relu depth=5 width=32 initializer=he_normal optimizer=sgd learning_rate=5 steps=300", "NaN or infinity", ""},
	{"momentum with learning rate 1", "leaky_relu depth=2 width=16 optimizer=momentum learning_rate=1 steps=120", "loss that explodes", "step 119"},
	{"RMSprop with learning rate 1", "identity depth=3 width=16 optimizer=rmsprop learning_rate=1 steps=120", "loss that explodes", "step 119"},
	{"Adam with learning rate 1", "tanh depth=4 width=16 learning_rate=1 steps=250", "update size", "layer 1, step 0"},
	{"the same", "tanh depth=4 width=16 learning_rate=1 steps=250", "saturated units", ""},
	{"the same", "tanh depth=4 width=16 learning_rate=1 steps=250", "loss that does not fall", "step 249"},
	{"ReLU killed by one step", "relu depth=3 width=16 learning_rate=1 steps=250", "dead units", ""},
	{"SGD with learning rate 1e-6", "tanh depth=3 width=16 optimizer=sgd learning_rate=0.000001 steps=250", "update size", "step 249"},
	{"the same", "tanh depth=3 width=16 optimizer=sgd learning_rate=0.000001 steps=250", "loss that does not fall", "step 249"},
	{"eleven sigmoid layers", "sigmoid depth=11 steps=1000", "loss that does not fall", "step 999"},
	{"saturated from the start", "tanh depth=6 width=32 initializer=he_normal gain=20 optimizer=sgd learning_rate=0.0001 steps=250", "saturated units", ""},
}

// Measured: of the networks that learn well, at most 2 % have a finding; each fault that
// is planted is found. The table is in the package's README.
func TestMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("trains 250 networks, three minutes on two processors; run without -short")
	}
	l := newLab(t, "")
	var table strings.Builder
	healthy, alarms := 0, 0
	fmt.Fprintf(&table, "| networks | trained | healthy | with a finding | with a note | rules that could not judge |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, g := range healthyGrids {
		g.base.Data, g.base.Steps = cmp.Or(g.base.Data, "synthetic"), cmp.Or(g.base.Steps, 400)
		row := tally{unjudged: map[string]int{}}
		for _, run := range trained(t, l, vgrad.Sweep{Base: g.base, Over: g.over}) {
			row.add(t, run)
		}
		fmt.Fprintf(&table, "| %s | %d | %d | %d | %d | %s |\n", g.kind, row.trained, row.healthy, row.alarms, row.notes, row.unjudgedText())
		healthy, alarms = healthy+row.healthy, alarms+row.alarms
	}
	fmt.Fprintf(&table, "| all | | %d | %d | | |\n\n| experiment | expected finding | where it is found |\n| --- | --- | --- |\n", healthy, alarms)
	var variants []vgrad.Experiment
	for _, p := range plantedSettings {
		e, err := vgrad.Experiment{Data: "synthetic"}.Vary(p.variant)
		if err != nil {
			t.Fatal(err)
		}
		variants = append(variants, measured(e))
	}
	planted, err := l.All(t.Context(), variants...)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range plantedSettings {
		r := diagnose.Of(planted[i])
		found := slices.IndexFunc(r.Findings, func(f diagnose.Finding) bool {
			return f.Rule == p.rule && (p.where == "" || f.Where() == p.where)
		})
		if found < 0 {
			fmt.Fprintf(&table, "| %s: `%s` | %s | **no** |\n", p.kind, p.variant, p.rule)
			t.Errorf("%s: %s at %q is not found: %v", p.variant, p.rule, p.where, r)
			continue
		}
		fmt.Fprintf(&table, "| %s: `%s` | %s | %s |\n", p.kind, p.variant, p.rule, r.Findings[found].Where())
	}
	t.Logf("\n%s\nPlanted by hand, each found as the only finding: %d kinds.", table.String(), len(faults))
	if healthy < 100 {
		t.Errorf("%d networks are healthy; the table asks for 100", healthy)
	}
	if float64(alarms) > 0.02*float64(healthy) {
		t.Errorf("%d of %d healthy networks have a finding", alarms, healthy)
	}
}

// tally counts what the rules say of the networks of a kind.
type tally struct {
	trained, healthy, alarms, notes int
	unjudged                        map[string]int
}

func (y *tally) add(t *testing.T, run *runs.Run) {
	y.trained++
	if !wellLearned(run) {
		return
	}
	y.healthy++
	r := diagnose.Of(run)
	if len(r.Findings) > 0 {
		y.alarms++
		t.Logf("%s, seed %d: %v", run.Label(), run.Experiment.Seed, r.Findings)
	}
	if len(r.Notes) > 0 {
		y.notes++
	}
	for _, u := range r.Unjudged {
		y.unjudged[u.Rule]++
	}
}

// wellLearned reports whether a network is healthy by what came of its training.
func wellLearned(run *runs.Run) bool {
	if accuracy, ok := run.Value(vgrad.ValAccuracy, 0); ok {
		return accuracy >= learnedWell
	}
	_, losses := vgrad.Series(run, vgrad.Loss, 0)
	loss, ok := run.Value(vgrad.ValLoss, 0)
	return ok && loss < unexplained*losses[0]
}

func (y *tally) unjudgedText() string {
	var words []string
	for _, rule := range slices.Sorted(maps.Keys(y.unjudged)) {
		words = append(words, fmt.Sprintf("%s %d", rule, y.unjudged[rule]))
	}
	return cmp.Or(strings.Join(words, ", "), "–")
}

// newLab is a laboratory with a store of its own.
func newLab(t *testing.T, backend string) *lab.Lab {
	store, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &lab.Lab{Store: store, Backend: backend}
	t.Cleanup(l.Close)
	return l
}

// measured is an experiment of which every number is recorded.
func measured(e vgrad.Experiment) vgrad.Experiment {
	e.Measure = vgrad.Measure{HistogramEvery: -1}
	return e
}

// trained trains a sweep and gives its runs.
func trained(t *testing.T, l *lab.Lab, s vgrad.Sweep) (rs []*runs.Run) {
	s.Base = measured(s.Base)
	es, err := s.Experiments()
	if err == nil {
		err = l.Sweep(t.Context(), es, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		run, err := l.Store.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		rs = append(rs, run)
	}
	return rs
}
