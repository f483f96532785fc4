package engine

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
)

// finish measures the quantities that are due once, after the last step: loss
// and accuracy of the validation set, and the mean |W| of each layer.
func (t *training) finish() error {
	loss, accuracy, err := t.validate()
	if err != nil {
		return err
	}
	weights := map[string][]float64{} // by path, of each lane
	for _, s := range t.sites {
		if s.variable >= 0 && (s.Role == vgrad.Kernel || s.Role == vgrad.RecurrentKernel) {
			if weights[s.Path], err = meanAbs(must(t.variables[s.variable].Value()), t.width()); err != nil {
				return fmt.Errorf("engine: mean |W| of %s: %w", s.Path, err)
			}
		}
	}
	for lane := range t.width() {
		row := t.meter.FinalRow(func(c vgrad.Column) float64 {
			switch c.Quantity {
			case vgrad.ValLoss:
				return loss[lane]
			case vgrad.ValAccuracy:
				return accuracy[lane]
			}
			return weights[c.Site.Path][lane]
		})
		if err := t.put(t.exp.Steps, lane, []vgrad.Row{row}); err != nil {
			return err
		}
	}
	return nil
}

// validationValues is the largest number of input values in one batch of the
// validation set: MNIST's 5,000 images are one batch.
const validationValues = 4 << 20

// validate returns loss and accuracy of the validation set for each lane: means
// over its batches, weighted by their size.
func (t *training) validate() (loss, accuracy []float64, err error) {
	set := t.Data.Validation
	loss, accuracy = make([]float64, t.width()), make([]float64, t.width())
	if err := t.Data.Wait(); err != nil {
		return nil, nil, err
	}
	for from := 0; from < set.Len(); {
		to := min(from+t.validationBatch(), set.Len())
		if err := t.validatePart(set.Slice(from, to), float64(to-from)/float64(set.Len()), loss, accuracy); err != nil {
			return nil, nil, err
		}
		from = to
	}
	return loss, accuracy, nil
}

// validationWork is the largest number of multiplications of a batch of the validation
// set. It keeps the activations of a convolutional network in memory: ResNet-50 on
// MNIST takes 100 images at a time, whose largest activations have 80 MB.
const validationWork = 1e11

// validationBatch is the number of examples in one batch of the validation set.
func (p *plan) validationBatch() int {
	byWork := validationWork / max(1, p.exp.Resolved().Multiplications(p.Data.Features, p.Data.Outputs))
	return min(p.Data.Validation.Len(), max(1, min(validationValues/p.Data.Features, int(byWork))))
}

// validatePart adds a part's share to loss and accuracy.
func (t *training) validatePart(part data.Split, share float64, loss, accuracy []float64) error {
	g, err := t.program(validationName(part.Len()), t.validation(part.Len()))
	if err != nil {
		return err
	}
	var args []any
	for _, v := range t.variables {
		args = append(args, must(v.Value()))
	}
	inputs, targets := t.task.tensors(part, func(dims ...int) []int { return append([]int{part.Len()}, dims...) })
	out := g.RunOnDevice(t.on, append(args, inputs, targets)...)
	for i, sums := range [][]float64{loss, accuracy}[:len(out)] {
		for lane, x := range must(tensors.CopyFlatData[float32](out[i])) {
			sums[lane] += share * float64(x)
		}
	}
	return nil
}

func validationName(n int) string { return fmt.Sprintf("validation of %d", n) }

// validation builds the forward pass over n examples. It takes the variables,
// inputs and targets, and returns the loss and, if the task has one, the accuracy.
func (t *training) validation(n int) builder {
	return func(g *Graph) ([]*Node, []*distributed.ShardingSpec) {
		for _, v := range t.variables {
			v.NodeValue(g)
		}
		inputs, targets := t.task.shapes(func(dims ...int) []int { return append([]int{n}, dims...) })
		b := batch{Parameter(g, "inputs", inputs), Parameter(g, "targets", targets)}
		loss, accuracy := t.lossAndAccuracy(t.build(g, scale(b.inputs), false), b.targets)
		if accuracy == nil {
			return []*Node{loss}, nil
		}
		return []*Node{loss, accuracy}, nil
	}
}

// meanAbs is the mean magnitude of each lane of a tensor, [lanes, …].
func meanAbs(x *tensors.Tensor, lanes int) ([]float64, error) {
	values, err := floats(x)
	if err != nil {
		return nil, err
	}
	size := len(values) / lanes
	means := make([]float64, lanes)
	for lane := range means {
		sum := 0.0
		for _, v := range values[lane*size : (lane+1)*size] {
			sum += math.Abs(float64(v))
		}
		means[lane] = sum / float64(size)
	}
	return means, nil
}

// floats copies a tensor's values of any floating-point type.
func floats(x *tensors.Tensor) (values []float32, err error) {
	err = x.ConstFlatData(func(flat any) {
		switch xs := flat.(type) {
		case []float32:
			values = append(values, xs...)
		case []float64:
			for _, v := range xs {
				values = append(values, float32(v))
			}
		case []float16.Float16:
			for _, v := range xs {
				values = append(values, v.Float32())
			}
		case []bfloat16.BFloat16:
			for _, v := range xs {
				values = append(values, v.Float32())
			}
		}
	})
	if err == nil && values == nil {
		err = fmt.Errorf("values of type %s", x.DType())
	}
	return values, err
}
