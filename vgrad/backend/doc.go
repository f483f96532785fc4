// Package backend chooses the backend that computes: XLA if a plugin is installed
// or can be fetched, else GoMLX's pure-Go backend.
//
// [Open] never panics. It always says in one line which backend it chose and why.
// If $GOMLX_BACKEND names a backend, Open uses that one or fails; it never uses
// another instead. The package knows nothing of networks or training.
package backend
