package reference

import (
	"fmt"
	"math"
	"strings"
)

// Activation is a function φ: ℝ → ℝ applied to each pre-activation.
type Activation struct {
	Name string
	F    func(x float64) float64 // φ
	D    func(x float64) float64 // φ′; at a kink the derivative from the left
	Sup  float64                 // sup |φ′| over the real line
}

// The constants of SELU: Klambauer et al. 2017, arXiv:1706.02515, equation 14.
const (
	seluAlpha  = 1.6732632423543772848170429916717
	seluLambda = 1.0507009873554804934193349852946
)

// siluSup is the maximum of SiLU's derivative. It is at x = 2.3993572805…, the solution
// of x·tanh(x/2) = 2.
const siluSup = 1.09983932012886692

// Activations lists all activations in a fixed order. The slope is that of leaky ReLU
// below zero; the others ignore it.
func Activations(slope float64) []Activation {
	return []Activation{
		{"identity", identity, func(float64) float64 { return 1 }, 1},
		{"sigmoid", sigmoid, func(x float64) float64 { return sigmoid(x) * sigmoid(-x) }, 0.25},
		{"tanh", math.Tanh, func(x float64) float64 { return 1 / (math.Cosh(x) * math.Cosh(x)) }, 1},
		{"relu", func(x float64) float64 { return max(x, 0) }, func(x float64) float64 { return pick(x, 1, 0) }, 1},
		{"leaky_relu", func(x float64) float64 { return pick(x, x, slope*x) }, func(x float64) float64 { return pick(x, 1, slope) }, max(1, math.Abs(slope))},
		exponential("elu", 1, 1),
		exponential("selu", seluLambda, seluAlpha),
		{"gelu", gelu, geluD, normalCDF(math.Sqrt2) + math.Sqrt2*normalPDF(math.Sqrt2)}, // φ″ = (2 − x²)·pdf is 0 at √2: 1.1289
		{"softplus", softplus, sigmoid, 1},
		{"silu", func(x float64) float64 { return x * sigmoid(x) }, siluD, siluSup},
	}
}

// ActivationNames lists the names of Activations in the same order.
func ActivationNames() []string {
	var names []string
	for _, a := range Activations(0) {
		names = append(names, a.Name)
	}
	return names
}

// ActivationByName returns the activation of that name. For an unknown name its error
// lists the known ones.
func ActivationByName(name string, slope float64) (Activation, error) {
	for _, a := range Activations(slope) {
		if a.Name == name {
			return a, nil
		}
	}
	return Activation{}, fmt.Errorf("reference: unknown activation %q; the known ones are %s", name, strings.Join(ActivationNames(), ", "))
}

func identity(x float64) float64 { return x }

// pick is above for x > 0 and below otherwise; a NaN stays one.
func pick(x, above, below float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case x > 0:
		return above
	}
	return below
}

// exponential is λx above zero and λα(eˣ−1) below. Its derivative is λ above;
// below it rises to λα at zero.
func exponential(name string, lambda, alpha float64) Activation {
	return Activation{
		Name: name,
		F:    func(x float64) float64 { return pick(x, lambda*x, lambda*alpha*math.Expm1(x)) },
		D:    func(x float64) float64 { return pick(x, lambda, lambda*alpha*math.Exp(x)) },
		Sup:  lambda * max(1, alpha),
	}
}

// sigmoid is 1/(1+e⁻ˣ), in two forms so that large |x| neither overflow nor lose digits.
func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	return math.Exp(x) / (1 + math.Exp(x))
}

// softplus is ln(1+eˣ).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// siluD is the derivative of x·σ(x): σ + xσ(1−σ).
func siluD(x float64) float64 { return sigmoid(x) * (1 + x*sigmoid(-x)) }

// gelu is x·Φ(x), the exact form: Hendrycks & Gimpel 2016, arXiv:1606.08415.
func gelu(x float64) float64 { return x * normalCDF(x) }

// geluD is Φ(x) + x·pdf(x).
func geluD(x float64) float64 { return normalCDF(x) + x*normalPDF(x) }

// normalCDF and normalPDF are those of the standard normal distribution.
func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
func normalPDF(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }
