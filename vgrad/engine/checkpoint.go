package engine

import (
	"fmt"
	"time"

	"github.com/gomlx/gomlx/core/tensors"
)

// Checkpoints says in which state a training starts, and how its states are stored. The
// zero value starts at step 0 and stores nothing.
type Checkpoints struct {
	// From is the state in which the training starts. Nil: step 0. It must be of a training
	// of the same experiments, in the same order, on the same backend, driver and data, and
	// Job.Model must compute the same; else Train fails with [ErrOtherState] before it calls
	// a sink. The training then gives, to the bit, the rows from State.Step on that one
	// without an interruption gives.
	From *State
	// Take is called when a state is to be stored: at intervals, and when the context ends.
	// At that time the sinks have the rows of all steps before the state and no others. It
	// returns quickly, with a function that stores the state. That function is called while
	// the training goes on, one at a time, and may use the state until it returns.
	// Nil: states are not stored.
	Take func() (store func(State))
	// Every is the least time between two states. Zero: 5 seconds. It is at least a
	// hundred times what a state costs, so that a training is hardly slower with states
	// than without.
	Every time.Duration
}

// checkpointEvery is the time between two states where Every is zero.
const checkpointEvery = 5 * time.Second

// checkpointCost is how many times longer than copying and storing a state the time
// between two states is, at least.
const checkpointCost = 100

// checkpointRate is how many bytes of a state are assumed to be copied and stored in a
// second, before the first state shows it. A network of width 1024 with Adam has 50 MB, so
// its first state is stored after 12 seconds.
const checkpointRate = 400e6

// timeToStore reports whether it is time to store a state before a step.
func (t *training) timeToStore(step int) bool {
	if t.Take == nil || step >= t.last || t.storing.Load() {
		return false
	}
	if t.taken.IsZero() {
		t.taken = time.Now() // compiling is no training
		t.cost.Store(int64(float64(t.stateSize()) / checkpointRate * float64(time.Second)))
	}
	every := t.Every
	if every == 0 {
		every = checkpointEvery
	}
	return time.Since(t.taken) >= max(every, checkpointCost*time.Duration(t.cost.Load()))
}

// takeIfDue copies the state before a step if a state is to be stored; else it returns
// nil. The caller passes the copy to store when the sinks have all rows before the step.
// It is called before the next call of the step's program, which overwrites the state.
func (t *training) takeIfDue(step int, state [][]*tensors.Tensor) (*State, error) {
	if !t.timeToStore(step) {
		return nil, nil
	}
	t.storing.Store(true) // also until store begins: there is one copy
	start := time.Now()
	s, err := t.copied(step, state)
	t.taken = time.Now()
	t.copying = t.taken.Sub(start)
	return s, err
}

// store stores a copied state while the training goes on. It does nothing with nil.
func (t *training) store(s *State) {
	if s == nil {
		return
	}
	store := t.Take()
	copying := t.copying
	t.stores.Go(func() {
		start := time.Now()
		store(*s)
		t.cost.Store(int64(copying + time.Since(start)))
		t.storing.Store(false)
	})
}

// stopped stores the state before a step, and returns the error of a training that was
// interrupted there. The sinks have all rows before the step. If the training has taken
// no step since it started, nothing is stored.
func (t *training) stopped(step int, state [][]*tensors.Tensor, err error) error {
	if t.Take != nil && step > t.began {
		t.stores.Wait()
		s, failed := t.copied(step, state)
		if failed != nil {
			return failed
		}
		t.Take()(*s)
	}
	return fmt.Errorf("engine: stopped at step %d of %d: %w", step, t.exp.Steps, err)
}
