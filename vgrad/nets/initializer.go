package nets

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// Initializer draws the initial weights of a variable, row by row. The last two
// axes of shape are fan-in and fan-out. The axes before them, such as those of a
// convolution's kernel, multiply both.
type Initializer func(rng *rand.Rand, shape []int) []float32

// initializers lists them by name. The normal ones are plain normal
// distributions, not truncated.
var initializers = []struct {
	name string
	draw func(rng *rand.Rand, fanIn, fanOut float64, shape []int) []float64
}{
	// Glorot & Bengio 2010, equation 16: Var = 2/(in + out).
	{"glorot_uniform", uniform(func(in, out float64) float64 { return 2 / (in + out) })},
	{"glorot_normal", normal(func(in, out float64) float64 { return 2 / (in + out) })},
	// He et al. 2015, arXiv:1502.01852, equation 10: Var = 2/in.
	{"he_uniform", uniform(func(in, _ float64) float64 { return 2 / in })},
	{"he_normal", normal(func(in, _ float64) float64 { return 2 / in })},
	{"he_normal_out", normal(func(_, out float64) float64 { return 2 / out })}, // their equation 14
	// LeCun et al. 1998, Efficient BackProp, equation 16: Var = 1/in.
	{"lecun_uniform", uniform(func(in, _ float64) float64 { return 1 / in })},
	{"lecun_normal", normal(func(in, _ float64) float64 { return 1 / in })},
	// Saxe et al. 2013, arXiv:1312.6120.
	{"orthogonal", orthogonal},
	// U(±1/√in), the "standard" initialization that Glorot & Bengio 2010 advise against: Var = 1/(3·in).
	{"uniform_fan_in", uniform(func(in, _ float64) float64 { return 1 / (3 * in) })},
}

// Initializers returns the names that [NewInitializer] knows.
func Initializers() []string {
	var names []string
	for _, i := range initializers {
		names = append(names, i.name)
	}
	return names
}

// NewInitializer returns the initializer of that name, its weights multiplied
// by gain. An unknown name is an error that lists the known ones.
func NewInitializer(name string, gain float64) (Initializer, error) {
	for _, i := range initializers {
		if i.name != name {
			continue
		}
		return func(rng *rand.Rand, shape []int) []float32 {
			in, out := fans(shape)
			return scaled(i.draw(rng, in, out, shape), gain)
		}, nil
	}
	return nil, fmt.Errorf("unknown initializer %q; the known ones are %s", name, strings.Join(Initializers(), ", "))
}

// Stream returns the random numbers of one variable of a run. They depend on the
// seed and the path only.
func Stream(seed uint64, path string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(path))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// fans returns fan-in and fan-out of a weight. Its shape has two axes or more.
func fans(shape []int) (in, out float64) {
	field := 1
	for _, n := range shape[:len(shape)-2] {
		field *= n
	}
	return float64(field * shape[len(shape)-2]), float64(field * shape[len(shape)-1])
}

func scaled(xs []float64, gain float64) []float32 {
	ys := make([]float32, len(xs))
	for i, x := range xs {
		ys[i] = float32(gain * x)
	}
	return ys
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// uniform draws from U(±√(3·variance)).
func uniform(variance func(in, out float64) float64) func(*rand.Rand, float64, float64, []int) []float64 {
	return func(rng *rand.Rand, in, out float64, shape []int) []float64 {
		bound := math.Sqrt(3 * variance(in, out))
		xs := make([]float64, size(shape))
		for i := range xs {
			xs[i] = bound * (2*rng.Float64() - 1)
		}
		return xs
	}
}

// normal draws from N(0, variance).
func normal(variance func(in, out float64) float64) func(*rand.Rand, float64, float64, []int) []float64 {
	return func(rng *rand.Rand, in, out float64, shape []int) []float64 {
		std := math.Sqrt(variance(in, out))
		xs := make([]float64, size(shape))
		for i := range xs {
			xs[i] = std * rng.NormFloat64()
		}
		return xs
	}
}

// orthogonal draws a matrix with orthonormal columns, or orthonormal rows if it is
// wider than tall, uniformly over all such matrices. It is Q of a Gaussian
// matrix's QR decomposition, with the signs fixed by R's diagonal (Mezzadri 2007,
// arXiv:math-ph/0609050). All axes before the last count as rows.
func orthogonal(rng *rand.Rand, _, _ float64, shape []int) []float64 {
	cols := shape[len(shape)-1]
	rows := size(shape) / cols
	tall, narrow := max(rows, cols), min(rows, cols)
	gauss := mat.NewDense(tall, narrow, nil)
	for i := range tall {
		for j := range narrow {
			gauss.Set(i, j, rng.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(gauss)
	var q, r mat.Dense
	qr.QTo(&q)
	qr.RTo(&r)
	xs := make([]float64, rows*cols)
	for i := range tall {
		for j := range narrow {
			x := math.Copysign(1, r.At(j, j)) * q.At(i, j)
			if rows >= cols {
				xs[i*cols+j] = x
			} else {
				xs[j*cols+i] = x
			}
		}
	}
	return xs
}
