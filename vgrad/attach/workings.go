package attach

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// workings are the fields of a trainer that it has no methods for. They are
// reached by reflection, as a trainer takes its optimizer and its model once and
// for all. Where a later version of GoMLX keeps them elsewhere, workingsOf fails
// and says so.
type workings struct {
	optimizer   *optimizer.Interface
	model       *train.ModelFn
	loss        *train.LossFn
	step, apply *map[any]*model.Exec // of a step; of one that applies accumulated gradients
	eval        *map[any]*model.Exec
	accumulated *int // steps since gradients were last applied
	limit       *int // of executors
}

func workingsOf(t *train.Trainer) (workings, error) {
	var w workings
	for _, err := range []error{
		field(t, "optimizer", &w.optimizer),
		field(t, "modelFn", &w.model),
		field(t, "lossFn", &w.loss),
		field(t, "trainStepExecMap", &w.step),
		field(t, "accumulateGradientsAndApplyExecMap", &w.apply),
		field(t, "evalStepExecMap", &w.eval),
		field(t, "accumulateGradientsCurrentStep", &w.accumulated),
		field(t, "maxExecutors", &w.limit),
	} {
		if err != nil {
			return w, err
		}
	}
	return w, nil
}

// field points into at a field of the trainer.
func field[T any](t *train.Trainer, name string, into **T) error {
	f := reflect.ValueOf(t).Elem().FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return fmt.Errorf("attach: train.Trainer has no field %s of type %s; vgrad/attach/workings.go is for GoMLX 0.28.2", name, reflect.TypeFor[T]())
	}
	*into = (*T)(unsafe.Pointer(f.UnsafeAddr()))
	return nil
}

// executors are those that a trainer uses for its steps, by the Spec of a batch.
// Each has a graph for every shape of batch.
type executors struct{ step, apply map[any]*model.Exec }

func newExecutors() executors {
	return executors{map[any]*model.Exec{}, map[any]*model.Exec{}}
}

// inUse are the executors that the trainer takes its next step with.
func (w workings) inUse() executors { return executors{*w.step, *w.apply} }

// use has the trainer take its next steps with other executors.
func (w workings) use(e executors) { *w.step, *w.apply = e.step, e.apply }
