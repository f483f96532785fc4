package chart

import (
	"math"
	"slices"
)

var nan = math.NaN()

// evenly returns up to n of the steps in ascending order, evenly spaced by their
// index. The first and the last step are among them. steps may be unsorted and may
// have duplicates. n is at least 2.
func evenly(steps []int, n int) []int {
	steps = slices.Compact(slices.Sorted(slices.Values(steps)))
	if len(steps) <= n {
		return steps
	}
	var picked []int
	for i := range n {
		picked = append(picked, steps[int(math.Round(float64(i)*float64(len(steps)-1)/float64(n-1)))])
	}
	return picked
}
