package vgrad

import (
	"fmt"
	"math"
	"math/bits"
)

// Zero sets a number to zero in a field where 0 would stand for the default:
// Experiment{Gain: vgrad.Zero} starts with all weights at zero. Variants and
// JSON do not need it: there a written zero is a zero, as in "gain=0".
var Zero = math.Copysign(0, -1)

// unbounded is the lower bound of a number that may have any finite value.
var unbounded = math.Inf(-1)

// atLeastOne reports a count below 1.
func atLeastOne(name string, n int) error { return atLeast(1, name, n) }

// atLeast reports a count that is too small.
func atLeast(least int, name string, n int) error {
	if n < least {
		return fmt.Errorf("%s is %d; it must be at least %d", name, n, least)
	}
	return nil
}

// finite reports a number that is below a bound or not finite.
func finite(name string, x, bound float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) || x < bound {
		return fmt.Errorf("%s is %v; it must be a finite number%s", name, x, atOrAbove(bound, "at least"))
	}
	return nil
}

// above reports a number that is at or below a bound, or not finite.
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

// maxWork is the largest cost of one experiment. It keeps the sum over a sweep
// of MaxSweep experiments from overflowing.
const maxWork = 1 << 45

// product multiplies counts and stops at maxWork. A negative count is 0.
func product(factors ...int) uint64 {
	p := uint64(1)
	for _, f := range factors {
		high, low := bits.Mul64(p, uint64(max(0, f)))
		if p = low; high > 0 || low > maxWork {
			p = maxWork
		}
	}
	return p
}

// sum adds costs and stops at maxWork.
func sum(terms ...uint64) uint64 {
	s := uint64(0)
	for _, t := range terms {
		s = min(maxWork, s+min(maxWork, t))
	}
	return s
}
