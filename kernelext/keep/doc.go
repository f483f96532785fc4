// Package keep runs in the program of a cell: it gives the cell the values of earlier
// cells, and leaves for the kernel what the cell defined, its result and its error.
//
// The kernel writes the calls; see package session. The program of the third cell,
// x := 2*y, is
//
//	var x, y int
//
//	func runCell() {
//		keep.Begin(keep.Cell{Number: 3})
//		defer keep.End()
//		keep.Load("y", &y)
//		keep.Ready()
//		keep.Statement(1)
//		x = 2 * y
//		keep.Define("x", &x)
//	}
//
// Values lie in the folder values of the session ($VGRAD_SESSION), one file for each group
// of variables that share memory. What the kernel is told lies in the folder cell:
// kept.json lists the variables, result.json is what the reader sees of the last
// expression, error.json is why the cell failed. Without a session nothing is kept, and
// results go to standard output.
//
// A value that cannot outlive the program, such as a channel, is not kept. kept.json then
// says why in words. [Keeper] and [Register] are for types that know better how they are
// kept.
//
// Values are kept at the end of the cell, and, as far as that takes little time, where a
// variable is defined and before each statement. A cell that is killed in a statement thus
// leaves what the statements before it made.
//
// The package imports little of the standard library, and nothing else: a cell that only
// prints is linked in a tenth of a second.
package keep
