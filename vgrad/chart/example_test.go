package chart_test

import (
	"fmt"
	"iter"
	"math"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
)

// decay is a run whose gradient shrinks tenfold with every layer towards the input.
type decay struct{}

func (decay) Label() string { return "sigmoid" }

func (decay) Sites() []vgrad.Site {
	return []vgrad.Site{{Path: "/layer1/weights", Layer: 1}, {Path: "/layer2/weights", Layer: 2}}
}

func (d decay) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for step := range 2 {
			for i, s := range d.Sites() {
				value := []float64{0.001, 0.01}[i]
				if q != vgrad.MeanAbsGrad || !yield(vgrad.Sample{Step: step, Site: s, Quantity: q, Value: value}) {
					return
				}
			}
		}
	}
}

func ExampleMeanGradient() {
	fig, err := chart.MeanGradient([]vgrad.Source{decay{}}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fig.Title)
	fmt.Println(fig.Table.Rows)
	// Output:
	// Mean |∂L/∂W| of layer 1 over training: sigmoid
	// [[0 0.001] [1 0.001]]
}

func ExampleGradientFlow() {
	fig, err := chart.GradientFlow([]vgrad.Source{decay{}}, vgrad.MeanAbsGrad)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fig.Table.Columns, fig.Table.Rows)
	// Output:
	// [layer sigmoid] [[1 0.001] [2 0.01]]
}

// ran is a run of an experiment whose gradient shrinks threefold with every layer.
type ran struct {
	vgrad.Source
	vgrad.Experiment
}

func (r ran) Label() string         { return r.Name() }
func (r ran) Ran() vgrad.Experiment { return r.Experiment }
func (r ran) Sites() (sites []vgrad.Site) {
	for l := 1; l <= r.Depth; l++ {
		sites = append(sites, vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", l), Layer: l})
	}
	return sites
}

func (r ran) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for _, s := range r.Sites() {
			if q != vgrad.MeanAbsGrad || !yield(vgrad.Sample{Site: s, Quantity: q, Value: math.Pow(3, float64(s.Layer-1))}) {
				return
			}
		}
	}
}

func ExampleFactorMap() {
	runs := []vgrad.Source{
		ran{Experiment: vgrad.Experiment{Depth: 2, Activation: "sigmoid"}}, ran{Experiment: vgrad.Experiment{Depth: 6, Activation: "sigmoid"}},
		ran{Experiment: vgrad.Experiment{Depth: 2, Activation: "tanh"}},
	}
	fig, err := chart.FactorMap(runs, "depth", "activation")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fig.Table.Columns, fig.Table.Rows)
	// Output:
	// [activation depth 2 depth 6] [[sigmoid 3 243] [tanh 3 –]]
}

func ExampleFactorTrend() {
	fig, err := chart.FactorTrend([]vgrad.Source{ran{Experiment: vgrad.Experiment{Depth: 2}}, ran{Experiment: vgrad.Experiment{Depth: 6}}}, "depth")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fig.Title, fig.Table.Rows)
	// Output:
	// Gradient factor by depth [[2 3] [6 243]]
}

func ExampleAt() {
	fig, err := chart.Scalar([]vgrad.Source{decay{}}, vgrad.MeanAbsGrad, chart.At("/*/weights"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fig.Table.Columns)
	// Output:
	// [training step /layer1/weights /layer2/weights]
}

func ExampleOnly() {
	fig, err := chart.GradientFlow(chart.Only([]vgrad.Source{decay{}}, "/layer2"), vgrad.MeanAbsGrad)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fig.Table.Columns, fig.Table.Rows)
	// Output:
	// [layer sigmoid] [[2 0.01]]
}

func ExampleFigure_Option() {
	fig, _ := chart.MeanGradient([]vgrad.Source{decay{}}, 2)
	option, err := fig.Option()
	fmt.Println(option[0] == '{', err, fig.Labels())
	// Output:
	// true <nil> [sigmoid]
}

func ExampleRidge() {
	_, err := chart.Ridge(decay{}, vgrad.Weights, 1)
	fmt.Println(err)
	// Output:
	// chart: ridge: "sigmoid" has no weights at layer 1; recorded there: mean_abs_grad
}

func ExampleNewRenderer() {
	_, err := chart.NewRenderer(nil)
	fmt.Println(err)
	// Output:
	// chart: renderer: the ECharts library is empty; `go tool vgrad assets` fetches it
}

func ExampleMissed() {
	fmt.Printf("%q %q %q\n", chart.Missed(0, true), chart.Missed(0, false), chart.Missed(1, true))
	// Output:
	// "zero or less" "" ""
}

func ExampleStates() {
	s := chart.States{Title: "Explore depth", Fields: []chart.Field{{Name: "depth", Values: []string{"2", "6"}}}}
	for range 2 {
		figure, err := chart.MeanGradient([]vgrad.Source{decay{}}, 1)
		if err != nil {
			fmt.Println(err)
		}
		s.List = append(s.List, chart.State{Figures: []*chart.Figure{figure}, Words: "validation accuracy 0.9"})
	}
	html, err := s.HTML(chart.HTMLOptions{})
	fmt.Println(s.Names(1), len(html) > 0, err)
	// Output: depth=6 true <nil>
}
