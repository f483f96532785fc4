package attach

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/vgrad/lab/vgrad"
)

// lossMetrics is how many metrics every trainer has by itself, before those that it was
// given: the loss and its moving average.
const lossMetrics = 2

// addMetrics adds a table for the metrics that the trainer was given. Each is a quantity
// of the whole network; metrics that are no scalars are left out.
func (r *recorder) addMetrics(values []*tensors.Tensor) {
	s := vgrad.Schema{Infos: map[vgrad.Quantity]vgrad.Info{}}
	var t vgrad.Table
	r.metrics = []int{}
	for i, m := range r.trainer.TrainMetrics() {
		q, info := describe(m)
		if _, twice := s.Infos[q]; i < lossMetrics || i >= len(values) || !values[i].Shape().IsScalar() || twice {
			continue
		}
		r.metrics, s.Infos[q] = append(r.metrics, i), info
		t.Columns = append(t.Columns, vgrad.Column{Site: vgrad.NetworkSite, Quantity: q})
	}
	if t.Columns != nil {
		s.Tables = []vgrad.Table{t}
		r.metricsTable = r.add(s)
	}
}

// describe returns the quantity that a metric is recorded as, with its description. An
// accuracy of the batch alone is the training accuracy.
func describe(m metric.Interface) (vgrad.Quantity, vgrad.Info) {
	ofBatch := reflect.TypeOf(m) == reflect.TypeOf(metric.NewBaseMetric("", "", "", nil, nil))
	accuracy := m.MetricType() == metric.AccuracyMetricType
	if accuracy && ofBatch {
		info, _ := vgrad.TrainAccuracy.Info() // the laboratory's own
		return vgrad.TrainAccuracy, info
	}
	info := vgrad.Info{Title: m.Name()}
	if accuracy {
		info.Unit = "fraction"
	}
	name := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return '_'
	}, m.Name())
	return vgrad.Quantity("metric_" + name), info
}

// metricsRow appends the row of the trainer's metrics.
func (r *recorder) metricsRow(rows []vgrad.Row, values []*tensors.Tensor) []vgrad.Row {
	if len(r.metrics) == 0 {
		return rows
	}
	from := len(r.room)
	for _, i := range r.metrics {
		r.room = append(r.room, shapes.ConvertTo[float64](values[i].Value()))
	}
	return append(rows, vgrad.Row{Table: r.metricsTable, Values: r.room[from:]})
}
