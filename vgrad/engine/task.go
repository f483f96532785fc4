package engine

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
)

// task is what the network learns: its data and its loss.
type task struct {
	set  *data.Set
	loss string
}

// newTask checks that the experiment's loss suits the data.
func newTask(set *data.Set, e vgrad.Experiment) (task, error) {
	loss := e.Loss
	if loss == "" {
		loss = set.Loss
	}
	switch {
	case loss == data.CrossEntropy && set.Classes == 0:
		return task{}, fmt.Errorf("loss is %s; the data %s has numbers as targets, not classes, so it must be %s", loss, set.Name, data.MeanSquaredError)
	}
	return task{set, loss}, checkLoss(loss)
}

// checkLoss reports an unknown loss.
func checkLoss(name string) error {
	switch name {
	case "", data.CrossEntropy, data.MeanSquaredError:
		return nil
	}
	return fmt.Errorf("loss is %q; it must be %s or %s", name, data.CrossEntropy, data.MeanSquaredError)
}

// classifies reports whether the targets are classes.
func (t task) classifies() bool { return t.set.Classes > 0 }

// answers is the shape of an example's labels: a scalar, or [answers].
func (t task) answers() []int {
	if t.set.Answers > 1 {
		return []int{t.set.Answers}
	}
	return nil
}

// network lists the quantities of the whole network that each step gives.
func (t task) network() []vgrad.Quantity {
	if t.classifies() {
		return []vgrad.Quantity{vgrad.Loss, vgrad.TrainAccuracy}
	}
	return []vgrad.Quantity{vgrad.Loss}
}

// final lists the quantities that are measured on the validation set.
func (t task) final() []vgrad.Quantity {
	if t.classifies() {
		return []vgrad.Quantity{vgrad.ValLoss, vgrad.ValAccuracy}
	}
	return []vgrad.Quantity{vgrad.ValLoss}
}

// batch is the data of a step: inputs [batch, features], and targets, which are
// labels, [batch] or [batch, answers], or numbers [batch, outputs]. The types are those of the data set.
type batch struct{ inputs, targets *Node }

// shapes are the shapes of inputs and targets; leading puts the leading axes
// before the given ones.
func (t task) shapes(leading func(dims ...int) []int) (inputs, targets shapes.Shape) {
	in, out := dtypes.Float32, dtypes.Float32
	if t.set.Train.Numbers == nil {
		in = dtypes.Uint8
	}
	if t.set.Classes > 0 {
		return shapes.Make(in, leading(t.set.Features)...), shapes.Make(dtypes.Uint8, leading(t.answers()...)...)
	}
	return shapes.Make(in, leading(t.set.Features)...), shapes.Make(out, leading(t.set.Outputs)...)
}

// tensors are a split's inputs and targets.
func (t task) tensors(s data.Split, leading func(dims ...int) []int) (inputs, targets *tensors.Tensor) {
	if s.Numbers != nil {
		inputs = tensors.FromFlatDataAndDimensions(s.Numbers, leading(t.set.Features)...)
	} else {
		inputs = tensors.FromFlatDataAndDimensions(s.Images, leading(t.set.Features)...)
	}
	if s.Labels != nil {
		return inputs, tensors.FromFlatDataAndDimensions(s.Labels, leading(t.answers()...)...)
	}
	return inputs, tensors.FromFlatDataAndDimensions(s.Targets, leading(t.set.Outputs)...)
}

// gather copies the examples at indices.
func (t task) gather(indices []int32) data.Split {
	s := t.set.Train
	return data.Split{
		Images: rows(s.Images, t.set.Features, indices), Numbers: rows(s.Numbers, t.set.Features, indices),
		Labels: rows(s.Labels, max(1, t.set.Answers), indices), Targets: rows(s.Targets, t.set.Outputs, indices),
	}
}

// rows copies rows of x, [n, width].
func rows[T any](x []T, width int, indices []int32) []T {
	if x == nil {
		return nil
	}
	some := make([]T, 0, len(indices)*width)
	for _, i := range indices {
		some = append(some, x[int(i)*width:(int(i)+1)*width]...)
	}
	return some
}

// scale turns bytes 0..255 into numbers 0..1, and leaves numbers as they are.
func scale(inputs *Node) *Node {
	if inputs.DType() != dtypes.Uint8 {
		return inputs
	}
	return DivScalar(ConvertDType(inputs, dtypes.Float32), 255)
}

// lossAndAccuracy returns the mean loss of outputs [n, outputs] and the fraction
// of correct classes, both float32 scalars. accuracy is nil if the targets are not
// classes. If examples have several answers, both are means over these too. For lanes the outputs are [lanes, n, outputs] and both results are
// [lanes]; the lanes may share their targets.
func (t task) lossAndAccuracy(outputs, targets *Node) (loss, accuracy *Node) {
	outputs = ConvertDType(outputs, dtypes.Float32)
	targets, outputs = t.flat(targets, outputs)
	dims := outputs.Shape().Dimensions
	wanted := outputs.Rank()
	if t.classifies() {
		targets = ConvertDType(targets, dtypes.Int32)
		wanted--
	}
	if targets.Rank() < wanted {
		targets = BroadcastToDims(InsertAxes(targets, 0), dims[:wanted]...)
	}
	if !t.classifies() {
		return ReduceMean(Square(Sub(outputs, targets)), -2, -1), nil
	}
	right := OneHot(targets, dims[len(dims)-1], outputs.DType())
	hit := Equal(ArgMax(outputs, -1, dtypes.Int32), targets)
	accuracy = ReduceMean(ConvertDType(hit, dtypes.Float32), -1)
	if t.loss == data.MeanSquaredError {
		return ReduceMean(Square(Sub(outputs, right)), -2, -1), accuracy
	}
	return ReduceMean(Neg(ReduceSum(Mul(right, LogSoftmax(outputs)), -1)), -1), accuracy
}

// flat makes each answer of an example an example of its own: targets [n·answers],
// outputs [n·answers, classes]. With one answer they are so already.
func (t task) flat(targets, outputs *Node) (*Node, *Node) {
	if t.set.Answers <= 1 {
		return targets, outputs
	}
	join := func(x *Node, more ...int) *Node {
		dims := x.Shape().Dimensions
		return Reshape(x, append(append(append([]int{}, dims[:len(dims)-2]...), dims[len(dims)-2]*t.set.Answers), more...)...)
	}
	return join(targets), join(outputs, t.set.Classes)
}
