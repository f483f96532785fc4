package reference

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Optimizer turns gradients into updates, one parameter at a time.
type Optimizer struct {
	rule  rule
	lr    float64
	t     int
	slots [][][2]float64 // the state of every parameter: two numbers, zero at first
}

// rule returns the update of one parameter for a learning rate of 1. The step t counts
// from 1; slot is the state of the parameter.
type rule func(t int, g float64, slot *[2]float64) float64

// rules are the optimizers by name:
//
//	sgd       Δw = −lr·g
//	momentum  v = 0.9·v + g;  Δw = −lr·v
//	rmsprop   v = 0.9·v + 0.1·g²;  Δw = −lr·g/(√v + 1e-7)
//	adam      m = 0.9·m + 0.1·g;  v = 0.999·v + 0.001·g²;
//	          Δw = −lr·√(1−0.999ᵗ)/(1−0.9ᵗ)·m/(√v + 1e-8)
//
// Adam is in TensorFlow's form. Its ε is the "ε̂" at the end of section 2 of Kingma & Ba,
// arXiv:1412.6980. Their algorithm 1 is the same with ε = ε̂/√(1−β₂ᵗ). So an equal ε has
// more effect in the first steps here than there.
func rules() map[string]rule {
	return map[string]rule{"sgd": sgd, "momentum": momentum, "adam": adam, "rmsprop": rmsprop}
}

func sgd(_ int, g float64, _ *[2]float64) float64 { return -g }

func momentum(_ int, g float64, slot *[2]float64) float64 {
	slot[0] = 0.9*slot[0] + g
	return -slot[0]
}

func rmsprop(_ int, g float64, slot *[2]float64) float64 {
	slot[0] = 0.9*slot[0] + (1-0.9)*g*g
	return -g / (math.Sqrt(slot[0]) + 1e-7)
}

func adam(t int, g float64, slot *[2]float64) float64 {
	const beta1, beta2, epsilon = 0.9, 0.999, 1e-8
	slot[0] = beta1*slot[0] + (1-beta1)*g
	slot[1] = beta2*slot[1] + (1-beta2)*g*g
	scale := math.Sqrt(1-math.Pow(beta2, float64(t))) / (1 - math.Pow(beta1, float64(t)))
	return -scale * slot[0] / (math.Sqrt(slot[1]) + epsilon)
}

// OptimizerNames lists all optimizers in alphabetical order.
func OptimizerNames() []string { return slices.Sorted(maps.Keys(rules())) }

// NewOptimizer makes the optimizer of that name, at its first step. For an unknown name
// its error lists the known ones.
func NewOptimizer(name string, learningRate float64) (*Optimizer, error) {
	r, ok := rules()[name]
	if !ok {
		return nil, fmt.Errorf("reference: unknown optimizer %q; the known ones are %s", name, strings.Join(OptimizerNames(), ", "))
	}
	return &Optimizer{rule: r, lr: learningRate}, nil
}

// Updates takes the next step. It returns Δw, shaped like the gradients, which the caller
// adds to the parameters. Every call must have the same parameters in the same order.
func (o *Optimizer) Updates(grads [][]float64) [][]float64 {
	o.t++
	updates := make([][]float64, len(grads))
	for i, g := range grads {
		if o.t == 1 {
			o.slots = append(o.slots, make([][2]float64, len(g)))
		}
		updates[i] = make([]float64, len(g))
		for k, x := range g {
			updates[i][k] = o.lr * o.rule(o.t, x, &o.slots[i][k])
		}
	}
	return updates
}
