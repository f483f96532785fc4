package data

import (
	"context"
	"math"
	"math/rand/v2"
)

const (
	syntheticSide    = 8
	syntheticClasses = 10
	syntheticTrain   = 2000
	syntheticValid   = 500
	syntheticSeed    = 20260101
)

// Synthetic returns a small set for quick tests: ten classes of 8×8 images, 2,000 for
// training and 500 for validation, with the same number of each class. A class is a
// pattern of three blobs. An image is the pattern of its class moved by up to one pixel,
// with noise. A small network learns the set in a few hundred steps.
//
// It is drawn from a fixed seed with integer arithmetic, so it is the same everywhere.
// It needs no file and never fails.
func Synthetic(context.Context) (*Set, error) {
	rng := rand.NewPCG(syntheticSeed, 0)
	patterns := make([][]int, syntheticClasses)
	for c := range patterns {
		patterns[c] = blobs(rng)
	}
	set := &Set{
		Name:       "synthetic",
		Train:      drawSplit(rng, patterns, syntheticTrain),
		Validation: drawSplit(rng, patterns, syntheticValid),
		Input:      []int{syntheticSide, syntheticSide, 1},
		Features:   syntheticSide * syntheticSide,
		Classes:    syntheticClasses,
		Outputs:    syntheticClasses,
		Loss:       CrossEntropy,
		GuessLoss:  math.Log(syntheticClasses),
	}
	set.Sum = contentSum(set)
	return set, nil
}

// drawSplit draws n images; the classes take turns.
func drawSplit(rng *rand.PCG, patterns [][]int, n int) Split {
	var s Split
	for i := range n {
		class := i % len(patterns)
		s.Labels = append(s.Labels, uint8(class))
		s.Images = append(s.Images, drawImage(rng, patterns[class])...)
	}
	return s
}

// blobs draws a pattern of three pyramids, [side, side], with values from 0 to 200.
func blobs(rng *rand.PCG) []int {
	pattern := make([]int, syntheticSide*syntheticSide)
	for range 3 {
		cx, cy := 1+int(uniform(rng, syntheticSide-2)), 1+int(uniform(rng, syntheticSide-2))
		for i := range pattern {
			distance := max(abs(i%syntheticSide-cx), abs(i/syntheticSide-cy))
			pattern[i] = max(pattern[i], 200-80*distance)
		}
	}
	return pattern
}

// drawImage moves the pattern and adds noise, a sum of two uniform numbers from -40 to 40.
func drawImage(rng *rand.PCG, pattern []int) []uint8 {
	dx, dy := int(uniform(rng, 3))-1, int(uniform(rng, 3))-1
	image := make([]uint8, len(pattern))
	for i := range image {
		x, y := i%syntheticSide+dx, i/syntheticSide+dy
		value := int(uniform(rng, 41)) + int(uniform(rng, 41)) - 40
		if 0 <= x && x < syntheticSide && 0 <= y && y < syntheticSide {
			value += pattern[y*syntheticSide+x]
		}
		image[i] = uint8(min(max(value, 0), 255))
	}
	return image
}

func abs(x int) int { return max(x, -x) }
