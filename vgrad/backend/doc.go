// Package backend chooses what computes: XLA where a plugin is installed or
// can be, GoMLX's pure-Go backend otherwise.
//
// [Open] never panics and always says in one line which backend it chose and
// why. $GOMLX_BACKEND is honoured: what it names is used or refused, never
// replaced. The package knows nothing of networks or training.
package backend
