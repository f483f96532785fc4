package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// State is a training between two steps: what its other steps depend on, beside the
// experiment and the data. That is every variable of the model, such as weights, running
// means and the state of its random numbers, then the optimizer's slots and the number of
// the update. The shuffle is not in it, because seed and step decide it.
type State struct {
	// Step is the number of the next step.
	Step int
	// Bytes hold the tensors, and say which training they are of. Only this package reads
	// them; it does not notice damage.
	Bytes []byte
}

// ErrOtherState is the error of a state that is of another training, or that another
// version of this package made.
var ErrOtherState = errors.New("the state is of another training")

// origin says which training a state is of. Only that training gives, from the state on,
// the values of an undisturbed one to the bit.
type origin struct {
	Backend     string   `json:"backend"` // in its own words
	Driver      string   `json:"driver"`
	Devices     int      `json:"devices"`
	Data        string   `json:"data"`            // data.Set.Sum
	Experiments []string `json:"experiments"`     // hashes; several are lanes
	Model       string   `json:"model,omitempty"` // SHA-256 of the step that Job.Model gives
}

// stateHead stands before the tensors of a state, as JSON after its length, a uint32. The
// tensors follow end to end, little-endian.
type stateHead struct {
	Step    int           `json:"step"`
	Origin  origin        `json:"origin"`
	Tensors []stateTensor `json:"tensors"`
}

type stateTensor struct {
	Name  string `json:"name"`
	Shape string `json:"shape"`
}

// head describes the state before a step of the current stage.
func (t *training) head(step int) stateHead {
	h := stateHead{Step: step, Origin: t.origin()}
	all := t.stateShapes()
	for i, shape := range all {
		name := fmt.Sprint("slot ", i-len(t.variables))
		if i < len(t.variables) {
			name = t.variables[i].Path()
		} else if i == len(all)-1 {
			name = "update"
		}
		h.Tensors = append(h.Tensors, stateTensor{name, shape.String()})
	}
	return h
}

// origin describes this training.
func (t *training) origin() origin {
	o := origin{Backend: t.engine.Backend.Kind + ", " + t.target.Description(), Driver: "host", Devices: len(t.devices()), Data: t.Data.Sum}
	if t.looped {
		o.Driver = "device"
	}
	for _, e := range t.lanes {
		o.Experiments = append(o.Experiments, e.Hash())
	}
	if t.lanes == nil {
		o.Experiments = append(o.Experiments, t.exp.Hash())
	}
	if t.Model != nil {
		o.Model = t.fingerprint()
	}
	return o
}

// fingerprint identifies what Job.Model computes in a step of the current stage: its
// operations and their constants. A function itself cannot be compared, and a reader may
// change it before the training goes on.
func (t *training) fingerprint() string {
	if t.prints == nil {
		t.prints = map[int]string{}
	}
	if t.prints[t.number] == "" {
		g := NewGraph(t.target, "fingerprint")
		defer g.Finalize()
		t.nodes(g, t.hostStep(nil))
		sum := sha256.Sum256([]byte(g.String()))
		t.prints[t.number] = hex.EncodeToString(sum[:])
	}
	return t.prints[t.number]
}

// stateShapes are the shapes of the state's tensors.
func (p *plan) stateShapes() []shapes.Shape {
	var all []shapes.Shape
	for _, v := range p.variables {
		all = append(all, v.Shape())
	}
	return append(append(all, p.slotShapes()...), shapes.Make(dtypes.Float32))
}

// stateSize is the number of bytes of the state's tensors.
func (p *plan) stateSize() int {
	size := 0
	for _, shape := range p.stateShapes() {
		size += int(shape.ByteSize())
	}
	return size
}

// copied copies the state before a step to the memory of the host. state has the tensors
// of each device. The result is valid until the next call.
func (t *training) copied(step int, state [][]*tensors.Tensor) (*State, error) {
	text, err := json.Marshal(t.head(step))
	if err != nil {
		return nil, fmt.Errorf("engine: the state at step %d: %w", step, err)
	}
	t.copy = slices.Grow(t.copy[:0], 4+len(text)+t.stateSize()) // growing step by step would copy it several times
	t.copy = append(binary.LittleEndian.AppendUint32(t.copy, uint32(len(text))), text...)
	for i, shape := range t.stateShapes() {
		parts := state // lanes are the first axis, so the parts of the devices stand end to end
		if lanesOf(shape) == replicated {
			parts = state[:1]
		}
		for _, part := range parts {
			if err := part[i].ConstBytes(func(data []byte) { t.copy = append(t.copy, data...) }); err != nil {
				return nil, fmt.Errorf("engine: the state at step %d: %w", step, err)
			}
		}
	}
	return &State{step, t.copy}, nil
}

// restore enters the stage of Job.From, and reads its tensors for the stage's first call.
func (t *training) restore() error {
	h, data, err := decode(t.From.Bytes)
	if err != nil {
		return fmt.Errorf("engine: %w: %w", ErrOtherState, err)
	}
	stages := t.exp.InStages()
	n, last := 0, stages[0].Steps
	for ; n < len(stages)-1 && h.Step >= last; n++ {
		last += stages[n+1].Steps
	}
	if err := t.enter(n); err != nil {
		return err
	}
	if t.looped {
		t.transposeTall()
	}
	if err := t.head(h.Step).differs(h); err != nil {
		return fmt.Errorf("engine: %w: %w", ErrOtherState, err)
	}
	if h.Step < t.first || h.Step >= t.last {
		return fmt.Errorf("engine: %w: it is at step %d of %d", ErrOtherState, h.Step, t.exp.Steps)
	}
	for i, shape := range t.stateShapes() {
		size := int(shape.ByteSize())
		if len(data) < size {
			return fmt.Errorf("engine: %w: %s is not complete", ErrOtherState, h.Tensors[i].Name)
		}
		x := tensors.FromShape(shape)
		if err := x.MutableBytes(func(to []byte) { copy(to, data) }); err != nil {
			return fmt.Errorf("engine: restore %s: %w", h.Tensors[i].Name, err)
		}
		t.restored, data = append(t.restored, x), data[size:]
	}
	t.next = h.Step
	for _, s := range t.shuffles {
		s.Skip(h.Step)
	}
	return nil
}

// decode splits an encoded state into its head and its tensors.
func decode(b []byte) (h stateHead, data []byte, err error) {
	if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
		return h, nil, errors.New("it is not complete")
	}
	end := 4 + int(binary.LittleEndian.Uint32(b))
	return h, b[end:], json.Unmarshal(b[4:end], &h)
}

// differs says in what another head is not of the same training; nil: in nothing.
func (h stateHead) differs(other stateHead) error {
	a, b := h.Origin, other.Origin
	switch {
	case a.Backend != b.Backend:
		return fmt.Errorf("its backend was %q, this one is %q", b.Backend, a.Backend)
	case a.Driver != b.Driver || a.Devices != b.Devices:
		return fmt.Errorf("its loop ran on the %s (%d devices), this one runs on the %s (%d)", b.Driver, b.Devices, a.Driver, a.Devices)
	case a.Data != b.Data:
		return errors.New("its data are other data")
	case !slices.Equal(a.Experiments, b.Experiments):
		return errors.New("its experiments are others, or in another order")
	case a.Model != b.Model:
		return errors.New("its model computes something else")
	case !slices.Equal(h.Tensors, other.Tensors):
		return errors.New("its variables have other names or shapes")
	}
	return nil
}

// start returns the state before the first step of the stage that is to be trained.
func (t *training) start() []*tensors.Tensor {
	if t.restored == nil {
		return t.initial()
	}
	state := t.restored
	t.restored = nil
	return state
}
