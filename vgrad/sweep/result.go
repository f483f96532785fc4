package sweep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/summary"
)

// Result holds the recorded runs of a sweep. Runs of one scenario have the same
// label. It names the scenario by the fields that vary: "sigmoid depth=6".
type Result struct {
	Fields  []string       // the fields that vary, without the seed; empty: only the seed varies
	Runs    []*summary.Run // the finished runs, in the order of the experiments
	Missing int            // experiments without a finished run

	fixed    []string // the fields that the sweep sets to one value
	outcomes []Outcome
}

// Outcome is the outcome of one run.
type Outcome struct {
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	// Factor is the gradient factor, see [summary.Factor].
	Factor      Number           `json:"factor"`
	ValAccuracy Number           `json:"val_accuracy"` // at the end, 0 to 1; NaN, and null in JSON, for a regression
	ValLoss     Number           `json:"val_loss"`     // at the end, nats
	Experiment  vgrad.Experiment `json:"experiment"`   // defaults written out
	Run         string           `json:"run"`          // its name in the store

	classes bool // a classification, so there is an accuracy
}

// Number is a float64 that is null in JSON if it is NaN or infinite.
type Number = summary.Number

// Read reads the recorded runs of es: the experiments of the sweep s, or of one
// of its shards. It counts experiments without a finished run as missing. It
// keeps one whole run in memory at a time, and some kilobytes of each of the
// others. It fails if s is invalid, if a run cannot be read or lacks what an
// [Outcome] needs, and when ctx ends.
func Read(ctx context.Context, store *runs.Store, s vgrad.Sweep, es []vgrad.Experiment) (*Result, error) {
	fields, err := s.Varied()
	if err != nil {
		return nil, err
	}
	r := &Result{Fields: fields, fixed: fixed(s, fields), outcomes: []Outcome{}}
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

// fixed lists the fields that s sets to one value. varied are those with several.
func fixed(s vgrad.Sweep, varied []string) []string {
	var fields []string
	for _, text := range s.Over {
		field, _, ok := strings.Cut(text, "=")
		if field = strings.TrimSpace(field); !ok {
			field = "activation" // a word without "=", see [vgrad.Sweep]
		}
		if field == "seed" { // not in varied even if it varies
			if seeds, err := (vgrad.Sweep{Over: []string{text}}).Experiments(); err != nil || len(seeds) > 1 {
				continue
			}
		}
		if !slices.Contains(varied, field) {
			fields = append(fields, field)
		}
	}
	return fields
}

// add appends a run, condensed, and its outcome.
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

// Outcomes lists the outcomes, in the order of Runs.
func (r *Result) Outcomes() []Outcome { return slices.Clone(r.outcomes) }

// Sources returns Runs as the type that package chart takes.
func (r *Result) Sources() []vgrad.Source {
	var sources []vgrad.Source
	for _, run := range r.Runs {
		sources = append(sources, run)
	}
	return sources
}

// Scenario summarizes the runs of one scenario over their seeds. Its spreads
// leave out runs that gave NaN.
type Scenario struct {
	Name       string
	Experiment vgrad.Experiment // of the first run
	Runs       int
	Factor     summary.Spread // the gradient factor, see [summary.Factor]
	Accuracy   summary.Spread // the validation accuracy, 0 to 1; NaN for a regression
	Loss       summary.Spread // the validation loss, in nats
	NaN        int            // runs that gave NaN: as factor, as accuracy, or as the loss of a regression

	classes bool
}

// Scenarios summarizes the scenarios, in order of first appearance.
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

// Table returns a table with one row for each scenario: the number of runs, and
// the median and the 10–90 % range of the gradient factor and of the validation
// accuracy. A regression has the validation loss instead of the accuracy.
func (r *Result) Table() page.Table {
	t := page.Table{
		Caption: "Medians over seeds, with their 10–90 % range. The factor is mean |∂L/∂W| of the last layer over that of the first, averaged over every 200th step. If such a step is not recorded, the next recorded step counts.",
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
		t.Caption += " Runs that gave NaN are counted in the last column and left out of the medians."
	}
	for _, s := range scenarios {
		var row []string
		for _, f := range r.Fields {
			value, err := s.Experiment.Field(f)
			if err != nil {
				value = err.Error() // not reached: Read refuses a sweep over a field that does not exist
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

// orDash formats a spread if it counts for the scenario, and else a dash.
func orDash(s summary.Spread, counts bool) string {
	if !counts {
		return "–"
	}
	return s.String()
}
