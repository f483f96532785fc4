package vgrad

import (
	"fmt"
	"math"
	"math/bits"
)

// Zero is what a number is set to that is really zero where 0 would stand for the
// default: Experiment{Gain: vgrad.Zero} starts with all weights at zero. In
// variants and in JSON a written zero is meant as such: "gain=0".
var Zero = math.Copysign(0, -1)

// unbounded is the lower bound of what may be any finite number.
var unbounded = math.Inf(-1)

// atLeastOne reports a count that is none.
func atLeastOne(name string, n int) error { return atLeast(1, name, n) }

// atLeast reports a count that is too small.
func atLeast(least int, name string, n int) error {
	if n < least {
		return fmt.Errorf("%s is %d; it must be at least %d", name, n, least)
	}
	return nil
}

// finite reports a number that is not finite or below a bound.
func finite(name string, x, bound float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) || x < bound {
		return fmt.Errorf("%s is %v; it must be a finite number%s", name, x, atOrAbove(bound, "at least"))
	}
	return nil
}

// above reports a number that is not finite or not above a bound.
func above(name string, x, bound float64) error {
	if finite(name, x, bound) != nil || x == bound {
		return fmt.Errorf("%s is %v; it must be a finite number%s", name, x, atOrAbove(bound, "above"))
	}
	return nil
}

func atOrAbove(bound float64, word string) string {
	if math.IsInf(bound, -1) {
		return ""
	}
	return fmt.Sprintf(" %s %v", word, bound)
}

// mostWork bounds products and sums of costs, so that a sum over a sweep of
// MaxSweep experiments does not overflow.
const mostWork = 1 << 45

// product multiplies counts, none of them below 0, up to mostWork.
func product(factors ...int) uint64 {
	p := uint64(1)
	for _, f := range factors {
		high, low := bits.Mul64(p, uint64(max(0, f)))
		if p = low; high > 0 || low > mostWork {
			p = mostWork
		}
	}
	return p
}

// sum adds costs up to mostWork.
func sum(terms ...uint64) uint64 {
	s := uint64(0)
	for _, t := range terms {
		s = min(mostWork, s+min(mostWork, t))
	}
	return s
}
