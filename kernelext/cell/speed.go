package cell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vgrad/lab/kernelext/wire"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/summary"
)

// Speed measures how many seconds a training step of each combination of the values of
// some fields takes, on each backend: Go, XLA on the CPU, and XLA on CUDA. [vgrad.Sweep]
// says how fields and values are written. A backend that this machine lacks has a row
// that says so. The measured numbers are shown as a table where they are the last value of
// a cell, and drawn by [chart.Speed]:
//
//	speeds := cell.Speed(vgrad.Experiment{}, "width=10,100", "depth=6,20")
//	cell.Show(chart.Speed(speeds, "width"))
//
// Nothing is recorded, since the numbers depend on the machine and on what else it does:
// calling it again measures again. If base.Measure is empty, no quantities but loss and
// accuracy are measured. Compiling is not part of a step; it is given apart.
func Speed(base vgrad.Experiment, over ...string) []vgrad.Speed {
	if m := base.Measure; m.Quantities == nil && m.Every == 0 && m.HistogramEvery == 0 {
		base.Measure = vgrad.Measure{Quantities: []vgrad.Quantity{}, HistogramEvery: -1}
	}
	es := Must(vgrad.Sweep{Base: base, Over: over}.Experiments())
	var bar *Bar
	var speeds []vgrad.Speed
	ctx := Context()
	err := ask(ctx, wire.Request{Store: Must(runs.Open("")).Dir(), Train: es, Speed: true}, func(m wire.Message) error {
		switch {
		case m.Timed != nil && bar == nil:
			bar = Progress("stretches of training", m.Timed.Total)
			bar.Add(m.Timed.Done)
		case m.Timed != nil:
			bar.Add(1)
		case m.Speeds != nil:
			speeds = m.Speeds
		}
		return nil
	})
	switch {
	case bar == nil:
	case err == nil:
		bar.end(fmt.Sprintf("Measured in %d stretches of training.", bar.at))
	case ctx.Err() != nil:
		err = context.Canceled
		bar.end(fmt.Sprintf("Interrupted after %d of %d stretches.", bar.at, bar.total))
	default:
		bar.end(fmt.Sprintf("Stopped after %d of %d stretches.", bar.at, bar.total))
	}
	switch {
	case err != nil:
		fail(err)
	case speeds == nil:
		fail(errors.New("the vgrad program measured nothing"))
	}
	return speeds
}

// speedTable has a row for each experiment and backend. A backend that is absent has one.
func speedTable(speeds []vgrad.Speed) page.Table {
	t := page.Table{Columns: []string{"backend", "experiment", "ms a step, median (10–90 %)", "steps a second", "compiled in, s"}}
	absent := map[string]bool{}
	for _, s := range speeds {
		row := []string{s.Backend, s.Experiment.Name()}
		switch {
		case s.Absent == "":
			row = append(row, summary.SpreadOf(scaled(s.Steps, 1000)).String(), digits3(1/summary.SpreadOf(s.Steps).Median), digits3(s.Compile))
		case absent[s.Backend]:
			continue
		default:
			absent[s.Backend] = true
			why, _, _ := strings.Cut(s.Absent, ":")
			row = []string{s.Backend, "–", why, "–", "–"}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func scaled(xs []float64, by float64) []float64 {
	xs = slices.Clone(xs)
	for i := range xs {
		xs[i] *= by
	}
	return xs
}

// digits3 formats x with three significant digits and no exponent.
func digits3(x float64) string {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64)
}
