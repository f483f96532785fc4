package reference

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/integrate/quad"
)

// MeanField predicts how signals travel through very wide layers with random
// weights: Poole et al. 2016, arXiv:1606.05340; Schoenholz et al. 2017,
// arXiv:1611.01232. The pre-activations of a layer are then normal with mean
// zero and a variance q, the same for each unit.
type MeanField struct {
	Activation Activation
	WeightVar  float64 // σ_w² = fan-in · Var(W): 1 for Glorot on a square layer, 2 for He
	BiasVar    float64 // σ_b² = Var(b)
}

// LengthMap takes the variance q of one layer's pre-activations to the next
// layer's: σ_w²·E[φ²(√q·z)] + σ_b².
func (m MeanField) LengthMap(q float64) float64 {
	square := func(x float64) float64 { return m.Activation.F(x) * m.Activation.F(x) }
	return m.WeightVar*Expect(square, q) + m.BiasVar
}

// FixedPoint is q*, the variance after very many layers if it starts at 1. It is 0 if the
// variance vanishes, +Inf if it explodes, and 1 if every q is a fixed point, as for ReLU
// with He's weights.
func (m MeanField) FixedPoint() float64 {
	const least, most, same = 1e-12, 1e12, 1e-10
	q := 1.0
	rises := m.LengthMap(q) - q
	if math.Abs(rises) < same {
		return q
	}
	factor := 2.0
	if rises < 0 {
		factor = 0.5
	}
	// The map is monotone, so iterating it leads to the first fixed point above or below
	// 1. Near a critical point the iteration would take very many steps; bisection finds
	// the same fixed point in a fixed number.
	for next := q * factor; ; q, next = next, next*factor {
		switch {
		case next < least:
			return 0
		case next > most:
			return math.Inf(1)
		case (m.LengthMap(next)-next)*rises <= 0:
			return m.bisect(min(q, next), max(q, next))
		}
	}
}

// bisect finds q with LengthMap(q) = q between two variances. LengthMap(q)-q has opposite
// signs at the two.
func (m MeanField) bisect(low, high float64) float64 {
	for range 60 { // the interval starts a factor of 2 wide and ends below float64's resolution
		if q := (low + high) / 2; m.LengthMap(q) > q {
			low = q
		} else {
			high = q
		}
	}
	return (low + high) / 2
}

// Chi is χ = σ_w²·E[φ′²(√q·z)]: going back one layer multiplies the mean
// square of δ by χ, its RMS by √χ.
func (m MeanField) Chi(q float64) float64 {
	square := func(x float64) float64 { return m.Activation.D(x) * m.Activation.D(x) }
	return m.WeightVar * Expect(square, q)
}

// DepthScale is ξ = −1/ln χ at the fixed point, in layers: δ changes by a
// factor e^(∓1/2) in RMS every ξ layers. It is negative where gradients
// explode and +Inf at criticality, |χ−1| < 1e-9.
func (m MeanField) DepthScale() float64 {
	chi := m.Chi(m.FixedPoint())
	if math.Abs(chi-1) < 1e-9 {
		return math.Inf(1)
	}
	return -1 / math.Log(chi)
}

// StdActivation is the standard deviation of φ(√q·z).
func (m MeanField) StdActivation(q float64) float64 {
	mu := Expect(m.Activation.F, q)
	return math.Sqrt(Expect(func(x float64) float64 { return (m.Activation.F(x) - mu) * (m.Activation.F(x) - mu) }, q))
}

// Saturated is P(|φ′(√q·z)| < 0.0591·sup|φ′|), exact to about 1e-4: the
// integrand jumps, so it is averaged over 20,000 equally probable z.
func (m MeanField) Saturated(q float64) float64 {
	const n = 20000
	z := make([]float64, n)
	for i := range z {
		z[i] = scale(q) * math.Sqrt2 * math.Erfinv((2*float64(i)+1)/n-1)
	}
	return saturated(z, m.Activation)
}

// Expect is E[f(√q·z)] with z standard normal. It is good to about 1e-13 where
// f is smooth but for a kink or a jump at zero. At q = 0 it is the limit from
// above.
func Expect(f func(float64) float64, q float64) float64 {
	g := grid()
	sum := 0.0
	for i, z := range g.z {
		sum += g.weight[i] * f(scale(q)*z)
	}
	return sum
}

// scale is √q, limited so that scale·z keeps the sign of a small z and the square of
// scale·z does not overflow for a large one.
func scale(q float64) float64 { return min(1e150, max(1e-150, math.Sqrt(q))) }

// nodes are those of a quadrature for the standard normal distribution.
type nodes struct{ z, weight []float64 }

// grid is a Gauss–Legendre quadrature with 20 points on each of many panels. The panels
// are symmetric about zero, where activations have their kinks. They get narrower towards
// zero, because with a large q activations bend within |z| ~ 1/√q. The normal
// distribution has a probability of 4e-33 beyond ±12.
var grid = sync.OnceValue(func() nodes {
	edges := []float64{0}
	for e := math.Ldexp(1, -12); e < 1; e *= 2 {
		edges = append(edges, e)
	}
	for e := 1.0; e <= 12; e++ {
		edges = append(edges, e)
	}
	var g nodes
	x, w := make([]float64, 20), make([]float64, 20)
	for i := range len(edges) - 1 {
		quad.Legendre{}.FixedLocations(x, w, edges[i], edges[i+1])
		for k := range x {
			p := w[k] * normalPDF(x[k])
			g.z, g.weight = append(g.z, x[k], -x[k]), append(g.weight, p, p)
		}
	}
	return g
})
