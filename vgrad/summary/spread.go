package summary

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Spread is the median of repetitions with their 10 % and 90 % quantiles.
type Spread struct {
	Median, Low, High float64 // Low is the 10 % quantile, High the 90 % quantile
	N                 int     // number of values
}

// SpreadOf returns the spread of values, which may be infinite. Median, Low and
// High are NaN if xs is empty or contains a NaN.
func SpreadOf(xs []float64) Spread {
	if len(xs) == 0 || slices.ContainsFunc(xs, math.IsNaN) {
		return Spread{math.NaN(), math.NaN(), math.NaN(), len(xs)}
	}
	xs = slices.Sorted(slices.Values(xs))
	return Spread{Quantile(xs, 0.5), Quantile(xs, 0.1), Quantile(xs, 0.9), len(xs)}
}

// Quantile returns the quantile at p, 0 ≤ p ≤ 1, of values in ascending order.
// It interpolates linearly as NumPy does by default: type 7 of Hyndman and Fan
// (1996). It panics if there is no value.
func Quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if part := at - float64(i); part > 0 && sorted[i+1] != sorted[i] { // the difference of two infinities is NaN
		return sorted[i] + part*(sorted[i+1]-sorted[i])
	}
	return sorted[i]
}

// String returns median and range, such as "37 (26–48)". It returns the median
// alone if there is at most one value, if the median is NaN, or if all values
// from the 10 % quantile on are infinite.
func (s Spread) String() string {
	if s.N <= 1 || math.IsNaN(s.Median) || math.IsInf(s.Low, 0) {
		return short(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", short(s.Median), short(s.Low), short(s.High))
}

// short formats x with three significant digits: 0.0123, 41.2, 2560, 1.2e9, ∞.
func short(x float64) string {
	if math.IsInf(x, 1) {
		return "∞"
	}
	text := fmt.Sprintf("%.3g", x)
	if a := math.Abs(x); a < 999.5 || a >= 999500 || math.IsNaN(x) {
		return strings.NewReplacer("e+0", "e", "e+", "e", "e-0", "e-").Replace(text)
	}
	rounded, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(rounded, 'f', 0, 64)
}
