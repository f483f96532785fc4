package summary

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// Every is the distance in steps between the article's summaries. The article
// averages over its summaries, and this module averages over the same steps.
const Every = 200

// Gradient is mean |∂L/∂W| of a layer over a training.
type Gradient struct {
	Mean        float64 // over the steps that [Steps] returns, each on that step's batch
	First, Last float64 // at the first and the last of them
}

// Steps returns the steps over which the factor is averaged: step 0 and every
// 200th step after it. If one of them is not recorded, the next recorded step
// takes its place. recorded lists the recorded steps in ascending order.
func Steps(recorded []int) []int {
	var steps []int
	goal := 0
	for _, step := range recorded {
		if step >= goal {
			steps = append(steps, step)
			goal = step - step%Every + Every
		}
	}
	return steps
}

// GradientOf returns the gradient of a layer. Layers count from 1. It fails if
// mean |∂L/∂W| of that layer is not recorded from step 0 on.
func GradientOf(src vgrad.Source, layer int) (Gradient, error) {
	var g Gradient
	n := 0.0
	steps, values := vgrad.Series(src, vgrad.MeanAbsGrad, layer)
	wanted := Steps(steps)
	for i, step := range steps {
		if len(wanted) == 0 || step != wanted[0] || steps[0] != 0 {
			continue
		}
		wanted = wanted[1:]
		if g.Last = values[i]; n == 0 {
			g.First = g.Last
		}
		g.Mean += g.Last
		n++
	}
	if n == 0 {
		return g, fmt.Errorf("%s of layer %d is not recorded from step 0 on", vgrad.MeanAbsGrad, layer)
	}
	g.Mean /= n
	return g, nil
}

// Factor is the article's measure of vanishing: the mean gradient of the last
// layer divided by that of the first. It is 1 if nothing vanishes, infinite if
// only the first layer's gradient is 0, and NaN if a gradient was NaN. It fails
// as [GradientOf] does.
func Factor(src vgrad.Source) (float64, error) {
	first, err := GradientOf(src, 1)
	if err != nil {
		return 0, err
	}
	last, err := GradientOf(src, max(1, vgrad.Depth(src)))
	return last.Mean / first.Mean, err
}
