package sweep_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/summary"
	"github.com/vgrad/lab/vgrad/sweep"
)

func open(t testing.TB) *runs.Store {
	t.Helper()
	store, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// record records a run whose gradient grows by so much with each layer, so that its factor
// is known.
func record(t testing.TB, store *runs.Store, e vgrad.Experiment, growth float64) {
	t.Helper()
	w, err := store.Create(e, runs.Provenance{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	e = e.WithDefaults()
	layers := e.Resolved().Layers()
	feeder := &vgrad.Feeder{To: w}
	for step := 0; step < e.Steps; step += e.Measure.Every {
		samples := []vgrad.Sample{{Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: 2}, {Site: vgrad.NetworkSite, Quantity: vgrad.TrainAccuracy, Value: 0.5}}
		for layer := 1; layer <= layers; layer++ {
			site := vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", layer), Layer: layer, Size: 100}
			samples = append(samples, vgrad.Sample{Site: site, Quantity: vgrad.MeanAbsGrad, Value: math.Pow(growth, float64(layer))})
		}
		if err := feeder.Put(step, samples); err != nil {
			t.Fatal(err)
		}
	}
	err = feeder.Put(e.Steps, []vgrad.Sample{{Site: vgrad.NetworkSite, Quantity: vgrad.ValLoss, Value: 1}, {Site: vgrad.NetworkSite, Quantity: vgrad.ValAccuracy, Value: 1 / float64(layers)}})
	if err := errors.Join(err, w.Finish(runs.Provenance{})); err != nil {
		t.Fatal(err)
	}
}

// recorded records a sweep: the factor is 3 to the layers after the first for sigmoid, 1 for
// others, times 1 to 3 by seed.
func recorded(t testing.TB, over ...string) (*runs.Store, vgrad.Sweep, []vgrad.Experiment) {
	t.Helper()
	store, s := open(t), vgrad.Sweep{Base: vgrad.Experiment{Steps: 20, Measure: vgrad.Measure{Every: 10, HistogramEvery: -1}}, Over: over}
	es, err := s.Experiments()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		growth := 1.0
		if e.WithDefaults().Activation == "sigmoid" {
			growth = 3 + float64(e.Seed%3)/4
		}
		record(t, store, e, growth)
	}
	return store, s, es
}

func read(t testing.TB, store *runs.Store, s vgrad.Sweep, es []vgrad.Experiment) *sweep.Result {
	t.Helper()
	r, err := sweep.Read(t.Context(), store, s, es)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRead(t *testing.T) {
	store, s, es := recorded(t, "depth=2,3", "sigmoid,relu", "width=8", "seed=0..2")
	r := read(t, store, s, es)
	if fmt.Sprint(r.Fields) != "[depth activation]" || len(r.Runs) != 12 || r.Missing != 0 {
		t.Errorf("%v, %d runs, %d missing", r.Fields, len(r.Runs), r.Missing)
	}
	if o := r.Outcomes()[8]; o.Scenario != "sigmoid depth=3" || o.Seed != 2 || math.Abs(float64(o.Factor)-12.25) > 1e-6 || math.Abs(float64(o.ValAccuracy)-1./3) > 1e-6 ||
		o.Experiment.Width != 8 || o.Experiment.Label != "" {
		t.Errorf("outcome %+v", o)
	}
	table := r.Table()
	if got := fmt.Sprint(table.Columns, table.Rows); got != "[depth activation runs gradient factor validation accuracy] "+
		"[[2 sigmoid 3 3.25 (3.05–3.45) 0.5 (0.5–0.5)] [2 relu 3 1 (1–1) 0.5 (0.5–0.5)] [3 sigmoid 3 10.6 (9.31–11.9) 0.333 (0.333–0.333)] [3 relu 3 1 (1–1) 0.333 (0.333–0.333)]]" {
		t.Errorf("table %s", got)
	}
	// Whole and condensed runs agree on the factor.
	for i, run := range r.Runs {
		whole, err := store.Load(es[i])
		if err != nil {
			t.Fatal(err)
		}
		want, err := summary.Factor(whole)
		if got, err2 := summary.Factor(run); err != nil || err2 != nil || got != want {
			t.Errorf("%s: factor %v, %v; want %v, %v", run.Label(), got, err2, want, err)
		}
	}
	// An object a run, for other programs.
	text, err := json.Marshal(r.Outcomes()[0])
	if err != nil || !strings.Contains(string(text), `"scenario":"sigmoid depth=2","seed":0,"factor":3,"val_accuracy":0.5`) {
		t.Errorf("%s, %v", text, err)
	}
}

// Runs that are missing are counted, in the page as well; NaN is counted and left out.
func TestReadInPart(t *testing.T) {
	store, s, es := recorded(t, "depth=2,3", "seed=0..3")
	if err := store.Delete(runs.Name(es[5])); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(runs.Name(es[6])); err != nil {
		t.Fatal(err)
	}
	record(t, store, es[6], math.NaN())
	r := read(t, store, s, es)
	if r.Missing != 1 || len(r.Runs) != 7 {
		t.Fatalf("%d runs, %d missing", len(r.Runs), r.Missing)
	}
	scenarios := r.Scenarios()
	if len(scenarios) != 2 || scenarios[1].Runs != 3 || scenarios[1].NaN != 1 || scenarios[1].Factor.N != 2 || scenarios[1].Accuracy.N != 3 {
		t.Errorf("scenarios %+v", scenarios)
	}
	if table := r.Table(); table.Columns[len(table.Columns)-1] != "NaN" || table.Rows[1][4] != "1" {
		t.Errorf("table %v", table)
	}
	p, err := r.Page()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.Lead, "3 to 4 runs each") || !strings.Contains(p.Lead, "1 run of the sweep is missing**: it is not") {
		t.Errorf("lead: %s", p.Lead)
	}
}

func TestReadFails(t *testing.T) {
	store, s, es := recorded(t, "seed=0..2")
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, err := sweep.Read(ended, store, s, es); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if _, err := sweep.Read(t.Context(), store, vgrad.Sweep{Over: []string{"depht=3"}}, es); err == nil {
		t.Error("a bad sweep: no error")
	}
	samples := filepath.Join(store.Dir(), runs.Name(es[1]), "samples.bin")
	data, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 8
	if err := os.WriteFile(samples, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := sweep.Read(t.Context(), store, s, es); err == nil || !strings.Contains(err.Error(), samples) {
		t.Errorf("a damaged run: %v", err)
	}
	if _, err := (&sweep.Result{}).Page(); err == nil || !strings.Contains(err.Error(), "nothing is recorded") {
		t.Errorf("the page of nothing: %v", err)
	}
}

// The page has what can be drawn of the fields that vary, and says what does not fit.
func TestPage(t *testing.T) {
	for _, c := range []struct {
		over    []string
		says    []string
		hasNot  []string
		figures int
	}{
		{[]string{"depth=2,3,4", "sigmoid,relu", "seed=0,1"},
			[]string{"A sweep over depth and activation", "Gradient factor by depth and activation", "Gradient factor by depth", "Validation accuracy by depth", "by layer", "layer 1 over training"}, nil, 5},
		{[]string{"depth=2..7", "sigmoid,relu"}, []string{"Of the 6 values of depth, 4 are shown", "by layer: depth=2", "by layer: depth=7"}, []string{"by layer: depth=3<"}, 3 + 8},
		{[]string{"width=8,16", "depth=2,3", "sigmoid,relu"}, []string{"activation: width=8", "activation: width=16"}, nil, 4 + 2},
		{[]string{"initializer=glorot_uniform,he_normal", "sigmoid,relu"}, []string{"by initializer and activation"}, []string{"Gradient factor and result"}, 1 + 2},
		{[]string{"learning_rate=0.001,0.1"}, []string{"Gradient factor by learning_rate"}, []string{"How much of the gradient"}, 2 + 2},
		{[]string{"seed=0..4"}, []string{"A sweep over seeds", "5 runs of sigmoid"}, []string{"Gradient factor and result"}, 2},
		{[]string{"depth=2,3", "gain=1,2,3,4,5,6,7,8,9,10,11,12,13"}, []string{"a figure of 13 lines, too many", "13 scenarios of depth=2 are too many lines"}, nil, 1},
		{[]string{"depth=2,3", "sigmoid,relu", "gain=1,2", "batch=10,20", "optimizer=adam,sgd"}, []string{"There are 8 combinations of gain, batch, optimizer", "of different batch, gain, optimizer."}, nil, 1},
	} {
		t.Run(strings.Join(c.over, " "), func(t *testing.T) {
			p, err := pageOf(t, c.over...)
			if err != nil {
				t.Fatal(err)
			}
			var html bytes.Buffer
			if err := p.Write(&html, page.Options{}); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.says {
				if !strings.Contains(html.String(), want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			for _, not := range c.hasNot {
				if strings.Contains(html.String(), not) {
					t.Errorf("the page says %q", not)
				}
			}
			if n := strings.Count(html.String(), "</figure>"); n != c.figures {
				t.Errorf("%d figures; want %d", n, c.figures)
			}
		})
	}
}

// A field with one value is named in the title, and a count of one has its noun in
// the singular.
func TestTitleAndCounts(t *testing.T) {
	for _, c := range []struct {
		over        []string
		title, lead string
	}{
		{[]string{"network=highway", "depth=3,4"}, "A sweep over depth, with network=highway", "2 scenarios, 1 run each; "},
		{[]string{"relu", " width = 8", "depth=2,3", "seed=0,1"}, "A sweep over depth, with relu width=8", "2 scenarios, 2 runs each with different seeds; "},
		{[]string{"depth=2,3", "seed=4"}, "A sweep over depth, with seed=4", "2 scenarios, 1 run each; "},
		{[]string{"depth=2", "seed=0..2"}, "A sweep over seeds, with depth=2", "3 runs of sigmoid"},
		{[]string{"seed=5..5"}, "A sweep over one seed, with seed=5", "1 run of sigmoid"},
		{[]string{"depth=2,3", "sigmoid,relu"}, "A sweep over depth and activation", "4 scenarios, 1 run each; "},
	} {
		p, err := pageOf(t, c.over...)
		if err != nil {
			t.Fatal(err)
		}
		if p.Title != c.title || !strings.HasPrefix(p.Lead, c.lead) {
			t.Errorf("%v: title %q, lead %q; want %q, %q", c.over, p.Title, p.Lead, c.title, c.lead)
		}
	}
	store, s, es := recorded(t, "depth=2,3", "seed=0..3")
	for _, e := range es[5:7] {
		if err := store.Delete(runs.Name(e)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := read(t, store, s, es).Page()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.Lead, "2 to 4 runs each") || !strings.Contains(p.Lead, "**2 runs of the sweep are missing**: they are") {
		t.Errorf("lead: %s", p.Lead)
	}
}

func pageOf(t testing.TB, over ...string) (*page.Page, error) {
	store, s, es := recorded(t, over...)
	return read(t, store, s, es).Page()
}

// Scenarios have the same colour whatever depth a figure is of.
func TestLabels(t *testing.T) {
	store, s, es := recorded(t, "depth=2..7", "sigmoid,relu")
	for _, run := range read(t, store, s, es).Runs[:2] {
		if l := run.Label(); l != "sigmoid depth=2" && l != "relu depth=2" {
			t.Errorf("label %q", l)
		}
		if named := run.Named("relu"); named.Label() != "relu" || run.Label() == "relu" {
			t.Errorf("named %q", named.Label())
		}
	}
}

func ExampleResult() {
	dir, err := os.MkdirTemp("", "vgrad-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store, err := runs.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := vgrad.Sweep{Over: []string{"depth=2,6", "seed=0..9"}}
	es, err := s.Experiments()
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := sweep.Read(context.Background(), store, s, es)
	fmt.Println(len(r.Runs), "runs are here,", r.Missing, "are missing;", err)
	// Output:
	// 0 runs are here, 20 are missing; <nil>
}
