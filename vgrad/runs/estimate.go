package runs

import "github.com/vgrad/lab/vgrad"

// Estimate returns about how many bytes the run of an experiment takes: to a few percent for
// scalars of the built-in networks. Histograms are guessed at a typical 100 bytes.
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
		files  = 2500 // experiment.json and run.json
		named  = 85   // a column's name, once a run
		around = frameSize + 5
	)
	rows := func(every, size int) int64 {
		if every <= 0 || size == 0 {
			return 0
		}
		return int64((e.Steps+every-1)/every) * int64(around+size)
	}
	return files + named*int64(scalars+hists) + rows(e.Measure.Every, 4*scalars) + rows(e.Measure.HistogramEvery, 100*hists)
}
