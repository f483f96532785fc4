// Package summary condenses runs to what is compared between them: the factor
// by which the gradient vanishes, the spread of repetitions, and of a run's
// curves as much as a figure can show. It stands between runs and figures:
//
//	run store → summary → figures
//
// Whatever says "factor" or "10–90 %" in this module means what is defined
// here.
//
//	f, err := summary.Factor(run)                // mean |∂L/∂W| of the last layer over the first
//	s := summary.SpreadOf(factors)               // "38 (26–48)"
//	small := summary.Condense(run, vgrad.MeanAbsGrad)  // a source of some kilobytes
package summary
