// Package sweep tells what a sweep gave: it reads its runs from the store, one
// at a time and condensed, and makes of them a table and figures over seeds.
// It trains nothing.
//
//	run store → summary → sweep → table, figures → page, cell
//
//	s := vgrad.Sweep{Over: []string{"depth=2,6,12", "sigmoid,relu", "seed=0..9"}}
//	es, err := s.Experiments()
//	r, err := sweep.Read(ctx, store, s, es)
//	fmt.Println(r.Missing, r.Table())
package sweep
