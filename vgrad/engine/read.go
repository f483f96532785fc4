package engine

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/meter"
)

// rawBins is the number of bins of a histogram's raw counts.
const rawBins = vgrad.RawBins

// bank holds the values that a call returns for a group, with a row for each step
// at which the group is due: numbers [rows, Numbers, lanes], counts
// [rows·lanes·histograms·bins] and fetched [rows, lanes, Fetched]. Each is nil if
// the group has none.
type bank struct {
	*meter.Group
	numbers, fetched []float32
	counts           []int32
	row              int // the next to be read
}

// read passes the measurements of n steps from first on to the sinks. out has the
// tensors of the banks that the call returned; see banked. read frees them.
func (t *training) read(first, n int, out []*tensors.Tensor) error {
	var banks []*bank
	for _, g := range t.meter.Groups() {
		if !t.banked(g, first, n) {
			continue
		}
		b := &bank{Group: g}
		if g.Numbers() > 0 {
			b.numbers, out = must(tensors.CopyFlatData[float32](out[0])), freed(out)
		}
		if g.Histograms() > 0 {
			b.counts, out = must(tensors.CopyFlatData[int32](out[0])), freed(out)
		}
		if g.Fetched() > 0 {
			b.fetched, out = must(tensors.CopyFlatData[float32](out[0])), freed(out)
		}
		banks = append(banks, b)
	}
	for step := first; step < first+n; step++ {
		if err := t.emit(step, banks); err != nil {
			return err
		}
	}
	return nil
}

// freed frees the first of some tensors and returns the others.
func freed(out []*tensors.Tensor) []*tensors.Tensor {
	_ = out[0].FinalizeAll() // what is left goes with the process
	return out[1:]
}

// emit passes the values that are due at a step to the sinks of each lane.
func (t *training) emit(step int, banks []*bank) error {
	for lane := range t.width() {
		t.rows, t.room = t.rows[:0], t.room[:0]
		for _, b := range banks {
			if b.Due(step) {
				t.rows = b.Rows(t.rows, &t.room, lane, b.at(t.width(), lane), b.lane(t.width(), lane), b.host(t.width(), lane))
			}
		}
		if len(t.rows) > 0 {
			if err := t.put(step, lane, t.rows); err != nil {
				return err
			}
		}
	}
	for _, b := range banks {
		if b.Due(step) {
			b.row++
		}
	}
	return nil
}

// at is the bank's row of numbers, [Numbers, lanes].
func (b *bank) at(width, _ int) []float32 {
	n := b.Numbers() * width
	return part(b.numbers, b.row, n)
}

// lane is a lane's part of the row's counts.
func (b *bank) lane(width, lane int) []int32 {
	return part(b.counts, b.row*width+lane, b.Histograms()*rawBins)
}

// host is a lane's part of the row's fetched values.
func (b *bank) host(width, lane int) []float32 {
	return part(b.fetched, b.row*width+lane, b.Fetched())
}

// part is the i-th part of x, of n values. It is nil if x is nil or n is 0.
func part[T any](x []T, i, n int) []T {
	if n == 0 || x == nil {
		return nil
	}
	return x[i*n : (i+1)*n]
}

// put hands rows to every sink of a lane.
func (t *training) put(step, lane int, rows []vgrad.Row) error {
	for _, s := range t.sinks[lane] {
		if err := callSink(step, func() error { return s.Put(step, rows) }); err != nil {
			return err
		}
	}
	return nil
}

// begin passes the schema of the stage to every sink of each lane.
func (t *training) begin() error {
	for lane, sinks := range t.sinks {
		schema := t.meter.Schema(lane).WithLoss(t.loss)
		for _, s := range sinks {
			if err := callSink(t.first, func() error { return s.Begin(schema) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// callSink calls a sink, and adds to its error or panic that a sink failed at that step.
func callSink(step int, call func() error) (err error) {
	defer caught(fmt.Sprintf("a sink panicked at step %d", step), &err)
	if err := call(); err != nil {
		return fmt.Errorf("engine: step %d: %w", step, err)
	}
	return nil
}
