package article

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/summary"
)

// Outcome holds the numbers of one run that the article's claims are about.
// Lists have one entry for each layer, the first layer first.
type Outcome struct {
	Activation string `json:"activation"`
	Seed       uint64 `json:"seed"`
	// MeanAbsGrad is mean |∂L/∂W|, averaged over steps 0, 200, 400, …, each on
	// that step's batch. First and Last are mean |∂L/∂W| at the first and the last
	// of these steps.
	MeanAbsGrad Numbers `json:"mean_abs_grad"`
	First       Numbers `json:"first"`
	Last        Numbers `json:"last"`
	// MeanAbsWeight is mean |W| at the end. It is NaN if the run did not measure it.
	MeanAbsWeight Numbers `json:"mean_abs_weight"`
	TrainAccuracy Number  `json:"train_accuracy"` // of the last batch, 0 to 1
	ValAccuracy   Number  `json:"val_accuracy"`   // of the 5,000 validation images, at the end, 0 to 1
	ValLoss       Number  `json:"val_loss"`       // of the same images, at the end, in nats
	Backend       string  `json:"backend"`
	Seconds       float64 `json:"seconds"` // of training, compilation included
}

// Number is a float64 that is null in JSON if it is NaN or infinite.
type Number = summary.Number

// Numbers is a list of them.
type Numbers []Number

// Outcomes returns the outcomes of finished runs, in their order. It fails if a
// run has not recorded mean |∂L/∂W| from step 0 on, the accuracies or the loss.
func Outcomes(rs []*runs.Run) ([]Outcome, error) {
	all := make([]Outcome, 0, len(rs))
	for _, r := range rs {
		o, err := outcome(r)
		if err != nil {
			return nil, fmt.Errorf("article: %s: %w", r.Name, err)
		}
		all = append(all, o)
	}
	return all, nil
}

func outcome(r *runs.Run) (Outcome, error) {
	e := r.Experiment.WithDefaults()
	o := Outcome{Activation: e.Activation, Seed: e.Seed, Backend: r.Provenance.Backend, Seconds: r.Provenance.Seconds}
	for layer := 1; layer <= vgrad.Depth(r); layer++ {
		g, err := summary.GradientOf(r, layer)
		if err != nil {
			return o, err
		}
		weight, ok := r.Value(vgrad.MeanAbsWeight, layer)
		switch {
		case !e.Measure.Measures(vgrad.MeanAbsWeight):
			weight = math.NaN()
		case !ok:
			return o, fmt.Errorf("%s of layer %d is not recorded", vgrad.MeanAbsWeight, layer)
		}
		o.MeanAbsGrad, o.First, o.Last = append(o.MeanAbsGrad, Number(g.Mean)), append(o.First, Number(g.First)), append(o.Last, Number(g.Last))
		o.MeanAbsWeight = append(o.MeanAbsWeight, Number(weight))
	}
	for q, to := range map[vgrad.Quantity]*Number{
		vgrad.TrainAccuracy: &o.TrainAccuracy, vgrad.ValAccuracy: &o.ValAccuracy, vgrad.ValLoss: &o.ValLoss,
	} {
		v, ok := r.Value(q, 0)
		if !ok {
			return o, fmt.Errorf("%s is not recorded", q)
		}
		*to = Number(v)
	}
	return o, nil
}

// Ratio is the article's measure of vanishing, as [summary.Factor] defines it:
// mean |∂L/∂W| of the last layer divided by that of the first. It panics if the
// outcome has no layer.
func (o Outcome) Ratio() float64 {
	return float64(o.MeanAbsGrad[len(o.MeanAbsGrad)-1] / o.MeanAbsGrad[0])
}
