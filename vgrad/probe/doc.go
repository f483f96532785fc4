// Package probe computes quantities inside the training step's graph: one
// quantity a file, each a function from a layer's nodes to a scalar.
//
// It stands between the network and the samples: the engine asks it for the
// node of each quantity it records and knows nothing of their formulas; the
// package knows nothing of where samples go. To add a quantity, add a file
// with its formula, a line in [weightProbes] or [unitProbes], and a line in
// vgrad's catalogue.
//
// A formula names the sums it needs and what becomes of them; those of all
// quantities of a site are taken at once. What is squared is squared in float64,
// so that norms of gradients near 1e-33 come out right.
package probe
