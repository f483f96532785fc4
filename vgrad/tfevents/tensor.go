package tfevents

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The data types of a TensorProto that are read, from tensorflow's types.proto.
const (
	typeFloat    = 1
	typeDouble   = 2
	typeInt32    = 3
	typeUint8    = 4
	typeInt16    = 5
	typeInt8     = 6
	typeString   = 7
	typeInt64    = 9
	typeBool     = 10
	typeBfloat16 = 14
	typeUint16   = 17
	typeHalf     = 19
	typeUint32   = 22
	typeUint64   = 23
)

// maxElements is the largest tensor that is read. A TensorProto with one value may stand
// for a tensor of any size.
const maxElements = 1 << 22

// tensor is a TensorProto.
type tensor struct {
	dtype   int
	shape   []int64
	content []byte
	numbers []float64 // of the typed fields
}

// parseTensor reads a TensorProto. The result refers to b.
func parseTensor(b []byte) (t tensor, ok bool) {
	for len(b) > 0 {
		var f field
		if f, b, ok = next(b); !ok {
			return t, false
		}
		switch f.number {
		case 1:
			t.dtype = int(f.value)
		case 2:
			if t.shape, ok = parseShape(f.data); !ok {
				return t, false
			}
		case 4:
			t.content = f.data
		case 5:
			t.numbers, ok = appendNumbers(t.numbers, f, fixed32Type, ofFloat)
		case 6:
			t.numbers, ok = appendNumbers(t.numbers, f, fixed64Type, ofDouble)
		case 7, 10, 11: // int_val, int64_val, bool_val
			t.numbers, ok = appendNumbers(t.numbers, f, varintType, ofInt)
		case 13:
			of := ofHalf
			if t.dtype == typeBfloat16 {
				of = func(bits uint64) float64 { return ofFloat(bits << 16) }
			}
			t.numbers, ok = appendNumbers(t.numbers, f, varintType, of)
		case 16, 17: // uint32_val, uint64_val
			t.numbers, ok = appendNumbers(t.numbers, f, varintType, ofUint)
		}
		if !ok {
			return t, false
		}
	}
	return t, true
}

// parseShape reads a TensorShapeProto.
func parseShape(b []byte) (shape []int64, ok bool) {
	for len(b) > 0 {
		var f field
		if f, b, ok = next(b); !ok {
			return nil, false
		}
		if f.number != 2 {
			continue
		}
		size := int64(0)
		for dim := f.data; len(dim) > 0; {
			if f, dim, ok = next(dim); !ok {
				return nil, false
			}
			if f.number == 1 {
				size = int64(f.value)
			}
		}
		shape = append(shape, size)
	}
	return shape, true
}

// elements returns the numbers of a tensor in row-major order. If there are fewer numbers
// than elements, the last one is repeated, as TensorFlow does.
func (t tensor) elements() ([]float64, error) {
	n := int64(1)
	for _, size := range t.shape {
		if size < 0 || size > maxElements {
			return nil, fmt.Errorf("a tensor of shape %v", t.shape)
		}
		if n *= size; n > maxElements {
			return nil, fmt.Errorf("a tensor of shape %v; at most %d elements are read", t.shape, maxElements)
		}
	}
	numbers := t.numbers
	if len(t.content) > 0 {
		var err error
		if numbers, err = t.decode(); err != nil {
			return nil, err
		}
	}
	if int64(len(numbers)) > n || n > 0 && len(numbers) == 0 {
		return nil, fmt.Errorf("%d numbers in a tensor of shape %v", len(numbers), t.shape)
	}
	for int64(len(numbers)) < n {
		numbers = append(numbers, numbers[len(numbers)-1])
	}
	return numbers, nil
}

// decode reads tensor_content, which is in little-endian order.
func (t tensor) decode() ([]float64, error) {
	size, of := layout(t.dtype)
	if size == 0 || len(t.content)%size != 0 {
		return nil, fmt.Errorf("%d bytes of a tensor of data type %d", len(t.content), t.dtype)
	}
	numbers := make([]float64, 0, len(t.content)/size)
	for b := t.content; len(b) > 0; b = b[size:] {
		var word [8]byte
		copy(word[:], b[:size])
		numbers = append(numbers, of(binary.LittleEndian.Uint64(word[:])))
	}
	return numbers, nil
}

// layout returns the bytes of an element of a data type and the conversion from its bits.
// The size is 0 for types that are no numbers.
func layout(dtype int) (size int, of func(uint64) float64) {
	switch dtype {
	case typeFloat:
		return 4, ofFloat
	case typeDouble:
		return 8, ofDouble
	case typeHalf:
		return 2, ofHalf
	case typeBfloat16:
		return 2, func(bits uint64) float64 { return float64(math.Float32frombits(uint32(bits) << 16)) }
	case typeInt8:
		return 1, func(bits uint64) float64 { return float64(int8(bits)) }
	case typeInt16:
		return 2, func(bits uint64) float64 { return float64(int16(bits)) }
	case typeInt32:
		return 4, func(bits uint64) float64 { return float64(int32(bits)) }
	case typeInt64:
		return 8, ofInt
	case typeUint8, typeBool:
		return 1, ofUint
	case typeUint16:
		return 2, ofUint
	case typeUint32:
		return 4, ofUint
	case typeUint64:
		return 8, ofUint
	}
	return 0, nil
}

// isNumber reports whether a data type is a number.
func isNumber(dtype int) bool {
	size, _ := layout(dtype)
	return size > 0
}
