// Package probe computes quantities inside the training step's graph: one
// quantity a file, each a function from a layer's nodes to a scalar.
//
// It stands between the network and the meter. A [Probe] says at which sites its
// quantity is measured, and how; a [View] is what it sees of one site in one
// step. The package knows nothing of cadences, rows or sinks. To add a quantity,
// add a file with its formula, its line among the probes, and its line in vgrad's
// catalogue; from another module, call [Register].
//
// A [Formula] names the sums it needs and what becomes of them. The sums of all
// quantities of a site are taken at once. Values are squared in float64, so that
// norms of gradients near 1e-33 come out right.
package probe
