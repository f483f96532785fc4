package article

import (
	"context"
	"fmt"
	"io"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/summary"
)

// Activations are the article's three scenarios, in its order.
func Activations() []string { return []string{"sigmoid", "relu", "leaky_relu"} }

// SummaryEvery is how often, in steps, the article takes its summaries.
const SummaryEvery = summary.Every

// Walkthrough describes the runs. The zero value is the article's experiment:
// three activations, one seed.
type Walkthrough struct {
	// Base is the experiment that the scenarios have in common. Zero: the article's.
	Base vgrad.Experiment
	// Activations lists the scenarios. Nil: [Activations].
	Activations []string
	// Seeds is the number of runs of each scenario. Their seeds count up from
	// Base.Seed. Zero: 1.
	Seeds int
}

// Experiments lists the experiments: one for each activation and seed. The
// activation is the label. Of a network without activations they differ only in
// label and seed.
func (w Walkthrough) Experiments() []vgrad.Experiment {
	activations := w.Activations
	if activations == nil {
		activations = Activations()
	}
	var es []vgrad.Experiment
	for _, a := range activations {
		for i := range max(1, w.Seeds) {
			e, err := w.Base.Vary("activation=" + a)
			if err != nil { // a family without activations; the lab's check reports what is wrong with Base
				e = w.Base
			}
			e.Label = a
			e.Seed += uint64(i)
			es = append(es, e)
		}
	}
	return es
}

// Run trains or loads the walkthrough's runs. It fails as [lab.Lab.All] does.
func (w Walkthrough) Run(ctx context.Context, l *lab.Lab) (runs.Comparison, error) {
	return l.All(ctx, w.Experiments()...)
}

// IsArticle reports whether the article's claims apply to e: whether e is the
// article's experiment. Activation, seed, label and the measured quantities may
// differ.
func IsArticle(e vgrad.Experiment) bool {
	bare := func(e vgrad.Experiment) string {
		if e.WithDefaults().Network == (vgrad.MLP{}) {
			e, _ = e.Vary("activation=sigmoid") // a perceptron has one
		}
		e.Seed, e.Measure = 0, vgrad.Measure{}
		return e.Hash()
	}
	return bare(e) == bare(vgrad.Experiment{})
}

// Lines prints the article's line every 200th step:
//
//	Iteration 200 of 2500, loss: 2.301, train accuracy: 13.33%
type Lines struct {
	W     io.Writer // required
	Steps int       // of the run
	// Name is appended to each line. It tells runs apart that are trained at the
	// same time. Zero: nothing is appended, and the line is the article's.
	Name string
}

// Print prints the line of a step if step is a multiple of [SummaryEvery], is
// below Steps, and has a loss. It fails if W does.
func (l Lines) Print(step int, samples []vgrad.Sample) error {
	if step%SummaryEvery != 0 || step >= l.Steps {
		return nil
	}
	var loss, accuracy float64
	found := false
	for _, s := range samples {
		switch s.Quantity {
		case vgrad.Loss:
			loss, found = s.Value, true
		case vgrad.TrainAccuracy:
			accuracy = s.Value
		}
	}
	if !found {
		return nil
	}
	line := fmt.Sprintf("Iteration %d of %d, loss: %.3f, train accuracy: %.2f%%", step, l.Steps, loss, 100*accuracy)
	if l.Name != "" {
		line += "  " + l.Name
	}
	_, err := fmt.Fprintln(l.W, line)
	return err
}
