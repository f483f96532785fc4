// Package tensor lets package keep keep the tensors of GoMLX from cell to cell, by value.
// The kernel imports it into the programs of cells that import a package of GoMLX:
//
//	import "github.com/vgrad/lab/kernelext/keep/tensor"
//	…
//	_ = tensor.Kept
//
// A tensor on a device is copied from there. A later cell gets it as a local tensor.
package tensor

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/kernelext/keep"
)

// Kept is there for programs to name: GoNB knows one blank import only, which is the
// reader's.
const Kept = true

func init() { keep.Register("tensor", encode, decode) }

// encode writes the type of the elements, the dimensions, the names of the axes, and the
// elements as they are in memory.
func encode(t *tensors.Tensor) ([]byte, error) {
	if err := t.CheckValid(); err != nil {
		return nil, errors.New("it is a tensor without values; it was finalized")
	}
	shape := t.Shape()
	if len(shape.TupleShapes) > 0 {
		return nil, errors.New("it is a tuple of tensors")
	}
	head := binary.AppendUvarint(nil, uint64(shape.DType))
	head = binary.AppendUvarint(head, uint64(len(shape.Dimensions)))
	for _, d := range shape.Dimensions {
		head = binary.AppendUvarint(head, uint64(d))
	}
	head = binary.AppendUvarint(head, uint64(len(shape.AxisNames)))
	for _, name := range shape.AxisNames {
		head = binary.AppendUvarint(head, uint64(len(name)))
		head = append(head, name...)
	}
	if shape.Size() == 0 {
		return head, nil
	}
	var data []byte
	err := t.ConstBytes(func(values []byte) {
		data = make([]byte, 0, len(head)+len(values))
		data = append(append(data, head...), values...)
	})
	return data, err
}

func decode(data []byte) (t *tensors.Tensor, err error) {
	r := reader{data: data}
	dtype := dtypes.DType(r.uint())
	dimensions := make([]int, r.length())
	for i := range dimensions {
		dimensions[i] = int(r.uint())
	}
	names := make([]string, r.length())
	for i := range names {
		names[i] = string(r.take(r.length()))
	}
	if r.bad {
		return nil, errDamaged
	}
	shape := shapes.Make(dtype, dimensions...)
	if len(names) > 0 {
		shape.AxisNames = names
	}
	t = tensors.FromShape(shape)
	if shape.Size() == 0 {
		return t, nil
	}
	fits := false
	err = t.MutableBytes(func(values []byte) {
		fits = len(values) == len(r.data)
		copy(values, r.data)
	})
	if err == nil && !fits {
		err = errDamaged
	}
	if err != nil {
		return nil, fmt.Errorf("a tensor of shape %s: %w", shape, err)
	}
	return t, nil
}

var errDamaged = errors.New("its file is damaged")

// reader reads the head; bad is set where it ends too early.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.data = r.data[size:]
	return n
}

// length reads how many bytes or elements follow, of which each takes a byte at least.
func (r *reader) length() int {
	n := r.uint()
	if n > uint64(len(r.data)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) take(n int) []byte {
	data := r.data[:n]
	r.data = r.data[n:]
	return data
}
