package engine

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad"
)

// finish measures what is measured once, after the last step: loss and
// accuracy of the validation set, and the mean |W| of each layer.
func (t *training) finish() error {
	cost, accuracy, err := t.validate()
	if err != nil {
		return err
	}
	step := t.exp.Steps
	for lane := range t.width() {
		samples := []vgrad.Sample{
			{Step: step, Site: vgrad.NetworkSite, Quantity: vgrad.ValLoss, Value: float64(cost[lane])},
			{Step: step, Site: vgrad.NetworkSite, Quantity: vgrad.ValAccuracy, Value: float64(accuracy[lane])},
		}
		if t.exp.Measure.Measures(vgrad.MeanAbsWeight) {
			for _, w := range t.weights {
				mean, err := meanAbs(must(t.variables[w.index].Value()), lane, w.Size)
				if err != nil {
					return fmt.Errorf("engine: mean |W| of %s: %w", w.Path, err)
				}
				samples = append(samples, vgrad.Sample{Step: step, Site: w.Site, Quantity: vgrad.MeanAbsWeight, Value: mean})
			}
		}
		if err := t.put(step, lane, samples); err != nil {
			return err
		}
	}
	return nil
}

const validationName = "validation"

// validate returns loss (nats) and accuracy of the validation set, taken as
// one batch, for each run.
func (t *training) validate() (cost, accuracy []float32, err error) {
	g, err := t.program(validationName, t.validation)
	if err != nil {
		return nil, nil, err
	}
	set := t.Data.Validation
	var args []any
	for _, v := range t.variables {
		args = append(args, must(v.Value()))
	}
	out := g.RunOnDevice(t.on, append(args,
		tensors.FromFlatDataAndDimensions(set.Images, set.Len(), t.Data.Features),
		tensors.FromFlatDataAndDimensions(set.Labels, set.Len()))...)
	return must(tensors.CopyFlatData[float32](out[0])), must(tensors.CopyFlatData[float32](out[1])), nil
}

// validation builds the forward pass over the whole validation set: the
// variables, images and labels to loss and accuracy.
func (t *training) validation(g *Graph) ([]*Node, []*distributed.ShardingSpec) {
	for _, v := range t.variables {
		v.NodeValue(g)
	}
	n := t.Data.Validation.Len()
	images := Parameter(g, "images", shapes.Make(dtypes.Uint8, n, t.Data.Features))
	labels := Parameter(g, "labels", shapes.Make(dtypes.Uint8, n))
	cost, accuracy := judge(t.build(g, scale(images), false), labels)
	return []*Node{cost, accuracy}, nil
}

// meanAbs is the mean magnitude of a lane of a float32 tensor, size elements.
func meanAbs(x *tensors.Tensor, lane, size int) (float64, error) {
	values, err := tensors.CopyFlatData[float32](x)
	if err != nil {
		return 0, err
	}
	values = values[lane*size : (lane+1)*size]
	sum := 0.0
	for _, v := range values {
		sum += math.Abs(float64(v))
	}
	return sum / float64(size), nil
}
