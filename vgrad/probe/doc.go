// Package probe computes quantities inside the training step's graph: one
// quantity a file, each a function from a layer's nodes to a scalar.
//
// It stands between the network and the meter. A [Probe] says at which sites its
// quantity is measured, and how; a [View] holds the tensors of one site in one
// step. The package knows nothing of schedules, rows or sinks. To add a quantity,
// add a file with its formula, its line among the probes, and its line in vgrad's
// catalogue; from another module, call [Register].
//
// A [Formula] lists the sums that a quantity needs and computes the value from
// them. The sums of all quantities of a site are taken in one operation. Values
// are squared in float64, because in float32 the squares of gradients below 1e-19
// would be zero.
package probe
