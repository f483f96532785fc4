package attach

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// workings are pointers to fields of a trainer for which it has no methods. A trainer gets
// its optimizer and model when it is made and cannot change them, so they are reached by
// reflection. If a version of GoMLX keeps them elsewhere, workingsOf fails.
type workings struct {
	optimizer   *optimizer.Interface
	model       *train.ModelFn
	loss        *train.LossFn
	step, apply *map[any]*model.Exec // of plain steps; of steps that apply accumulated gradients
	eval        *map[any]*model.Exec
	accumulated *int // steps since gradients were last applied
	limit       *int // of the number of executors
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

// field sets into to a pointer to a field of the trainer.
func field[T any](t *train.Trainer, name string, into **T) error {
	f := reflect.ValueOf(t).Elem().FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return fmt.Errorf("attach: train.Trainer has no field %s of type %s; vgrad/attach/workings.go is for GoMLX 0.28.2", name, reflect.TypeFor[T]())
	}
	*into = (*T)(unsafe.Pointer(f.UnsafeAddr()))
	return nil
}

// executors are those that a trainer uses for its steps, by the Spec of a batch. Each
// compiles a graph for every shape of batch.
type executors struct{ step, apply map[any]*model.Exec }

func newExecutors() executors {
	return executors{map[any]*model.Exec{}, map[any]*model.Exec{}}
}

// inUse returns the executors that the trainer uses for its next step.
func (w workings) inUse() executors { return executors{*w.step, *w.apply} }

// use makes the trainer use these executors for its next steps.
func (w workings) use(e executors) { *w.step, *w.apply = e.step, e.apply }
