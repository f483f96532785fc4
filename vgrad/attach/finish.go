package attach

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/vgrad/lab/vgrad"
)

// final lists the quantities of the whole network that are measured after the last step.
func (r *recorder) final() []vgrad.Quantity {
	switch {
	case r.Validation == nil:
		return nil
	case r.accuracyMetric() < 0:
		return []vgrad.Quantity{vgrad.ValLoss}
	}
	return []vgrad.Quantity{vgrad.ValLoss, vgrad.ValAccuracy}
}

// accuracyMetric is the index of the first accuracy among the metrics of an evaluation, or
// -1 if there is none.
func (r *recorder) accuracyMetric() int {
	for i, m := range r.trainer.EvalMetrics() {
		if m.MetricType() == metric.AccuracyMetricType {
			return i
		}
	}
	return -1
}

// finish measures the quantities that are measured once, after the last step.
func (a *Attachment) finish() error {
	values := map[vgrad.Quantity]float64{}
	if err := a.validate(values); err != nil {
		return err
	}
	var wrong error
	row := a.last.FinalRow(func(c vgrad.Column) float64 {
		if c.Quantity != vgrad.MeanAbsWeight {
			return values[c.Quantity]
		}
		mean, err := meanAbs(a.loop.Trainer.Store(), c.Site.Path)
		wrong = errors.Join(wrong, err)
		return mean
	})
	if wrong != nil || len(row.Values) == 0 {
		return wrong
	}
	row.Table += a.last.tables
	return a.record.putRows(a.update, []vgrad.Row{row})
}

// validate evaluates the validation set, if there is one, and adds the results to values.
func (a *Attachment) validate(values map[vgrad.Quantity]float64) error {
	if a.o.Validation == nil {
		return nil
	}
	metrics, err := a.loop.Trainer.Eval(a.o.Validation)
	if err != nil {
		return fmt.Errorf("evaluate the validation set: %w", err)
	}
	values[vgrad.ValLoss] = shapes.ConvertTo[float64](metrics[0].Value())
	if i := a.record.accuracyMetric(); i >= 0 {
		values[vgrad.ValAccuracy] = shapes.ConvertTo[float64](metrics[i].Value())
	}
	return nil
}

// meanAbs is the mean magnitude of a variable's elements.
func meanAbs(store *model.Store, path string) (mean float64, err error) {
	v := store.GetVariable(path)
	if v == nil {
		return 0, fmt.Errorf("mean |W| of %s: the variable is gone", path)
	}
	x, err := v.Value()
	if err == nil {
		mean, err = magnitude(x)
	}
	if err != nil {
		return 0, fmt.Errorf("mean |W| of %s: %w", path, err)
	}
	return mean, nil
}

// magnitude is the mean |x| over the elements of a tensor of floating-point numbers.
func magnitude(x *tensors.Tensor) (mean float64, err error) {
	e := x.ConstFlatData(func(flat any) {
		switch xs := flat.(type) {
		case []float32:
			mean = meanOf(xs, func(x float32) float64 { return float64(x) })
		case []float64:
			mean = meanOf(xs, func(x float64) float64 { return x })
		case []float16.Float16:
			mean = meanOf(xs, func(x float16.Float16) float64 { return float64(x.Float32()) })
		case []bfloat16.BFloat16:
			mean = meanOf(xs, func(x bfloat16.BFloat16) float64 { return float64(x.Float32()) })
		default:
			err = fmt.Errorf("it has dtype %s, which is not a floating-point type", x.DType())
		}
	})
	return mean, errors.Join(e, err)
}

func meanOf[T any](xs []T, number func(T) float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += math.Abs(number(x))
	}
	return sum / float64(len(xs))
}
