// Package reference computes the measured quantities a second time, in plain Go and
// float64, so that tests can compare them with an independent computation. It shares only
// the names in package vgrad with the GoMLX implementation, and no code. It prefers
// formulas that can be checked against a textbook to speed.
//
//	reference.Net → Forward → Backward → Measure        one step's quantities
//	reference.Train                                     the same for many steps
//	reference.Initializer                               what initial weights must look like
//	reference.MeanField                                 what theory predicts for very wide layers
//
// Matrices are flat slices in row-major order, like the data of a GoMLX tensor. W[l] has
// the shape [fan-in, fan-out], and a batch [examples, features]. Layers count from 1, and
// the layer of logits is the last. Slices with one entry a layer are indexed by layer-1.
//
// Derivatives at a kink may differ from other code. Here they are those from the left, as
// in TensorFlow: φ′(0) = 0 for ReLU. GoMLX's Max and LeakyReluWith take those from the
// right: φ′(0) = 1.
package reference
