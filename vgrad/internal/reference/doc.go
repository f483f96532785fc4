// Package reference computes what the laboratory measures a second time, in
// plain Go and float64, so that tests have something independent to compare
// with. It shares no code with the GoMLX implementation, only the names in
// package vgrad, and favours formulas one can check against a textbook over
// speed.
//
//	reference.Net → Forward → Backward → Measure        one step's quantities
//	reference.Train                                     the same for many steps
//	reference.Initializer                               what initial weights must look like
//	reference.MeanField                                 what theory says of very wide layers
//
// Matrices are flat slices in row-major order, as a GoMLX tensor hands them
// out: W[l] has the shape [fan-in, fan-out], a batch [examples, features].
// Slices with one entry a layer are indexed by layer-1, layers counting from 1
// and the layer of logits being the last.
//
// What float32 code may differ in: at a kink the derivative is the one from
// the left, φ′(0) = 0 for ReLU, as TensorFlow has it; GoMLX's Max and
// LeakyReluWith take the one from the right, 1.
package reference
