// Package session knows what a notebook has defined, and makes a program of a cell.
//
// A plain cell is Go statements, declarations, imports and a last expression in any
// mix. The package splits it, type-checks it against export data and what earlier
// cells defined, and writes the program that GoNB compiles and runs; package keep,
// inside that program, carries the values from cell to cell.
//
//	cell → split → resolve → type-check → program → GoNB → kept values → next cell
//
//	s := session.New(session.Options{Dir: dir, Modules: work.Folders, GoRoot: work.GoRoot})
//	go s.Warm(ctx)
//	p, err := s.Translate(3, "x := 42\nx + 1") // err: a *CellError for the reader
//	// … run p.Source …
//	s.Finish(p)
//
// What is wrong with a cell is told in the reader's own lines, before anything is built:
// see [CellError].
package session
