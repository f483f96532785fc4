// Package sweep shows the results of a sweep: it reads the recorded runs and
// makes a table and figures that summarize them over seeds. It condenses each
// run before it reads the next. It trains nothing.
//
//	run store → summary → sweep → table, figures → page, cell
//
//	s := vgrad.Sweep{Over: []string{"depth=2,6,12", "sigmoid,relu", "seed=0..9"}}
//	es, err := s.Experiments()
//	r, err := sweep.Read(ctx, store, s, es)
//	fmt.Println(r.Missing, r.Table())
package sweep
