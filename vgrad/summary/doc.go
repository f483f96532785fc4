// Package summary condenses runs to the numbers that are compared: the factor
// by which the gradient vanishes, and the spread of repetitions. It also thins
// a run's curves to the points that a figure can show. It reads runs, and
// figures read it:
//
//	run store → summary → figures
//
// The whole module uses these definitions of "factor" and "10–90 %".
//
//	f, err := summary.Factor(run)                // mean |∂L/∂W| of the last layer over the first
//	s := summary.SpreadOf(factors)               // "38 (26–48)"
//	small := summary.Condense(run, vgrad.MeanAbsGrad)  // a source of some kilobytes
package summary
