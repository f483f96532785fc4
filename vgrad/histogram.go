package vgrad

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// Histogram counts float32 values by sign and magnitude. The sign, the exponent
// and the top two bits of the mantissa select a value's bin, so bins have edges
// at 1, 1.25, 1.5 and 1.75 times each power of two. The relative width of a bin
// is between 1/7 and 1/4, from 1e-38 to 1e38. No logarithm is taken, so all
// backends give the same counts.
//
// Zero counts zeros and subnormal numbers (below 1.18e-38), which XLA flushes
// to zero.
type Histogram struct {
	Bins           []Bin // ascending by value, no empty bins, the special values left out
	Zero, NaN      int
	PosInf, NegInf int
}

// Bin is a half-open interval and the number of values in it. The interval is
// [Low, High) above zero and (Low, High] below.
type Bin struct {
	Low, High float64
	Count     int
}

// RawBins is the number of bins a probe counts into; see [NewHistogram].
const RawBins = 1 << 11

// NewHistogram makes a histogram from raw counts, of RawBins entries: counts[i] is
// the number of values whose float32 bits, shifted right by 21, are i.
func NewHistogram(counts []int32) *Histogram {
	h := &Histogram{}
	for i, n := range counts {
		h.add(i, int(n))
	}
	slices.SortFunc(h.Bins, func(a, b Bin) int { return cmp.Compare(a.Low, b.Low) })
	return h
}

// HistogramOf counts values on the host, exactly as a probe does in the graph.
func HistogramOf(values []float32) *Histogram {
	counts := make([]int32, RawBins)
	for _, x := range values {
		counts[math.Float32bits(x)>>21]++
	}
	return NewHistogram(counts)
}

// add adds n values of raw bin i.
func (h *Histogram) add(i, n int) {
	negative, exponent, quarter := i>>10 == 1, i>>2&0xff, i&3
	switch {
	case n == 0:
	case exponent == 0:
		h.Zero += n
	case exponent == 0xff && quarter != 0:
		h.NaN += n
	case exponent == 0xff && negative:
		h.NegInf += n
	case exponent == 0xff:
		h.PosInf += n
	default:
		low := math.Ldexp(1+float64(quarter)/4, exponent-127)
		b := Bin{Low: low, High: low + math.Ldexp(0.25, exponent-127), Count: n}
		if negative {
			b.Low, b.High = -b.High, -b.Low
		}
		h.Bins = append(h.Bins, b)
	}
}

// All yields the bins in ascending order, and among them the special values that are
// there, each as a bin of one value: -Inf first, zero between the signs, then +Inf, and
// NaN last.
func (h *Histogram) All() iter.Seq[Bin] {
	return func(yield func(Bin) bool) {
		special := func(x float64, n int) []Bin { return []Bin{{x, x, n}} }
		zero, _ := slices.BinarySearchFunc(h.Bins, 0, func(b Bin, x float64) int { return cmp.Compare(b.Low, x) })
		for _, bins := range [][]Bin{special(math.Inf(-1), h.NegInf), h.Bins[:zero], special(0, h.Zero), h.Bins[zero:],
			special(math.Inf(1), h.PosInf), special(math.NaN(), h.NaN)} {
			for _, b := range bins {
				if b.Count > 0 && !yield(b) {
					return
				}
			}
		}
	}
}

// Raw returns the counts above 0 by raw bin, the inverse of [NewHistogram].
func (h *Histogram) Raw() map[int]int {
	raw := map[int]int{}
	for _, b := range h.Bins {
		x := float32(b.Low)
		if b.High <= 0 {
			x = float32(b.High)
		}
		raw[int(math.Float32bits(x)>>21)] = b.Count
	}
	for i, n := range map[int]int{0: h.Zero, 0xff<<2 | 2: h.NaN, 0xff << 2: h.PosInf, 1<<10 | 0xff<<2: h.NegInf} {
		if n > 0 {
			raw[i] = n
		}
	}
	return raw
}

// IsRaw reports whether the bins are those of [NewHistogram], so that [Histogram.Raw] loses
// nothing. The histogram of an imported log has bins of its own.
func (h *Histogram) IsRaw() bool {
	const low21 = 1<<21 - 1
	for _, b := range h.Bins {
		near, far := b.Low, b.High // from zero
		if b.High <= 0 {
			near, far = -b.High, -b.Low
		}
		bits := math.Float32bits(float32(near))
		if near < 0x1p-126 || far > 0x1p128 || float64(float32(near)) != near || bits&low21 != 0 {
			return false
		}
		if _, exponent := math.Frexp(near); far != near+math.Ldexp(0.25, exponent-1) {
			return false
		}
	}
	return true
}

// Count returns how many values were counted, special ones included.
func (h *Histogram) Count() int {
	n := h.Zero + h.NaN + h.PosInf + h.NegInf
	for _, b := range h.Bins {
		n += b.Count
	}
	return n
}

// CountIn returns about how many finite values lie in [low, high). A bin that
// overlaps an end counts in part, as if its values were spread evenly over it.
func (h *Histogram) CountIn(low, high float64) float64 {
	n := 0.0
	if low <= 0 && 0 < high {
		n += float64(h.Zero)
	}
	for _, b := range h.Bins {
		overlap := min(high, b.High) - max(low, b.Low)
		if overlap > 0 {
			n += float64(b.Count) * overlap / (b.High - b.Low)
		}
	}
	return n
}

// Quantile returns approximately the value below which the fraction p of the
// finite values lies, 0 ≤ p ≤ 1. It is NaN if there are no finite values. The
// relative error is at most a bin's width.
func (h *Histogram) Quantile(p float64) float64 {
	bins := slices.Clone(h.Bins)
	if h.Zero > 0 {
		i, _ := slices.BinarySearchFunc(bins, 0.0, func(b Bin, x float64) int { return cmp.Compare(b.Low, x) })
		bins = slices.Insert(bins, i, Bin{Count: h.Zero})
	}
	total := 0
	for _, b := range bins {
		total += b.Count
	}
	rank := p * float64(total)
	for i, b := range bins {
		if rank <= float64(b.Count) || i == len(bins)-1 {
			return b.Low + (b.High-b.Low)*rank/float64(b.Count)
		}
		rank -= float64(b.Count)
	}
	return math.NaN()
}
