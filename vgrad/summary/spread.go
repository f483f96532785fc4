package summary

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Spread is the median of repetitions and the range from their 10 % to their
// 90 % quantile.
type Spread struct {
	Median, Low, High float64
	N                 int
}

// SpreadOf returns the spread of values, infinite ones among them. With a NaN
// among them, or none at all, it is NaN.
func SpreadOf(xs []float64) Spread {
	if len(xs) == 0 || slices.ContainsFunc(xs, math.IsNaN) {
		return Spread{math.NaN(), math.NaN(), math.NaN(), len(xs)}
	}
	xs = slices.Sorted(slices.Values(xs))
	return Spread{Quantile(xs, 0.5), Quantile(xs, 0.1), Quantile(xs, 0.9), len(xs)}
}

// Quantile interpolates in sorted values, of which there is at least one: type
// 7 of Hyndman and Fan (1996), NumPy's default. 0 ≤ p ≤ 1.
func Quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if part := at - float64(i); part > 0 && sorted[i+1] != sorted[i] { // two infinities have no difference
		return sorted[i] + part*(sorted[i+1]-sorted[i])
	}
	return sorted[i]
}

// String is "37 (26–48)", or "37" where there is one value, "NaN" or "∞" where
// there is no other.
func (s Spread) String() string {
	if s.N <= 1 || math.IsNaN(s.Median) || math.IsInf(s.Low, 0) {
		return short(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", short(s.Median), short(s.Low), short(s.High))
}

// short writes three significant digits: 0.0123, 41.2, 2560, 1.2e9, ∞.
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
