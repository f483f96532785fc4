// Package serve is the kernel: it stands between Jupyter and GoNB.
//
//	Jupyter ⇄ serve.Kernel ⇄ a watcher ⇄ GoNB ⇄ the program of a cell
//
// Towards Jupyter it speaks the whole protocol. A cell goes to the [Session], which makes
// a program of it; GoNB compiles and runs that program, and what it shows is passed on as
// the cell's. What the program leaves in its exchange folder becomes the cell's result or
// its error.
//
//	k, err := serve.New(serve.Options{Connection: conn, GoNB: gonb, Watcher: self})
//	err = k.Run(ctx) // until Jupyter asks for the end
//
// JupyterLab's variable view is a part of its debugger. The kernel answers of the debugger
// what lists and shows variables, and refuses breakpoints: see debug.go. How notebooks run
// that were written for GoNB is in README.md.
//
// Nothing may be left of a kernel that was killed. GoNB therefore runs below a watcher,
// a process of this program that ends all that GoNB started and removes the session's
// folder when the kernel is gone; the kernel ends when Jupyter is gone; and a folder that
// all of them left is removed by the next kernel that starts.
package serve
