package attach

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"strings"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/vgrad/lab/vgrad"
)

// plan prepares the experiment of a run of the loop, before its first step. data is the
// name of the data set and per the number of batches in an update. start and end are the
// loop's steps at which the run begins and ends; an end of -1 is not known.
func (r *recorder) plan(data string, per, start, end int) error {
	if r.begun {
		return nil
	}
	steps := r.Steps
	if steps == 0 {
		steps = max(1, end/per)
	}
	if r.Steps == 0 && end < 0 && r.recorded() {
		return errors.New("attach: steps is 0; RunEpochs does not tell how many steps it takes, so it must be at least 1")
	}
	if data == "" {
		data = unnamed
	}
	r.per, r.first = per, start/per
	r.experiment = vgrad.Experiment{Label: r.Name, Network: vgrad.Model(r.Name), Data: data, Loss: lossName(*r.w.loss),
		Optimizer: optimizerName(*r.w.optimizer), Steps: steps, Seed: r.Seed, Measure: r.Measure}
	return nil
}

// unnamed is the recorded name of a loss or a data set that has none.
const unnamed = "own"

// batch sets the experiment's batch size from the shape of a batch's inputs, [batch, …].
func (r *recorder) batch(s shapes.Shape) {
	if r.experiment.Batch == 0 && s.Rank() > 0 {
		r.experiment.Batch = max(1, s.Dimensions[0]*r.per)
	}
}

// lossName returns the name of the loss if it is a cross-entropy or a mean squared error
// of GoMLX, judged by the function's name; else it returns unnamed.
func lossName(f train.LossFn) string {
	if f == nil {
		return unnamed
	}
	name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	name = name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case strings.Contains(name, "CrossEntropy"):
		return "cross_entropy"
	case strings.Contains(name, "MeanSquaredError"):
		return "mean_squared_error"
	}
	return unnamed
}

// optimizerName is the name of the optimizer's type: "sgd", "adam".
func optimizerName(o optimizer.Interface) string {
	switch p := o.(type) {
	case probed:
		o = p.Interface
	case probedWithGradients:
		o = p.Interface
	}
	name := fmt.Sprintf("%T", o)
	return strings.TrimSuffix(strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]), "config")
}

// learningRate returns the value of the trainer's variable for it, or 0 if it has none.
func (r *recorder) learningRate() float64 {
	for v := range r.trainer.Store().IterVariables() {
		if v.Path() == "/"+optimizer.Scope+"/"+optimizer.ParamLearningRate && v.HasValue() {
			rate := shapes.ConvertTo[float64](v.MustValue().Value())
			short, _ := strconv.ParseFloat(strconv.FormatFloat(rate, 'g', -1, 32), 64)
			return short
		}
	}
	return 0
}
