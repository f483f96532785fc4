package chart

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// Degradation draws the training loss at the end of training against a numeric field,
// usually "depth", in the same way as [FactorTrend] draws the factor. The value of a run
// is the mean over the last tenth of its recorded steps, because the loss of one batch
// varies. If deeper networks have a higher training loss, they do not overfit; they are
// harder to train (He et al. 2015, figure 1).
//
// It fails if a source has not recorded the loss, and for the reasons of FactorTrend.
func Degradation(sources []vgrad.Source, field string) (*Figure, error) {
	info := vgrad.Info{Title: "training loss at the end", Log: true}
	if len(sources) > 0 {
		info.Unit = describe(sources[0], vgrad.Loss).Unit
	}
	f, err := trendFigure(sources, field, info, func(src vgrad.Source) (float64, error) {
		_, values := vgrad.Series(src, vgrad.Loss, 0)
		if len(values) == 0 {
			return 0, notRecorded(src, vgrad.Loss, choose(0))
		}
		return meanOf(values[len(values)-(len(values)+9)/10:]), nil
	})
	if err != nil {
		return nil, fmt.Errorf("chart: degradation: %w", err)
	}
	f.Caption = "A point is the mean over the last tenth of a run's recorded steps. " + f.Caption
	return f, nil
}
