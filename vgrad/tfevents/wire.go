package tfevents

import (
	"encoding/binary"
	"math"
)

// The types of a field in a protocol buffer.
const (
	varintType  = 0
	fixed64Type = 1
	bytesType   = 2
	fixed32Type = 5
)

// field is a field of a protocol buffer.
type field struct {
	number, kind int
	value        uint64 // where it is a varint or fixed
	data         []byte // where it has a length
}

// next reads the field at the beginning of b and returns what follows it. ok is false if
// no field begins there. Groups, which event files do not have, are not read.
func next(b []byte) (f field, rest []byte, ok bool) {
	var key uint64
	if len(b) > 0 && b[0] < 0x80 {
		key, b = uint64(b[0]), b[1:]
	} else if key, b, ok = varint(b); !ok {
		return f, nil, false
	}
	if key>>3 == 0 || key>>3 > 1<<29-1 {
		return f, nil, false
	}
	f.number, f.kind = int(key>>3), int(key&7)
	switch f.kind {
	case varintType:
		f.value, b, ok = varint(b)
		return f, b, ok
	case fixed64Type:
		if len(b) < 8 {
			return f, nil, false
		}
		f.value = binary.LittleEndian.Uint64(b)
		return f, b[8:], true
	case fixed32Type:
		if len(b) < 4 {
			return f, nil, false
		}
		f.value = uint64(binary.LittleEndian.Uint32(b))
		return f, b[4:], true
	case bytesType:
		n, b, ok := varint(b)
		if !ok || n > uint64(len(b)) {
			return f, nil, false
		}
		f.data = b[:n]
		return f, b[n:], true
	}
	return f, nil, false
}

func varint(b []byte) (uint64, []byte, bool) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), b[1:], true
	}
	x, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, false
	}
	return x, b[n:], true
}

// appendNumbers appends the numbers of a repeated field, which is packed or not. of
// converts a number from its bits. It reports whether the field has the type.
func appendNumbers(to []float64, f field, kind int, of func(uint64) float64) ([]float64, bool) {
	if f.kind == kind {
		return append(to, of(f.value)), true
	}
	if f.kind != bytesType {
		return to, false
	}
	switch b := f.data; kind {
	case fixed64Type:
		for ; len(b) >= 8; b = b[8:] {
			to = append(to, of(binary.LittleEndian.Uint64(b)))
		}
		return to, len(b) == 0
	case fixed32Type:
		for ; len(b) >= 4; b = b[4:] {
			to = append(to, of(uint64(binary.LittleEndian.Uint32(b))))
		}
		return to, len(b) == 0
	default:
		for len(b) > 0 {
			var x uint64
			var ok bool
			if x, b, ok = varint(b); !ok {
				return to, false
			}
			to = append(to, of(x))
		}
		return to, true
	}
}

// The conversions from the bits of a field.
func ofFloat(bits uint64) float64  { return float64(math.Float32frombits(uint32(bits))) }
func ofDouble(bits uint64) float64 { return math.Float64frombits(bits) }
func ofInt(bits uint64) float64    { return float64(int64(bits)) }
func ofUint(bits uint64) float64   { return float64(bits) }
func ofHalf(bits uint64) float64   { return half(uint16(bits)) }

// half converts an IEEE 754 half-precision number.
func half(h uint16) float64 {
	sign, exponent, fraction := 1.0, int(h>>10&0x1f), float64(h&0x3ff)
	if h>>15 == 1 {
		sign = -1
	}
	switch {
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	case exponent == 0x1f && fraction == 0:
		return math.Inf(int(sign))
	case exponent == 0x1f:
		return math.NaN()
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// The functions below append a field. A message is begun with its number and ended when
// its length is known.

func appendKey(b []byte, number, kind int) []byte {
	return binary.AppendUvarint(b, uint64(number)<<3|uint64(kind))
}

func appendInt(b []byte, number int, x int64) []byte {
	return binary.AppendUvarint(appendKey(b, number, varintType), uint64(x))
}

func appendDouble(b []byte, number int, x float64) []byte {
	return binary.LittleEndian.AppendUint64(appendKey(b, number, fixed64Type), math.Float64bits(x))
}

func appendFloat(b []byte, number int, x float32) []byte {
	return binary.LittleEndian.AppendUint32(appendKey(b, number, fixed32Type), math.Float32bits(x))
}

func appendText[T string | []byte](b []byte, number int, text T) []byte {
	b = binary.AppendUvarint(appendKey(b, number, bytesType), uint64(len(text)))
	return append(b, text...)
}

// maxLength is the number of bytes that begin reserves for a length.
const maxLength = 5

// begin begins a message in b and returns where its data start.
func begin(b []byte, number int) ([]byte, int) {
	b = append(appendKey(b, number, bytesType), 0, 0, 0, 0, 0)
	return b, len(b)
}

// end fills in the length of the message whose data start there, and closes the gap that a
// short length leaves.
func end(b []byte, start int) []byte {
	var length [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(length[:], uint64(len(b)-start))
	at := start - maxLength
	copy(b[at:], length[:n])
	return b[:at+n+copy(b[at+n:], b[start:])]
}
