package chart

import (
	"math"
	"slices"
)

var nan = math.NaN()

// evenly picks up to n of the steps, evenly spaced by position, the first and
// the last among them. Steps may repeat and need no order.
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
