package vgrad_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

func ExampleHighway() {
	e := vgrad.Experiment{Network: vgrad.Highway{Depth: 20, GateBias: -3}, Steps: 300}
	text, err := json.Marshal(e)
	fmt.Println(e.Name())
	fmt.Println(string(text), err)
	fmt.Printf("%+v\n", e.Resolved())
	// Output:
	// highway depth=20 gate_bias=-3 steps=300
	// {"network":"highway","depth":20,"gate_bias":-3,"steps":300} <nil>
	// {Depth:20 Width:50 Activation:tanh Slope:0.2 GateBias:-3 Initializer:glorot_uniform Gain:1}
}

func ExampleMLP() {
	a := vgrad.Experiment{Network: vgrad.MLP{Depth: 20}}
	b := vgrad.Experiment{Depth: 20}
	fmt.Println(a.Hash() == b.Hash(), a.Name())
	// Output: true sigmoid depth=20
}

func ExampleModel() {
	e := vgrad.Experiment{Network: vgrad.Model("mine"), Steps: 300}
	fmt.Println(e.Name())
	// Output: mine steps=300
}

func ExampleStage() {
	e := vgrad.Experiment{Stages: []vgrad.Stage{
		{Name: "first layer", Steps: 500, Train: "/layer1/*"},
		{Name: "all", Steps: 1000, LearningRate: 0.0001},
	}}
	fmt.Println(e.WithDefaults().Steps, e.Name())
	for _, s := range e.InStages() {
		fmt.Println(s.Name, s.Steps, s.Optimizer, s.LearningRate)
	}
	// Output:
	// 1500 sigmoid stage1=500/layer1/* stage2=1000
	// first layer 500 adam 0.001
	// all 1000 adam 0.0001
}

func ExampleMatchPath() {
	fmt.Println(vgrad.MatchPath("/layer1/*", "/layer1/weights"), vgrad.MatchPath("**/weights", "/encoder/block2/dense/weights"),
		vgrad.MatchPath("/rnn/units", "/rnn/units[3]"), vgrad.MatchPath("/layer1/*", "/layer2/weights"))
	// Output: true true true false
}

// A zero that is written is meant; one that no experiment can have is an error.
func TestZeros(t *testing.T) {
	for variant, want := range map[string]float64{"gain=0": 0, "relu gain=-0": 0, "gain=0 gain=2": 2, "gain=1": 1} {
		e, err := vgrad.Experiment{}.Vary(variant)
		if err != nil || e.WithDefaults().Gain != want || fmt.Sprint(e.WithDefaults().Gain) != fmt.Sprint(want) {
			t.Errorf("%s: gain %v, %v", variant, e.WithDefaults().Gain, err)
		}
		back := e.WithDefaults().WithDefaults()
		if back.Gain != want || back.Hash() != e.Hash() {
			t.Errorf("%s: written out twice it is another", variant)
		}
		text, err := json.Marshal(e.WithDefaults())
		read, err2 := vgrad.ParseExperiment(text)
		if err != nil || err2 != nil || read.Hash() != e.Hash() || read.WithDefaults().Gain != want {
			t.Errorf("%s: read again from %s: gain %v, %v %v", variant, text, read.WithDefaults().Gain, err, err2)
		}
	}
	zero, _ := vgrad.Experiment{}.Vary("gain=0")
	if zero.Name() != "sigmoid gain=0" || zero.Hash() == (vgrad.Experiment{}).Hash() {
		t.Errorf("gain=0 is called %q", zero.Name())
	}
	if literal := (vgrad.Experiment{Gain: vgrad.Zero}); literal.Hash() != zero.Hash() || literal.Name() != zero.Name() {
		t.Errorf("Zero is called %q", literal.Name())
	}
	if one, _ := zero.Vary("gain=1"); one.Hash() != (vgrad.Experiment{}).Hash() {
		t.Error("gain=1 after gain=0 is not the default")
	}
	open, err := vgrad.Experiment{Network: vgrad.Highway{}}.Vary("gate_bias=0")
	if n := open.Resolved().(vgrad.Highway); err != nil || n.GateBias != 0 || open.Name() != "highway gate_bias=0" {
		t.Errorf("%+v, %v, %q", n, err, open.Name())
	}
	for variant, want := range map[string]string{
		"depth=0": "depth is 0; it must be at least 1", "width=0": "width is 0; it must be at least 1", "batch=0": "batch is 0; it must be at least 1",
		"steps=0": "steps is 0; it must be at least 1", "learning_rate=0": "learning_rate is 0; it must be a finite number above 0",
		"data=": "data= has no value; leave the word out for the default, mnist", "network=": "network= has no value; the families are mlp, highway, residual, resnet, rnn, lstm, gru",
	} {
		if _, err := (vgrad.Experiment{}).Vary(variant); err == nil || err.Error() != want {
			t.Errorf("%s: %v; want %s", variant, err, want)
		}
	}
	if e, err := (vgrad.Experiment{Seed: 3}).Vary("seed=0"); err != nil || e.Hash() != (vgrad.Experiment{}).Hash() {
		t.Errorf("seed=0: %v", err)
	}
}

// Experiments that mean the same have one hash, however they are spelt.
func TestOneHash(t *testing.T) {
	all := vgrad.Quantities()
	for name, pair := range map[string][2]vgrad.Experiment{
		"every quantity":    {{}, {Measure: vgrad.Measure{Quantities: all[4:]}}},
		"a slope of none":   {{}, {Slope: 0.3}},
		"a zero slope":      {{}, {Slope: vgrad.Zero}},
		"no histograms":     {{Measure: vgrad.Measure{HistogramEvery: -1}}, {Measure: vgrad.Measure{HistogramEvery: -2}}},
		"no histogram":      {{Measure: vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.Dead}, HistogramEvery: -1}}, {Measure: vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.Dead}}}},
		"the perceptron":    {{Depth: 3}, {Network: vgrad.MLP{Depth: 3, Width: 10}}},
		"a family":          {{Network: vgrad.Highway{}}, {Network: vgrad.Highway{}.Defaults()}},
		"stages and steps":  {{Stages: []vgrad.Stage{{Steps: 10}}}, {Steps: 10, Stages: []vgrad.Stage{{Steps: 10}}}},
		"label and default": {{Label: "x", Gain: 1}, {Label: "y"}},
	} {
		if pair[0].Hash() != pair[1].Hash() {
			t.Errorf("%s: %+v and %+v have two hashes", name, pair[0], pair[1])
		}
	}
	if e := (vgrad.Experiment{Slope: 0.3}); e.FormerHash() == e.Hash() {
		t.Error("a run with a slope beside sigmoid that an earlier version recorded is not found")
	}
}

// A family's parameters are fields of the experiment like any other.
func TestFamilyFields(t *testing.T) {
	e, err := vgrad.Experiment{Depth: 20, Activation: "relu"}.Vary("gate_bias=-3 network=highway")
	if want := (vgrad.Highway{Depth: 20, Activation: "relu", GateBias: -3}); err != nil || e.Network != want || e.Depth != 0 {
		t.Errorf("%+v, %v", e, err)
	}
	if back, err := e.Vary("network=mlp"); err == nil || !strings.Contains(err.Error(), "gate_bias") {
		t.Errorf("what the perceptron does not have is dropped without a word: %+v", back)
	}
	if kept, err := (vgrad.Experiment{Depth: 6}).Vary("network=highway"); err != nil || kept.Resolved().(vgrad.Highway).Depth != 6 {
		t.Errorf("a depth that was given is lost: %+v, %v", kept.Resolved(), err)
	}
	if back, err := (vgrad.Experiment{Network: vgrad.Highway{Depth: 7}}).Vary("network=mlp"); err != nil || back.Depth != 7 || back.Network != nil {
		t.Errorf("%+v, %v", back, err)
	}
	if v, err := e.Field("width"); v != "50" || err != nil {
		t.Errorf("width %s, %v", v, err)
	}
	for _, c := range []struct {
		e       vgrad.Experiment
		variant string
		want    string
	}{
		{e, "skip=false", "an experiment has no field \"skip\"; it has label, network, depth, width, activation, slope, gate_bias"},
		{vgrad.Experiment{}, "gate_bias=1", "an experiment has no field \"gate_bias\""},
	} {
		if _, err := c.e.Vary(c.variant); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", c.variant, err)
		}
	}
	for want, e := range map[string]vgrad.Experiment{
		"depth is 3 in the network and 4 beside it; give it once":                 {Depth: 4, Network: vgrad.MLP{Depth: 3}},
		"depth is 4 beside the network; give it in highway":                       {Depth: 4, Network: vgrad.Highway{}},
		"depth is 1; it must be at least 2":                                       {Network: vgrad.Highway{Depth: 1}},
		"steps is 5, but the steps of the stages add up to 10; leave steps unset": {Steps: 5, Stages: []vgrad.Stage{{Steps: 10}}},
		"stages[0].steps is 0; it must be at least 1":                             {Stages: []vgrad.Stage{{}}},
	} {
		if err := e.Validate(); err == nil || err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
	}
	for _, e := range []vgrad.Experiment{e, {Network: vgrad.Model("mine"), Gain: 2}, {Stages: []vgrad.Stage{{Steps: 3, Train: "/a/*"}}}} {
		text, err := json.Marshal(e.WithDefaults())
		back, err2 := vgrad.ParseExperiment(text)
		if err != nil || err2 != nil || !reflect.DeepEqual(back, e.WithDefaults()) {
			t.Errorf("%s came back as %+v, %v %v", text, back, err, err2)
		}
	}
}

// Lanes of one program may differ in what Alike leaves out.
func TestAlike(t *testing.T) {
	base := vgrad.Experiment{Network: vgrad.Highway{Depth: 4}}
	key := base.Alike().Hash()
	for variant, alike := range map[string]bool{"seed=3": true, "gate_bias=0": true, "activation=relu": true, "gain=0": true, "learning_rate=1": true, "depth=5": false, "batch=3": false} {
		e, err := base.Vary(variant)
		if err != nil || (e.Alike().Hash() == key) != alike {
			t.Errorf("%s: alike is %v, %v", variant, !alike, err)
		}
	}
	if (vgrad.Experiment{}).Alike().Hash() != (vgrad.Experiment{Activation: "leaky_relu", Slope: vgrad.Zero, Gain: vgrad.Zero, Seed: 3}).Alike().Hash() {
		t.Error("zeros keep lanes apart")
	}
}

// A sweep may go over families; each has its own fields.
func TestSweepOfFamilies(t *testing.T) {
	es, err := vgrad.Sweep{Over: []string{"depth=5,10", "network=mlp,highway"}}.Experiments()
	var names []string
	for _, e := range es {
		names = append(names, e.NameBy("network", "depth"))
	}
	if want := "network=mlp depth=5,network=highway depth=5,network=mlp depth=10,network=highway depth=10"; err != nil || strings.Join(names, ",") != want {
		t.Errorf("%q, %v", names, err)
	}
	if _, err := (vgrad.Sweep{Over: []string{"network=highway", "gate_bias=-4..-1"}}).Experiments(); err == nil {
		t.Error("a range of negative numbers is not refused")
	}
	if _, err := (vgrad.Sweep{Over: []string{"network=mlp,highway", "gate_bias=-4,0"}}).Experiments(); err == nil || !strings.Contains(err.Error(), "gate_bias") {
		t.Errorf("the perceptron has no gate: %v", err)
	}
}

func ExampleResidual() {
	e, err := vgrad.Experiment{}.Vary("network=residual depth=50 skip=false norm=batch")
	fmt.Println(e.Name(), err)
	fmt.Println(vgrad.Experiment{Network: vgrad.Residual{Skip: "no"}}.Validate())
	fmt.Println(vgrad.Experiment{Network: vgrad.Residual{Depth: 7}}.Validate())
	// Output:
	// residual depth=50 skip=false norm=batch <nil>
	// skip is "no"; it must be true or false
	// depth is 7; with blocks of 2 layers it must be 6 or 8
}

func ExampleResNet() {
	n := vgrad.ResNet{Depth: 50, Skip: vgrad.On}
	fmt.Println(vgrad.Experiment{Network: vgrad.ResNet{Depth: 50, Skip: vgrad.Off}}.Name())
	first := n.Plan(224, 3).Blocks[0]
	fmt.Printf("%+v, project %+v\n", first.Branch, *first.Project)
	// Output:
	// resnet depth=50 skip=false
	// [{Size:1 In:64 Out:64 Stride:1} {Size:3 In:64 Out:64 Stride:1} {Size:1 In:64 Out:256 Stride:1}], project {Size:1 In:64 Out:256 Stride:1}
}

// A run that was recorded with a caller's model whose name is a family's now is still read
// as what it was; a new model may not take such a name.
func TestModelsNamedAsFamilies(t *testing.T) {
	e, err := vgrad.ParseExperiment([]byte(`{"network":"rnn","depth":6,"width":10,"activation":"sigmoid","steps":5}`))
	if err != nil || e.Network != vgrad.Model("rnn") {
		t.Errorf("network %#v, error %v; want the model", e.Network, err)
	}
	e, err = vgrad.ParseExperiment([]byte(`{"network":"rnn","width":10,"activation":"tanh"}`))
	if n, ok := e.Network.(vgrad.RNN); err != nil || !ok || n.Width != 10 {
		t.Errorf("network %#v, error %v; want the family", e.Network, err)
	}
	if err := vgrad.Model("lstm").Check(); err == nil || !strings.Contains(err.Error(), `"lstm" is a family`) {
		t.Errorf("error %v", err)
	}
}
