package nets

import (
	"fmt"
	"math"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// Activation is a function applied to each pre-activation z, with its derivative.
type Activation struct {
	Name string
	// Apply returns a = φ(z), in the shape of z.
	Apply func(z *Node) *Node
	// Slope returns φ′(z), given z and a = φ(z), in the shape of z.
	Slope func(z, a *Node) *Node
	// MaxSlope is sup |φ′|. Zero: not known.
	MaxSlope float64
	// lanes are the names of each lane's activation. Nil: all have Name.
	lanes []string
}

// InLane is the name of the activation that a lane has.
func (a Activation) InLane(lane int) string {
	if a.lanes == nil {
		return a.Name
	}
	return a.lanes[lane]
}

// Constants of SELU: Klambauer et al. 2017, arXiv:1706.02515, equation 14.
const (
	seluAlpha = 1.6732632423543772
	seluScale = 1.0507009873554805
)

// activations lists the activations by name; slope is that of leaky ReLU below zero.
var activations = []struct {
	name string
	make func(slope float64) Activation
}{
	{"identity", func(float64) Activation { return Activation{Apply: itself, Slope: one, MaxSlope: 1} }},
	{"sigmoid", func(float64) Activation {
		return Activation{Apply: Sigmoid, MaxSlope: 0.25,
			Slope: func(_, a *Node) *Node { return Mul(a, OneMinus(a)) }}
	}},
	{"tanh", func(float64) Activation {
		return Activation{Apply: Tanh, MaxSlope: 1,
			Slope: func(_, a *Node) *Node { return OneMinus(Square(a)) }}
	}},
	{"relu", func(float64) Activation { return leaky(0) }},
	{"leaky_relu", leaky},
	{"elu", func(float64) Activation { return exponential(1, 1) }},
	{"selu", func(float64) Activation { return exponential(seluScale, seluAlpha) }},
	{"gelu", func(float64) Activation {
		return Activation{MaxSlope: 1.1289041,
			Apply: func(z *Node) *Node { return Mul(z, normalCDF(z)) },
			Slope: func(z, _ *Node) *Node { return Add(normalCDF(z), Mul(z, normalPDF(z))) }}
	}},
	{"softplus", func(float64) Activation {
		return Activation{Apply: softplus, MaxSlope: 1,
			Slope: func(z, _ *Node) *Node { return Sigmoid(z) }}
	}},
	{"silu", func(float64) Activation {
		return Activation{MaxSlope: 1.0998393,
			Apply: func(z *Node) *Node { return Mul(z, Sigmoid(z)) },
			Slope: func(z, a *Node) *Node {
				s := Sigmoid(z)
				return Add(s, Mul(a, OneMinus(s)))
			}}
	}},
}

// Activations returns the names that [NewActivation] knows.
func Activations() []string {
	var names []string
	for _, a := range activations {
		names = append(names, a.name)
	}
	return names
}

// NewActivation returns the activation of that name. Slope is the slope of
// leaky ReLU below zero; the others have none. An unknown name is an error
// that lists the known ones.
func NewActivation(name string, slope float64) (Activation, error) {
	for _, a := range activations {
		if a.name == name {
			act := a.make(slope)
			act.Name = name
			return act, nil
		}
	}
	return Activation{}, fmt.Errorf("unknown activation %q; the known ones are %s", name, strings.Join(Activations(), ", "))
}

// MustActivation is NewActivation for names known to be right; it panics on others.
func MustActivation(name string, slope float64) Activation {
	a, err := NewActivation(name, slope)
	if err != nil {
		panic(err)
	}
	return a
}

// itself is the identity; GoMLX's own Identity has no gradient.
func itself(z *Node) *Node { return z }

// one is the slope of the identity.
func one(z, _ *Node) *Node { return OnesLike(z) }

// leaky is max(z, 0) + slope·min(z, 0); ReLU where the slope is 0.
func leaky(slope float64) Activation {
	return Activation{MaxSlope: max(1, math.Abs(slope)),
		Apply: func(z *Node) *Node {
			return Where(positive(z), z, MulScalar(z, slope))
		},
		Slope: func(z, _ *Node) *Node {
			return Where(positive(z), OnesLike(z), MulScalar(OnesLike(z), slope))
		}}
}

// exponential is scale·z above zero and scale·α(eᶻ − 1) below: ELU (Clevert
// et al. 2015, arXiv:1511.07289) and SELU.
func exponential(scale, alpha float64) Activation {
	return Activation{MaxSlope: scale * max(1, alpha),
		Apply: func(z *Node) *Node {
			below := MulScalar(MinusOne(Exp(negativePart(z))), alpha)
			return MulScalar(Where(positive(z), z, below), scale)
		},
		Slope: func(z, _ *Node) *Node {
			below := MulScalar(Exp(negativePart(z)), alpha)
			return MulScalar(Where(positive(z), OnesLike(z), below), scale)
		}}
}

func positive(z *Node) *Node { return GreaterThan(z, ZerosLike(z)) }

// negativePart is z where z is not positive, else 0. It keeps the exponential from
// overflowing where the other branch is taken; there the gradient would be Inf·0.
// Min would give the same values but another gradient at 0.
func negativePart(z *Node) *Node { return Where(positive(z), ZerosLike(z), z) }

// softplus is log(1 + eᶻ), in the form that does not overflow.
func softplus(z *Node) *Node {
	return Add(Max(z, ZerosLike(z)), Log1p(Exp(Neg(Abs(z)))))
}

// normalCDF is Φ(z) = ½(1 + erf(z/√2)).
func normalCDF(z *Node) *Node {
	return MulScalar(OnePlus(Erf(MulScalar(z, math.Sqrt2/2))), 0.5)
}

// normalPDF is exp(−z²/2)/√2π.
func normalPDF(z *Node) *Node {
	return MulScalar(Exp(MulScalar(Square(z), -0.5)), 1/math.Sqrt(2*math.Pi))
}
