package reference

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Distribution is the distribution of one initial weight.
type Distribution struct {
	Variance float64
	Bound    float64                 // no weight is larger in magnitude; +Inf for a normal distribution
	CDF      func(x float64) float64 // P(w ≤ x); nil for orthogonal, whose weights depend on each other
}

// initializers gives the variance of each initializer by fan-in and fan-out:
// Glorot & Bengio 2010, equation 16; He et al. 2015, arXiv:1502.01852,
// equation 10; LeCun et al. 1998, "Efficient BackProp", equation 16. The normal
// distributions are not truncated. uniform_fan_in is U(±1/√n) with fan-in n, which
// Glorot & Bengio call the standard initialization (equation 1).
var initializers = []struct {
	name     string
	uniform  bool
	variance func(in, out float64) float64
}{
	{"glorot_uniform", true, func(in, out float64) float64 { return 2 / (in + out) }},
	{"glorot_normal", false, func(in, out float64) float64 { return 2 / (in + out) }},
	{"he_uniform", true, func(in, _ float64) float64 { return 2 / in }},
	{"he_normal", false, func(in, _ float64) float64 { return 2 / in }},
	{"he_normal_out", false, func(_, out float64) float64 { return 2 / out }},
	{"lecun_uniform", true, func(in, _ float64) float64 { return 1 / in }},
	{"lecun_normal", false, func(in, _ float64) float64 { return 1 / in }},
	{"uniform_fan_in", true, func(in, _ float64) float64 { return 1 / (3 * in) }},
	{orthogonal, false, func(in, out float64) float64 { return 1 / max(in, out) }},
}

// orthogonal weights have orthogonal columns, WᵀW = gain²·I, or orthogonal rows,
// WWᵀ = gain²·I, whichever are fewer: Saxe et al. 2013, arXiv:1312.6120.
const orthogonal = "orthogonal"

// InitializerNames lists all initializers in a fixed order.
func InitializerNames() []string {
	var names []string
	for _, in := range initializers {
		names = append(names, in.name)
	}
	return names
}

// Initializer returns the distribution of the weights of a layer, [fanIn, fanOut], after
// they were multiplied by gain. For an unknown name its error lists the known ones.
func Initializer(name string, fanIn, fanOut int, gain float64) (Distribution, error) {
	for _, in := range initializers {
		if in.name != name {
			continue
		}
		variance := gain * gain * in.variance(float64(fanIn), float64(fanOut))
		switch {
		case name == orthogonal:
			return Distribution{Variance: variance, Bound: gain}, nil
		case in.uniform:
			return uniform(variance), nil
		}
		return normal(variance), nil
	}
	return Distribution{}, fmt.Errorf("reference: unknown initializer %q; the known ones are %s", name, strings.Join(InitializerNames(), ", "))
}

// uniform is U(±√(3·variance)).
func uniform(variance float64) Distribution {
	bound := math.Sqrt(3 * variance)
	cdf := func(x float64) float64 { return min(1, max(0, (x/bound+1)/2)) }
	return Distribution{variance, bound, cdf}
}

// normal is N(0, variance).
func normal(variance float64) Distribution {
	cdf := func(x float64) float64 { return normalCDF(x / math.Sqrt(variance)) }
	return Distribution{variance, math.Inf(1), cdf}
}

// CheckInitial reports every difference between a sample of initial weights w, flat
// [fanIn, fanOut], and the initializer's distribution. A correct sample fails about once
// in a million: mean and variance may differ by 5 standard errors, and the
// Kolmogorov–Smirnov distance to the distribution may reach 2.7/√n.
func CheckInitial(name string, fanIn, fanOut int, gain float64, w []float64) error {
	d, err := Initializer(name, fanIn, fanOut, gain)
	if err != nil {
		return err
	}
	if len(w) != fanIn*fanOut || len(w) == 0 {
		return fmt.Errorf("reference: %d weights for a layer of %d × %d", len(w), fanIn, fanOut)
	}
	const float32Noise = 1e-6 // the bound may be rounded up
	if top := maxAbs(w); !(top <= d.Bound*(1+float32Noise)) {
		return fmt.Errorf("reference: %s: a weight of magnitude %g lies outside ±%g", name, top, d.Bound)
	}
	if d.CDF == nil {
		return checkOrthogonal(fanIn, fanOut, gain, w)
	}
	return errors.Join(d.checkMoments(name, w), d.checkShape(name, w))
}

// checkMoments compares mean and variance with those of the distribution.
func (d Distribution) checkMoments(name string, w []float64) error {
	n := float64(len(w))
	fourth := 3.0 // E[w⁴]/Var², 9/5 for a uniform distribution
	if !math.IsInf(d.Bound, 0) {
		fourth = 1.8
	}
	var wrong []error
	if mu, limit := mean(w), 5*math.Sqrt(d.Variance/n); !(math.Abs(mu) <= limit) {
		wrong = append(wrong, fmt.Errorf("reference: %s: the mean %g is further from 0 than %g", name, mu, limit))
	}
	second := RMS(w) * RMS(w)
	if limit := 5 * d.Variance * math.Sqrt((fourth-1)/n); !(math.Abs(second-d.Variance) <= limit) {
		wrong = append(wrong, fmt.Errorf("reference: %s: the variance %g is further from %g than %g", name, second, d.Variance, limit))
	}
	return errors.Join(wrong...)
}

// checkShape compares the distributions by the Kolmogorov–Smirnov test.
func (d Distribution) checkShape(name string, w []float64) error {
	n, distance := float64(len(w)), 0.0
	for i, x := range slices.Sorted(slices.Values(w)) {
		p := d.CDF(x)
		distance = max(distance, p-float64(i)/n, float64(i+1)/n-p)
	}
	if limit := 2.7 / math.Sqrt(n); !(distance <= limit) {
		return fmt.Errorf("reference: %s: not that distribution: Kolmogorov–Smirnov distance %.3g, at most %.3g expected", name, distance, limit)
	}
	return nil
}

// checkOrthogonal checks WᵀW or WWᵀ, whichever is smaller.
func checkOrthogonal(fanIn, fanOut int, gain float64, w []float64) error {
	const tolerance = 1e-5 // float32 rounding of sums of up to some thousand terms
	short, long := fanOut, fanIn
	at := func(i, k int) float64 { return w[k*fanOut+i] }
	if fanIn < fanOut {
		short, long = fanIn, fanOut
		at = func(i, k int) float64 { return w[i*fanOut+k] }
	}
	for i := range short {
		for j := range i + 1 {
			dot, want := 0.0, 0.0
			for k := range long {
				dot += at(i, k) * at(j, k)
			}
			if i == j {
				want = gain * gain
			}
			if !(math.Abs(dot-want) <= tolerance*gain*gain) {
				return fmt.Errorf("reference: orthogonal: the product of vectors %d and %d is %g; it must be %g", i, j, dot, want)
			}
		}
	}
	return nil
}
