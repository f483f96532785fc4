package tfevents

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// smallest is the smallest magnitude that [vgrad.Histogram] tells from zero.
const smallest = 0x1p-126

// histogramProto is a HistogramProto. Its buckets are half-open: the i-th one ends before
// limits[i] and begins at limits[i-1], the first one at min; the last one includes max.
type histogramProto struct {
	min, max       float64
	limits, counts []float64
}

// parse reads a HistogramProto. It keeps the room of the slices.
func (p *histogramProto) parse(b []byte) error {
	*p = histogramProto{limits: p.limits[:0], counts: p.counts[:0]}
	for len(b) > 0 {
		f, rest, ok := next(b)
		if !ok {
			return errWire
		}
		b = rest
		switch f.number {
		case 1:
			p.min = ofDouble(f.value)
		case 2:
			p.max = ofDouble(f.value)
		case 6:
			p.limits, ok = appendDoubles(p.limits, f)
		case 7:
			p.counts, ok = appendDoubles(p.counts, f)
		}
		if !ok {
			return errWire
		}
	}
	return nil
}

// appendDoubles appends the numbers of a repeated double. It is appendNumbers without the
// call of a function for each number, which took half of the time of reading a histogram.
func appendDoubles(to []float64, f field) ([]float64, bool) {
	if f.kind != bytesType {
		return appendNumbers(to, f, fixed64Type, ofDouble)
	}
	to = slices.Grow(to, len(f.data)/8)
	b := f.data
	for ; len(b) >= 8; b = b[8:] {
		to = append(to, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return to, len(b) == 0
}

// histogram converts the buckets as TensorBoard does: without the empty ones at both ends,
// and with min and max as the outer edges. The outermost limits of TensorFlow are ±1.8e308.
func (p *histogramProto) histogram() (*vgrad.Histogram, error) {
	if len(p.limits) != len(p.counts) {
		return nil, fmt.Errorf("%d limits of %d buckets", len(p.limits), len(p.counts))
	}
	first, last := 0, len(p.counts)-1
	for first <= last && p.counts[first] == 0 {
		first++
	}
	for first <= last && p.counts[last] == 0 {
		last--
	}
	filled := 0
	for _, n := range p.counts {
		if n != 0 {
			filled++
		}
	}
	h := &vgrad.Histogram{Bins: make([]vgrad.Bin, 0, filled)}
	for i := first; i <= last; i++ {
		low, high := p.min, p.max
		if i > first {
			low = p.limits[i-1]
		}
		if i < last {
			high = p.limits[i]
		}
		if err := addBucket(h, low, high, p.counts[i]); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// ofTriples converts buckets (left, right, count) of a tensor.
func ofTriples(x []float64) (*vgrad.Histogram, error) {
	h := &vgrad.Histogram{Bins: make([]vgrad.Bin, 0, len(x)/3)}
	for ; len(x) > 0; x = x[3:] {
		if err := addBucket(h, x[0], x[1], x[2]); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// addBucket adds a bucket. The bucket of the values around zero that float32 does not
// represent in full precision is counted as zeros. A bucket without a width, which
// TensorBoard writes where all values are equal, becomes the narrowest one.
func addBucket(h *vgrad.Histogram, low, high, count float64) error {
	switch n := int(math.Round(count)); {
	case count == 0:
	case math.IsNaN(low) || math.IsNaN(high) || math.IsNaN(count):
		return errors.New("a bucket with NaN")
	case count < 0 || count > 1<<53:
		return fmt.Errorf("a bucket with %v values", count)
	case high < low:
		return fmt.Errorf("a bucket from %v to %v", low, high)
	case n == 0:
	case low >= -smallest && high <= smallest && low <= 0 && high >= 0:
		h.Zero += n
	case math.IsInf(low, 0) && low == high:
		if low > 0 {
			h.PosInf += n
		} else {
			h.NegInf += n
		}
	default:
		if low == high {
			high = math.Nextafter(low, math.Inf(1))
		}
		if last := len(h.Bins) - 1; last >= 0 && low < h.Bins[last].Low {
			return fmt.Errorf("a bucket from %v after one from %v; they must ascend", low, h.Bins[last].Low)
		}
		h.Bins = append(h.Bins, vgrad.Bin{Low: max(low, -math.MaxFloat64), High: min(high, math.MaxFloat64), Count: n})
	}
	return nil
}

// appendHistogram appends a HistogramProto with the finite values of a histogram. Sum and
// sum of squares are those of the bins' centres.
func appendHistogram(b []byte, number int, h *vgrad.Histogram, buckets *buckets) []byte {
	buckets.fill(h)
	b, start := begin(b, number)
	b = appendDouble(b, 1, buckets.min)
	b = appendDouble(b, 2, buckets.max)
	b = appendDouble(b, 3, buckets.num)
	b = appendDouble(b, 4, buckets.sum)
	b = appendDouble(b, 5, buckets.squares)
	b = appendPacked(b, 6, buckets.limits)
	b = appendPacked(b, 7, buckets.counts)
	return end(b, start)
}

func appendPacked(b []byte, number int, x []float64) []byte {
	b, start := begin(b, number)
	for _, v := range x {
		bits := math.Float64bits(v)
		b = append(b, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24), byte(bits>>32), byte(bits>>40), byte(bits>>48), byte(bits>>56))
	}
	return end(b, start)
}

// buckets are a histogram in the form of a HistogramProto.
type buckets struct {
	histogramProto
	num, sum, squares float64
}

// fill converts a histogram. Between bins that do not touch it puts an empty bucket.
func (p *buckets) fill(h *vgrad.Histogram) {
	p.limits, p.counts = p.limits[:0], p.counts[:0]
	p.num, p.sum, p.squares = 0, 0, 0
	zeros := h.Zero
	for _, bin := range h.Bins {
		if zeros > 0 && bin.Low >= 0 {
			p.bucket(-smallest, smallest, zeros)
			zeros = 0
		}
		p.bucket(bin.Low, bin.High, bin.Count)
	}
	if zeros > 0 {
		p.bucket(-smallest, smallest, zeros)
	}
	if len(p.limits) == 0 { // TensorBoard draws no histogram without a bucket
		p.bucket(0, 0, 0)
	}
	p.max = p.limits[len(p.limits)-1]
}

func (p *buckets) bucket(low, high float64, n int) {
	switch last := len(p.limits) - 1; {
	case last < 0:
		p.min = low
	case p.limits[last] < low:
		p.limits, p.counts = append(p.limits, low), append(p.counts, 0)
	}
	count, centre := float64(n), (low+high)/2
	p.limits, p.counts = append(p.limits, high), append(p.counts, count)
	p.num, p.sum, p.squares = p.num+count, p.sum+count*centre, p.squares+count*centre*centre
}
