package probe

import (
	"math"

	"github.com/vgrad/lab/vgrad"
	"gonum.org/v1/gonum/mat"
)

// spectralNorm is the largest singular value of W, [in, out]. It bounds by how much a
// product with W can stretch a vector. It is NaN if the decomposition does not converge
// or a weight is not finite.
func spectralNorm(values []float32, dims []int) float64 {
	w := mat.NewDense(dims[0], dims[1], nil)
	for i, x := range values {
		if v := float64(x); math.IsNaN(v) || math.IsInf(v, 0) {
			return math.NaN()
		}
		w.Set(i/dims[1], i%dims[1], float64(x))
	}
	var svd mat.SVD
	if !svd.Factorize(w, mat.SVDNone) {
		return math.NaN()
	}
	return svd.Values(nil)[0]
}

// recurrent reports whether a site has weights that multiply the layer's own state.
func recurrent(s vgrad.Site) bool { return s.Role == vgrad.RecurrentKernel }
