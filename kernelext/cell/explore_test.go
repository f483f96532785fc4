package cell

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/runs"
)

func TestExplore(t *testing.T) {
	files = 0
	base := vgrad.Experiment{Steps: 20}
	out, complaint, ended := left(t, func() {
		Explore(base, "activation=sigmoid,relu", "depth=2..4", "seed=0,1", "width=10")
		exec := os.Getenv("VGRAD_PROGRAM")
		defer os.Setenv("VGRAD_PROGRAM", exec)
		os.Setenv("VGRAD_PROGRAM", "/nowhere") // it is not asked again
		Exploration{Base: base, Over: []string{"sigmoid,relu", "depth=2..4"}, Lines: "activation", Figures: []Draw{chart.Loss}}.Show()
		Compare(base, "sigmoid depth=3", "relu depth=4 seed=1")
		for i := 1; i <= 2; i++ {
			text, err := os.ReadFile(fmt.Sprintf("figure-%d.html", i))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte(`class="vgrad-packed"`)) || bytes.Count(text, []byte("vgradRuntimes = ")) != 1 {
				t.Errorf("figure-%d.html has no states, or not one runtime", i)
			}
		}
	})
	if ended {
		t.Fatalf("the cell ended: %s", complaint)
	}
	for _, want := range []string{"figure-1.html: Explore activation and depth: 6 states\n", "figure-2.html: Explore depth: 3 states, a line for each activation\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if !strings.HasPrefix(complaint, "12 runs are recorded") {
		t.Errorf("it said %q", complaint)
	}
}

// The figures of a state are those of the same runs from Compare, value by value. Package
// chart has the test that [chart.States] keeps them.
func TestExploreEqualsCompare(t *testing.T) {
	draw := []Draw{func(r []vgrad.Source) (*chart.Figure, error) { return chart.GradientFlow(r, vgrad.MeanAbsGrad) }, chart.Loss}
	base := vgrad.Experiment{Steps: 55, Width: 33} // with values that are not finite
	_, complaint, ended := left(t, func() {
		x := Exploration{Base: base, Over: []string{"activation=sigmoid,tanh,relu", "depth=2..5"}, Figures: draw}
		x.Show()
		p := Must(x.plan())
		s := Must(x.read(Context(), Must(runs.Open("")), p))
		if len(s.List) != 12 {
			t.Fatalf("%d states", len(s.List))
		}
		seen := map[string]string{}
		for i, state := range s.List {
			c := Compare(base, s.Names(i))
			c.Runs()[0].Experiment.Label = p.states[i][0].Label
			for k, d := range draw {
				want := Must(Must(d(c)).Option())
				if got := Must(state.Figures[k].Option()); !bytes.Equal(got, want) {
					t.Errorf("%s, figure %d differs from that of Compare", s.Names(i), k)
				}
				values := strings.ReplaceAll(string(want), p.states[i][0].Label, "")
				if other, ok := seen[values]; ok {
					t.Errorf("%s and %s have equal figures, so the test compares nothing", s.Names(i), other)
				}
				seen[values] = s.Names(i)
			}
		}
	})
	if ended {
		t.Fatal(complaint)
	}
}

func TestExploreRefuses(t *testing.T) {
	for _, c := range []struct {
		x    Exploration
		says string
	}{
		{Exploration{Over: []string{"activation=sigmoid,relu", "depth=1..300"}}, "2 × activation, 300 × depth are 600 states; at most 400."},
		{Exploration{Over: []string{"depth=3"}}, "no field has several values"},
		{Exploration{Over: []string{"seed=0..4"}}, "no field has several values"},
		{Exploration{Over: []string{"depth=2..4"}, Lines: "activation"}, `Lines is "activation", which is not in Over`},
		{Exploration{Over: []string{"dept=2..4"}}, "dept"},
		{Exploration{Over: []string{"depth=2..4"}, Figures: []Draw{func(r []vgrad.Source) (*chart.Figure, error) { return chart.Accuracy(r) }}, Base: vgrad.Experiment{Steps: 3}}, "train_accuracy"},
	} {
		var made []string
		_, complaint, ended := left(t, func() {
			defer func() {
				made, _ = filepath.Glob("*")
				if trained, _ := filepath.Glob(filepath.Join(os.Getenv("VGRAD_RUNS"), "*-seed*")); len(trained) > 0 && c.x.Figures == nil {
					t.Errorf("%v: %v was trained", c.x.Over, trained)
				}
			}()
			c.x.Show()
		})
		if !ended || !strings.Contains(complaint, c.says) || len(made) > 0 {
			t.Errorf("%v: ended %t, made %v, said %q; want %q", c.x.Over, ended, made, complaint, c.says)
		}
	}
}

func TestExploreSaysTheOutcome(t *testing.T) {
	left(t, func() {
		c := Compare(vgrad.Experiment{Steps: 5}, "relu", "relu seed=1", "tanh")
		want := "relu steps=5: medians of 2 runs: validation accuracy 0.5, validation loss 1; tanh steps=5: validation accuracy 0.5, validation loss 1"
		if got := outcome(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func ExampleExploration() {
	x := Exploration{Base: vgrad.Experiment{Steps: 300}, Over: []string{"sigmoid,tanh,relu", "depth=2..12"}, Lines: "activation"}
	p, err := x.plan()
	fmt.Println(p.fields, len(p.states), len(p.states[0]), err)
	// Output: [{depth [2 3 4 5 6 7 8 9 10 11 12]}] 11 3 <nil>
}
