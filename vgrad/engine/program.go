package engine

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
)

// program is a compiled graph, or the error of compiling it. The first run that
// needs it makes it; other runs wait.
type program struct {
	once  sync.Once
	graph *Graph
	err   error
}

// builder makes the nodes of a graph. It returns the results and their sharding
// over several devices, nil for one device.
type builder func(g *Graph) ([]*Node, []*distributed.ShardingSpec)

// program returns the compiled graph of that name for this run. It takes one from
// an earlier run, or compiles what build makes and keeps it for the next run.
func (t *training) program(name string, build builder) (*Graph, error) {
	start := time.Now()
	p := t.slot(name)
	p.once.Do(func() { p.graph, p.err = t.make(name, build) })
	t.compile += time.Since(start)
	if p.err != nil {
		t.engine.forget(p)
	}
	return p.graph, p.err
}

// ahead starts to compile a program that is needed later.
func (t *training) ahead(name string, build builder) {
	p := t.slot(name)
	t.making.Go(func() { p.once.Do(func() { p.graph, p.err = t.make(name, build) }) })
}

// slot is where the program of that name is kept: in the engine, or, for
// Job.Model, in the run, because functions cannot be compared.
func (t *training) slot(name string) *program {
	t.engine.mu.Lock()
	defer t.engine.mu.Unlock()
	kept := &t.engine.programs
	if t.Model != nil {
		kept = &t.own
	}
	key := t.key(name)
	if *kept == nil {
		*kept = map[string]*program{}
	}
	if (*kept)[key] == nil {
		(*kept)[key] = &program{}
	}
	return (*kept)[key]
}

// make builds and compiles a graph. A run builds one graph at a time, because its
// graphs share the model's variables. It compiles them concurrently.
func (t *training) make(name string, build builder) (g *Graph, err error) {
	g = NewGraph(t.target, name)
	defer func() {
		if err != nil {
			g.Finalize()
		}
	}()
	defer caught("build the network", &err)
	if err := g.CompileWithSharding(t.nodes(g, build)); err != nil {
		return nil, fmt.Errorf("engine: compile the %s: %w", name, err)
	}
	return g, nil
}

func (t *training) nodes(g *Graph, build builder) ([]*Node, []*distributed.ShardingSpec) {
	t.building.Lock()
	defer t.building.Unlock()
	return build(g)
}

// forget removes a program that could not be made, so that a later run tries again.
func (e *Engine) forget(p *program) {
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.DeleteFunc(e.programs, func(_ string, kept *program) bool { return kept == p })
}

// key names everything that a program depends on: the experiment without the
// values that the program takes as parameters, the lanes' activations, the data,
// the stage and the devices.
func (t *training) key(name string) string {
	e := t.exp.Alike()
	e.Steps, e.Stages = 0, nil
	var activations []string
	for _, l := range append([]vgrad.Experiment{t.exp}, t.lanes...) {
		activation, _ := l.Field("activation") // "" for a family without this field
		slope, _ := l.Field("slope")
		activations = append(activations, activation+slope)
	}
	return fmt.Sprint(name, e.Hash(), t.Data.Sum, activations, len(t.lanes), t.shared, len(t.devices()), t.stage.Train, t.stage.Optimizer, t.stage.Objective, t.stage.Layer, t.helperNames(), t.stride())
}

// resident is a data set's training part as tensors on a device.
type resident struct{ inputs, targets *tensors.Tensor }

// place is where a data set is resident.
type place struct {
	set    *data.Set
	device compute.DeviceNum
}

// wholeSet is the shape of the training part: [examples, dims].
func (t *training) wholeSet(dims ...int) []int { return append([]int{t.Data.Train.Len()}, dims...) }

// resident returns the data on a device. The first run that needs it copies it
// there, under the engine's lock. Without the lock a concurrent run could fail:
// GoMLX 0.28 takes a tensor that another goroutine is moving for a freed one.
func (t *training) resident(on compute.DeviceNum) (*resident, error) {
	if err := t.Data.Wait(); err != nil {
		return nil, err
	}
	t.engine.mu.Lock()
	defer t.engine.mu.Unlock()
	if r := t.engine.resident[place{t.Data, on}]; r != nil {
		return r, nil
	}
	r := &resident{}
	r.inputs, r.targets = t.task.tensors(t.Data.Train, t.wholeSet)
	for _, x := range []*tensors.Tensor{r.inputs, r.targets} {
		if err := x.ToDevice(t.target, on); err != nil {
			r.free()
			return nil, fmt.Errorf("engine: put the data on device %d: %w", on, err)
		}
	}
	if t.engine.resident == nil {
		t.engine.resident = map[place]*resident{}
	}
	t.engine.resident[place{t.Data, on}] = r
	return r, nil
}

func (r *resident) free() {
	_ = r.inputs.FinalizeAll() // what is left goes with the process
	_ = r.targets.FinalizeAll()
}
