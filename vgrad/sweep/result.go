package sweep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/summary"
)

// Result is what is recorded of a sweep. Runs of one scenario share a label,
// which names it by what varies: "sigmoid depth=6".
type Result struct {
	Fields  []string       // that vary, the seed aside
	Runs    []*summary.Run // in the order of the experiments
	Missing int            // experiments without a finished run

	outcomes []Outcome
}

// Outcome is the outcome of one run.
type Outcome struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	// Factor is that of [summary.Factor].
	Factor      Number           `json:"factor"`
	ValAccuracy Number           `json:"val_accuracy"` // at the end, 0 to 1; null where there are no classes
	ValLoss     Number           `json:"val_loss"`     // at the end, nats
	Experiment  vgrad.Experiment `json:"experiment"`   // defaults written out
	Run         string           `json:"run"`          // its name in the store

	classes bool // there is an accuracy
}

// Number is a float64 that JSON shows as null where it is NaN or infinite.
type Number = summary.Number

// Read reads the runs of a sweep's experiments that are recorded: all of them,
// or a shard. It holds one whole run at a time and of the others some
// kilobytes. It fails on a run that cannot be read, and when ctx ends.
func Read(ctx context.Context, store *runs.Store, s vgrad.Sweep, es []vgrad.Experiment) (*Result, error) {
	fields, err := s.Varied()
	if err != nil {
		return nil, err
	}
	r := &Result{Fields: fields, outcomes: []Outcome{}}
	for _, e := range es {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("sweep: read: %w", err)
		}
		run, err := store.Load(e) // by the name it was recorded under
		switch {
		case errors.Is(err, runs.ErrNotRecorded), err == nil && !run.Finished:
			r.Missing++
			continue
		case err != nil:
			return nil, fmt.Errorf("sweep: read: %w", err)
		}
		if run.Experiment.Label = e.NameBy(fields...); len(fields) == 0 {
			run.Experiment.Label = e.Name()
		}
		if err := r.add(run); err != nil {
			return nil, fmt.Errorf("sweep: %s: %w", run.Name, err)
		}
	}
	return r, nil
}

func (r *Result) add(run *runs.Run) error {
	o := Outcome{Scenario: run.Label(), Seed: run.Experiment.Seed, Experiment: run.Experiment.WithDefaults(), Run: run.Name}
	o.Experiment.Label = ""
	factor, err := summary.Factor(run)
	if err != nil {
		return err
	}
	o.Factor = Number(factor)
	loss, ok := run.Value(vgrad.ValLoss, 0)
	if !ok {
		return fmt.Errorf("%s is not recorded", vgrad.ValLoss)
	}
	o.ValLoss, o.ValAccuracy = Number(loss), Number(math.NaN())
	accuracy, classes := run.Value(vgrad.ValAccuracy, 0)
	if classes {
		o.ValAccuracy = Number(accuracy)
	}
	o.classes = classes
	r.outcomes = append(r.outcomes, o)
	r.Runs = append(r.Runs, summary.Condense(run, vgrad.Loss, vgrad.TrainAccuracy, vgrad.ValAccuracy, vgrad.ValLoss, vgrad.MeanAbsGrad))
	return nil
}

// Outcomes lists the runs' outcomes.
func (r *Result) Outcomes() []Outcome { return slices.Clone(r.outcomes) }

// Sources returns the runs as figures take them.
func (r *Result) Sources() []vgrad.Source {
	var sources []vgrad.Source
	for _, run := range r.Runs {
		sources = append(sources, run)
	}
	return sources
}

// Scenario is what the repetitions of one scenario gave.
type Scenario struct {
	Name             string
	Experiment       vgrad.Experiment // of the first run
	Runs             int
	Factor, Accuracy summary.Spread // of the runs that gave a number; of a regression there is no accuracy
	Loss             summary.Spread // likewise
	NaN              int            // runs that did not, in the factor, the accuracy or a regression's loss

	classes bool
}

// Scenarios condenses the repetitions, in order of first appearance.
func (r *Result) Scenarios() []Scenario {
	var all []Scenario
	at := map[string]int{}
	factors, accuracies, losses := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	for _, o := range r.outcomes {
		i, found := at[o.Scenario]
		if !found {
			i, at[o.Scenario] = len(all), len(all)
			all = append(all, Scenario{Name: o.Scenario, Experiment: o.Experiment, classes: o.classes})
		}
		all[i].Runs++
		factor, accuracy, loss := float64(o.Factor), float64(o.ValAccuracy), float64(o.ValLoss)
		if math.IsNaN(factor) || o.classes && math.IsNaN(accuracy) || !o.classes && math.IsNaN(loss) {
			all[i].NaN++
		}
		if !math.IsNaN(loss) {
			losses[o.Scenario] = append(losses[o.Scenario], loss)
		}
		if !math.IsNaN(factor) {
			factors[o.Scenario] = append(factors[o.Scenario], factor)
		}
		if !math.IsNaN(accuracy) {
			accuracies[o.Scenario] = append(accuracies[o.Scenario], accuracy)
		}
	}
	for i, s := range all {
		all[i].Loss = summary.SpreadOf(losses[s.Name])
		all[i].Factor, all[i].Accuracy = summary.SpreadOf(factors[s.Name]), summary.SpreadOf(accuracies[s.Name])
	}
	return all
}

// Table has a row a scenario: how many runs, and the median and the 10–90 %
// range of gradient factor and validation accuracy, or of a regression the
// validation loss.
func (r *Result) Table() page.Table {
	t := page.Table{
		Caption: "Medians over seeds, with their 10–90 % range. The factor is mean |∂L/∂W| of the last layer over that of the first, averaged over every 200th step, or the next that is recorded.",
		Columns: append(slices.Clone(r.Fields), "runs", "gradient factor"),
	}
	if len(r.Fields) == 0 {
		t.Columns = append([]string{"scenario"}, t.Columns...)
	}
	scenarios := r.Scenarios()
	accuracy := slices.ContainsFunc(scenarios, func(s Scenario) bool { return s.classes })
	loss := slices.ContainsFunc(scenarios, func(s Scenario) bool { return !s.classes })
	if accuracy || !loss {
		t.Columns = append(t.Columns, "validation accuracy")
	}
	if loss {
		t.Columns = append(t.Columns, "validation loss")
	}
	nan := slices.ContainsFunc(scenarios, func(s Scenario) bool { return s.NaN > 0 })
	if nan {
		t.Columns = append(t.Columns, "NaN")
		t.Caption += " Runs that gave NaN are counted and left out."
	}
	for _, s := range scenarios {
		var row []string
		for _, f := range r.Fields {
			value, err := s.Experiment.Field(f)
			if err != nil {
				value = err.Error() // no such field: Read had refused the sweep
			}
			row = append(row, value)
		}
		if len(r.Fields) == 0 {
			row = []string{s.Name}
		}
		row = append(row, fmt.Sprint(s.Runs), s.Factor.String())
		if accuracy {
			row = append(row, orDash(s.Accuracy, s.classes))
		}
		if loss {
			row = append(row, orDash(s.Loss, !s.classes))
		}
		if nan {
			row = append(row, fmt.Sprint(s.NaN))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// orDash is a spread, or a dash where it is not what counts.
func orDash(s summary.Spread, counts bool) string {
	if !counts {
		return "–"
	}
	return s.String()
}
