package runs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
)

// binSize is the least size of an encoded bin: two edges and a count.
const binSize = 17

// appendBins appends a histogram with its edges, for bins that are not those of a probe.
func appendBins(b []byte, h *vgrad.Histogram) ([]byte, error) {
	b = binary.AppendUvarint(b, uint64(len(h.Bins)))
	for _, bin := range h.Bins {
		if bin.Count < 0 {
			return b, fmt.Errorf("a histogram's bin counts %d; it can be 0 or more", bin.Count)
		}
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(bin.Low))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(bin.High))
		b = binary.AppendUvarint(b, uint64(bin.Count))
	}
	for _, n := range []int{h.Zero, h.NaN, h.PosInf, h.NegInf} {
		if n < 0 {
			return b, fmt.Errorf("a histogram counts %d special values; it can count 0 or more", n)
		}
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b, nil
}

// readBins reads what appendBins has written and returns what follows it.
func readBins(data []byte) (*vgrad.Histogram, []byte, error) {
	n, data, err := uvarint(data, uint64(len(data)/binSize+1))
	if err != nil {
		return nil, nil, fmt.Errorf("a histogram's size: %w", err)
	}
	h := &vgrad.Histogram{Bins: make([]vgrad.Bin, n)}
	for i := range h.Bins {
		if len(data) < binSize {
			return nil, nil, errors.New("a histogram's bin is cut off")
		}
		bin := &h.Bins[i]
		bin.Low = math.Float64frombits(binary.LittleEndian.Uint64(data))
		bin.High = math.Float64frombits(binary.LittleEndian.Uint64(data[8:]))
		if bin.Count, data, err = uvarint(data[16:], math.MaxInt); err != nil {
			return nil, nil, fmt.Errorf("a histogram's count: %w", err)
		}
	}
	for _, n := range []*int{&h.Zero, &h.NaN, &h.PosInf, &h.NegInf} {
		if *n, data, err = uvarint(data, math.MaxInt); err != nil {
			return nil, nil, fmt.Errorf("a histogram's special values: %w", err)
		}
	}
	return h, data, nil
}

// decodeBins decodes a histogram that readBins has read before without an error.
func decodeBins(data []byte) *vgrad.Histogram {
	h, _, err := readBins(data)
	if err != nil {
		panic(err) // parseSamples would have failed
	}
	return h
}
