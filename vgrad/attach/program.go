package attach

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/meter"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/probe"
)

// program is what the graph of a step measures.
type program struct {
	*meter.Meter
	sites   []vgrad.Site
	groups  []*group // those that are due
	unfound []nets.Unfound
	tables  int // where the meter's tables begin in the recorder's schema
}

// group is a group of the meter that is due in the program, with the values of the last
// step.
type group struct {
	*meter.Group
	numbers, fetched []float32
	counts           []int32
	// The nodes of these values; InvalidNodeId: the group has no such values.
	numbersAt, fetchedAt, countsAt NodeId
}

// logMessage is the message of the nodes that this package logs.
const logMessage = "vgrad/attach"

// measure adds the quantities that are due to the step's graph, after the optimizer has
// added the update. The first time it begins the run. It panics on errors, as graph
// functions do.
func (a *Attachment) measure(s *step) {
	if err := a.build(s); err != nil {
		panic(fmt.Errorf("attach: %w", err))
	}
}

func (a *Attachment) build(s *step) (err error) {
	defer caught("build what is measured", &err)
	p := &program{sites: s.sites, unfound: s.unfound}
	p.Meter = meter.New(a.o.Measure, s.sites, meter.Options{Network: []vgrad.Quantity{vgrad.Loss}, Final: a.record.final()})
	network, views := map[vgrad.Quantity]*Node{vgrad.Loss: s.loss}, s.views()
	for _, g := range p.Groups() {
		if g.Due(a.update) {
			p.groups = append(p.groups, newGroup(s.Graph, g, g.Measure(network, views)))
		}
	}
	if err := a.record.begin(p); err != nil {
		return err
	}
	a.programs[s.GraphId()] = p
	a.listen()
	return nil
}

// newGroup makes what a group measures outputs of the graph, as logged nodes.
func newGroup(g *Graph, of *meter.Group, m meter.Measured) *group {
	b := &group{Group: of, numbersAt: logged(m.Numbers), fetchedAt: logged(m.Fetched), countsAt: InvalidNodeId}
	if m.Counted != nil {
		none := Zeros(g, shapes.Make(dtypes.Int32, len(m.Counted)*vgrad.RawBins))
		b.countsAt = logged(probe.Count(none, Const(g, int32(0)), m.Counted, false))
	}
	return b
}

// logged makes the executor pass a node's value to its logger. It marks a copy of the
// node, because the model may log the node itself with a message of its own.
func logged(x *Node) NodeId {
	if x == nil {
		return InvalidNodeId
	}
	x = Identity(x)
	x.SetLogged(logMessage)
	return x.Id()
}

// listen puts our logger into the executors that are in use. It is called while a graph is
// built. By then the trainer's handlers of new executors have set their loggers, such as
// nanlogger's. Ours calls theirs with the nodes that are not ours.
func (a *Attachment) listen() {
	for _, byKey := range []map[any]*model.Exec{*a.w.step, *a.w.apply} {
		for _, exec := range byKey {
			if !a.hooked[exec] {
				a.hooked[exec] = true
				exec.SetNodeLogger(a.logger(exec.GetNodeLogger()))
			}
		}
	}
}

// logger takes the nodes that this package logs and passes the rest to next. The rest is
// in new slices, because nanlogger overwrites elements of the slices that it gets, and the
// executor uses its slices again.
func (a *Attachment) logger(next LoggerFn) LoggerFn {
	return func(g *Graph, messages []string, values []*tensors.Tensor, nodes []NodeId) {
		var others []string
		var theirs []*tensors.Tensor
		var at []NodeId
		p := a.programs[g.GraphId()]
		for i, message := range messages {
			if p != nil && message == logMessage {
				a.failed = errors.Join(a.failed, p.take(nodes[i], values[i]))
				a.measured = p
				continue
			}
			others, theirs, at = append(others, message), append(theirs, values[i]), append(at, nodes[i])
		}
		if next != nil {
			next(g, others, theirs, at)
		}
	}
}

// take copies the value of a logged node to its group and frees it.
func (p *program) take(node NodeId, value *tensors.Tensor) (err error) {
	for _, b := range p.groups {
		switch node {
		case b.numbersAt:
			b.numbers, err = tensors.CopyFlatData[float32](value)
		case b.fetchedAt:
			b.fetched, err = tensors.CopyFlatData[float32](value)
		case b.countsAt:
			b.counts, err = tensors.CopyFlatData[int32](value)
		}
	}
	if err = errors.Join(err, value.FinalizeAll()); err != nil {
		return fmt.Errorf("read what was measured: %w", err)
	}
	return nil
}

// rows appends the rows of the last step. Their values are appended to room.
func (p *program) rows(rows []vgrad.Row, room *[]float64) []vgrad.Row {
	for _, b := range p.groups {
		rows = b.Rows(rows, room, 0, b.numbers, b.counts, b.fetched)
	}
	for i := range rows {
		rows[i].Table += p.tables
	}
	return rows
}

// sameAs reports whether the programs measure at the same sites.
func (p *program) sameAs(q *program) bool { return slices.Equal(p.sites, q.sites) }
