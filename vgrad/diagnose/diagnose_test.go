package diagnose_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/diagnose"
)

// Of a run in which nothing is wrong, every rule looks and finds nothing.
func TestNothingWrong(t *testing.T) {
	for _, m := range []made{healthy(), sluggish(), recurrent(5), gated()} {
		if r := diagnose.Of(m); len(r.Findings)+len(r.Notes)+len(r.Unjudged) > 0 || len(r.Silent) != len(diagnose.Rules()) {
			t.Errorf("%v", r)
		}
	}
}

// Each rule is in one of the four lists, whatever was planted.
func TestEachRuleIsTold(t *testing.T) {
	for _, f := range faults {
		m := f.base()
		f.plant(&m)
		r := diagnose.Of(m)
		told := slices.Clone(r.Silent)
		for _, u := range r.Unjudged {
			told = append(told, u.Rule)
		}
		for _, f := range slices.Concat(r.Findings, r.Notes) {
			told = append(told, f.Rule)
		}
		for _, rule := range diagnose.Rules() {
			if n := strings.Count("\n"+strings.Join(told, "\n")+"\n", "\n"+rule.Name+"\n"); n != 1 {
				t.Errorf("%s: %q is told %d times", f.name, rule.Name, n)
			}
		}
	}
}

// Runs that were recorded before sites had roles are judged like others.
func TestOlderRuns(t *testing.T) {
	for _, f := range faults {
		m := f.base()
		f.plant(&m)
		m.experiment = vgrad.Experiment{Activation: "tanh"}
		delete(m.values, vgrad.SlopeFactor) // such runs have no factors
		delete(m.values, vgrad.WeightFactor)
		if slices.ContainsFunc(m.sites, func(s vgrad.Site) bool { return s.Time > 0 || s.Role == vgrad.Gate }) {
			continue // there were none
		}
		if got, want := diagnose.Of(older{m}).String(), diagnose.Of(m).String(); got != want {
			t.Errorf("%s: %s\nwant %s", f.name, got, want)
		}
	}
}

// A plain ReLU is flat half of the time, and its activation is the site's: the
// experiment's is not asked.
func TestFlatByDesign(t *testing.T) {
	flat := func(activation, ofExperiment string) diagnose.Report {
		m := sluggish()
		m.sites = layers(6, activation)
		m.experiment.Activation = ofExperiment
		m.values[vgrad.Saturated] = func(int, vgrad.Site) float64 { return 0.6 }
		return diagnose.Judge(m, rule(t, "saturated units"))
	}
	if r := flat("relu", "sigmoid"); len(r.Silent) != 1 {
		t.Errorf("ReLU: %v", r)
	}
	if r := flat("sigmoid", "relu"); len(r.Findings) != 1 {
		t.Errorf("sigmoid: %v", r)
	}
	if r := flat("", "relu"); len(r.Unjudged) != 1 || !strings.Contains(r.String(), "the activation of layer 1 is not known") {
		t.Errorf("an unknown activation: %v", r)
	}
}

// A batch does not tell a dead unit from a quiet one: what it shows is bounded from
// both sides.
func TestDeadIsBounded(t *testing.T) {
	for _, c := range []struct {
		name        string
		batch       int
		low, high   float64 // fraction silent, in turn
		found, told bool
	}{
		{"a batch of 1, two thirds silent in the mean, less than half at times", 1, 0.45, 0.85, false, false},
		{"a batch of 1, always more than half silent", 1, 0.6, 0.75, false, true},
		{"a batch of 1, next to all silent", 1, 0.98, 1, true, false},
		{"a batch of 30, 80 % silent", 30, 0.79, 0.81, true, false},
		{"a batch of 30, half silent", 30, 0.49, 0.51, false, false},
		{"a batch of 30, just above half silent", 30, 0.505, 0.515, false, true},
		{"a batch of 256, 60 % silent", 256, 0.59, 0.61, true, false},
	} {
		m := sluggish()
		m.experiment.Batch = c.batch
		for i := range m.sites {
			m.sites[i].Size = 10 * c.batch
		}
		m.values[vgrad.Dead] = func(step int, s vgrad.Site) float64 {
			if s.Layer != 2 {
				return 0
			}
			return []float64{c.low, c.high}[step%2]
		}
		r := diagnose.Judge(m, rule(t, "dead units"))
		if len(r.Findings) > 0 != c.found || len(r.Unjudged) > 0 != c.told {
			t.Errorf("%s: %v", c.name, r)
		}
		if c.told && !strings.Contains(r.String(), fmt.Sprintf("because a batch of %d does not tell a unit that is dead from one that is quiet", c.batch)) {
			t.Errorf("%s: %v", c.name, r)
		}
	}
}

// A frozen layer is called so, is not told that it does not move, and shifts no other.
func TestFrozen(t *testing.T) {
	m := sluggish()
	for i := range m.sites {
		m.sites[i].Frozen = m.sites[i].Layer == 1
	}
	m.values[vgrad.UpdateRatio] = layerIs(1, 0, 1e-3)
	m.values[vgrad.MeanAbsGrad] = layerIs(1, 0, 1e-3)
	if r := diagnose.Of(m); len(r.Findings)+len(r.Notes)+len(r.Unjudged) > 0 {
		t.Errorf("%v", r)
	}
	m.values[vgrad.Saturated] = layerIs(1, 0.6, 0)
	if r := diagnose.Of(m); len(r.Findings) != 1 || r.Findings[0].Where() != "layer 1 (frozen), step 399" {
		t.Errorf("%v", r)
	}
	m.values[vgrad.Saturated] = layerIs(2, 0.6, 0)
	if r := diagnose.Of(m); len(r.Findings) != 1 || r.Findings[0].Where() != "layer 2, step 399" {
		t.Errorf("%v", r)
	}
}

// Depth and time are two faults: each is told with its factor.
func TestDepthAndTime(t *testing.T) {
	m := recurrent(4)
	m.values[vgrad.RMSDelta] = func(_ int, s vgrad.Site) float64 {
		return math.Pow(0.1, float64(3-s.Layer)) * math.Pow(0.2, float64(4-max(s.Time, 4*(s.Layer%2))))
	}
	r := diagnose.Judge(m, rule(t, "vanishing gradient"))
	if len(r.Findings) != 2 || r.Findings[0].Where() != "layer 1, step 0" || r.Findings[1].Where() != "layer 2 at time step 1, step 0" {
		t.Fatalf("%v", r)
	}
	for i, want := range []string{"divided by 10 at each layer", "of layer 2 is divided by 5 at each time step"} {
		if !strings.Contains(r.Findings[i].Says, want) {
			t.Errorf("it does not say %q: %v", want, r.Findings[i])
		}
	}
}

// A branch beside a stream may get little: the stream passes the signal on.
func TestStreamPasses(t *testing.T) {
	m := gated()
	m.values[vgrad.RMSDelta] = func(_ int, s vgrad.Site) float64 {
		if s.Role == vgrad.Stream || s.Layer == 1 || s.Layer == 6 {
			return 1
		}
		return math.Pow(0.1, float64(6-s.Layer))
	}
	if r := diagnose.Of(m); len(r.Findings) > 0 {
		t.Errorf("%v", r)
	}
}

// Sites of a kind that share a layer are told apart by their paths.
func TestPlaces(t *testing.T) {
	m := sluggish()
	m.sites = append(m.sites, vgrad.Site{Path: "/layer2/key/units", Layer: 2, Role: vgrad.Units, Activation: "tanh", Size: 300})
	m.values[vgrad.Saturated] = layerIs(2, 0.6, 0)
	if r := diagnose.Of(m); len(r.Findings) != 1 || r.Findings[0].Where() != "layer 2 (/layer2/units), step 399" {
		t.Errorf("%v", r)
	}
}

// What was not recorded is told, not passed over; so is what is too little to judge.
func TestUnjudged(t *testing.T) {
	m := healthy()
	m.values = values{vgrad.Loss: m.values[vgrad.Loss]}
	r := diagnose.Of(m)
	if len(r.Unjudged) != 10 || !strings.Contains(r.String(), "Not judged: dead units, because it needs dead, not recorded here.") {
		t.Errorf("%v", r)
	}
	m.steps = 0
	if r := diagnose.Of(m); len(r.Unjudged) != len(diagnose.Rules()) || len(r.Silent) > 0 {
		t.Errorf("of an empty run: %v", r)
	}
	m = sluggish()
	m.steps = 40
	for _, want := range []string{
		"Not judged: loss that does not fall, because 40 steps are too few to tell; it takes 200.",
		"Not judged: update size, because 40 steps are too few to tell weights that do not move from weights that move slowly; it takes 200.",
	} {
		if r := diagnose.Of(m); !strings.Contains(r.String(), want) || len(r.Findings) > 0 {
			t.Errorf("%v\nwant %s", r, want)
		}
	}
}

// A loss of which only each tenth step is recorded is judged by what there is; where
// its noise hides what happens, that is said.
func TestStalledByFewLosses(t *testing.T) {
	noisy := func(level, noise float64) func(int, vgrad.Site) float64 {
		return func(step int, _ vgrad.Site) float64 { return level + noise*math.Sin(float64(step*step)) }
	}
	m := sluggish()
	m.steps, m.every = 1000, 10
	m.values[vgrad.Loss] = noisy(2.3, 0.01)
	if r := diagnose.Judge(m, rule(t, "loss that does not fall")); len(r.Findings) != 1 {
		t.Errorf("%v", r)
	}
	m.values[vgrad.Loss] = noisy(1.5, 0.5)
	if r := diagnose.Judge(m, rule(t, "loss that does not fall")); len(r.Unjudged) != 1 || !strings.Contains(r.String(), "the losses of single steps vary too much") {
		t.Errorf("%v", r)
	}
	m.every = 100
	if r := diagnose.Judge(m, rule(t, "loss that does not fall")); len(r.Unjudged) != 1 || !strings.Contains(r.String(), "10 recorded losses are too few to tell; it takes 20") {
		t.Errorf("%v", r)
	}
}

// A NaN at every place a rule reads makes none of them panic or speak of NaN as a number.
func TestAllNaN(t *testing.T) {
	m := healthy()
	for q := range m.values {
		m.values[q] = func(int, vgrad.Site) float64 { return math.NaN() }
	}
	r := diagnose.Of(m)
	if len(r.Findings) != 1 || r.Findings[0].Where() != "layer 1, step 0" || len(r.Silent) > 0 || strings.Contains(r.String(), "NaN %") {
		t.Errorf("%v", r)
	}
}

// The lists are lists, not null, and what a program reads of a finding is all there.
func TestJSON(t *testing.T) {
	text, err := json.Marshal(diagnose.Of(made{steps: 1, every: 1}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"findings":[]`, `"notes":[]`, `"not_found":[]`, `"not_judged":[{"rule":"NaN or infinity","why":"it needs `} {
		if !strings.Contains(string(text), want) {
			t.Errorf("it does not have %s: %s", want, text)
		}
	}
	m := sluggish()
	m.values[vgrad.Dead] = layerIs(3, 1, 0)
	text, err = json.Marshal(diagnose.Of(m).Findings[0])
	if err != nil || !strings.Contains(string(text), `"severity":"serious","site":"/layer3/units","place":"layer 3","layer":3,"step":399`) {
		t.Errorf("%s, %v", text, err)
	}
}

// A rule from elsewhere looks at the same training and is told in the same way.
func TestOwnRule(t *testing.T) {
	own := diagnose.Rule{
		Name: "too few layers", Threshold: "fewer than 10", Source: "ours", Advice: "more",
		Needs: []vgrad.Quantity{vgrad.MeanAbsWeight},
		Look: func(tr *diagnose.Training) ([]diagnose.Sighting, error) {
			series := tr.Series(vgrad.MeanAbsWeight)
			if last := series[len(series)-1]; last.Layer < 10 {
				return []diagnose.Sighting{{Site: last.Site, Says: fmt.Sprintf("There are %d.", last.Layer)}}, nil
			}
			return nil, nil
		},
	}
	r := diagnose.Judge(sluggish(), append(diagnose.Rules(), own)...)
	if len(r.Findings) != 1 || r.Findings[0].Where() != "layer 6, step 0" || r.Findings[0].Says != "There are 6." {
		t.Errorf("%v", r)
	}
}

// rule is the rule of that name.
func rule(t *testing.T, name string) diagnose.Rule {
	rules := diagnose.Rules()
	i := slices.IndexFunc(rules, func(r diagnose.Rule) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("there is no rule %q", name)
	}
	return rules[i]
}

func ExampleOf() {
	src := made{steps: 1, every: 1, sites: layers(3, "sigmoid"), values: values{
		vgrad.RMSDelta: func(_ int, s vgrad.Site) float64 { return math.Pow(10, float64(s.Layer-5)) },
	}}
	fmt.Println(diagnose.Of(src).Findings[0])
	// Output:
	// vanishing gradient (layer 1, step 0): On its way back from the loss the gradient is divided by 10 at each layer: layer 1 gets 1/100 of what layer 3 has.
	//   seen: the norm of δ = ∂L/∂z at step 0 is 0.17 in layer 3 and 0.0017 in layer 1, a factor of 0.1 a layer
	//   rule: the norm of δ falls to less than a third with each layer or time step on its way back, by a least-squares fit of its logarithm, and to less than an eighth on the whole way; or, where nothing was learned, it does so in the end, or falls to less than a thousandth (relative to depth, as √χ of mean-field theory: Schoenholz et al. 2017, arXiv:1611.01232)
	//   try: an activation with slope 1 where it is active (relu, leaky_relu, tanh), larger first weights (gain, he_normal with ReLU), or fewer layers
}

// A rule of one's own is a value; it needs no file here.
func ExampleJudge() {
	heavy := diagnose.Rule{
		Name: "heavy weights", Threshold: "mean |W| is above 1", Source: "ours", Advice: "weight decay",
		Needs: []vgrad.Quantity{vgrad.MeanAbsWeight},
		Look: func(t *diagnose.Training) (seen []diagnose.Sighting, err error) {
			for _, s := range t.Series(vgrad.MeanAbsWeight) {
				if last := s.Values[len(s.Values)-1]; last > 1 {
					seen = append(seen, diagnose.Sighting{Site: s.Site, Step: s.Steps[len(s.Steps)-1],
						Says: "The weights are heavy.", Evidence: fmt.Sprintf("mean |W| is %g", last)})
				}
			}
			return seen, nil
		},
	}
	src := made{steps: 3, every: 1, sites: layers(2, "tanh"), values: values{
		vgrad.MeanAbsWeight: func(_ int, s vgrad.Site) float64 { return float64(s.Layer) },
	}}
	fmt.Println(diagnose.Judge(src, heavy))
	// Output:
	// heavy weights (layer 2, step 2): The weights are heavy.
	//   seen: mean |W| is 2
	//   rule: mean |W| is above 1 (ours)
	//   try: weight decay
}
