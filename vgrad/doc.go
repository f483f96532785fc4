// Package vgrad is the vocabulary of the laboratory. It defines the types that
// all other packages share, and does no work of its own.
//
// Data flows one way:
//
//	experiment → network → training step with probes → rows → run store → findings, figures
//
// An [Experiment] says what is to be run: a [Network] of some family, its task, its
// stages. The model declares its sites, and each [Quantity] is measured at each
// [Site] that has it. A [Sink] is a run store or a live figure, for example. It
// receives the columns once, as a [Schema], and then rows of numbers. Findings and
// figures read single values, each a [Sample], from a [Source]. A source is a
// recorded run, a run in progress or an imported log.
//
// The zero Experiment is the article's: six dense layers of ten units with
// sigmoid activations, trained on MNIST by Adam for 2,500 steps of 30 images.
//
//	deep := vgrad.Experiment{Depth: 20, Width: 32, Activation: "tanh"} // the rest as in the article
package vgrad
