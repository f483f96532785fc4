package runs

import "github.com/vgrad/lab/vgrad"

// Estimate returns the approximate size of an experiment's run in bytes. It is accurate
// to a few percent for the scalars of the built-in networks. A histogram counts as a
// typical 100 bytes.
func Estimate(e vgrad.Experiment) int64 {
	e = e.WithDefaults()
	layers := e.Resolved().Layers()
	scalars, hists := 0, 0 // columns
	for _, q := range vgrad.Quantities() {
		info, err := q.Info()
		switch {
		case err != nil || info.Final || !e.Measure.Measures(q):
		case info.Histogram:
			hists += layers
		case info.Subject == vgrad.WholeNetwork:
			scalars++
		default:
			scalars += layers
		}
	}
	const (
		files       = 2500          // experiment.json and run.json
		columnName  = 85            // is written once a run
		rowOverhead = frameSize + 5 // frame, kind, number of the set and step
	)
	rows := func(every, size int) int64 {
		if every <= 0 || size == 0 {
			return 0
		}
		return int64((e.Steps+every-1)/every) * int64(rowOverhead+size)
	}
	return files + columnName*int64(scalars+hists) + rows(e.Measure.Every, 4*scalars) + rows(e.Measure.HistogramEvery, 100*hists)
}
