// Package vgrad is the vocabulary of the laboratory: the words that every
// other package shares and nothing that acts on them.
//
// Data flows one way:
//
//	experiment → network → training step with probes → samples → run store → findings, figures
//
// An [Experiment] says what is to be run. While it runs, each [Quantity] is
// measured at each [Site] of the network; one measured value is a [Sample].
// Training hands samples to a [Sink] (a run store, a progress bar) and knows
// none of them; findings and figures read samples from a [Source] (a
// recorded run, a run still going) and know none of those either.
//
// The zero Experiment is the article's: six dense layers of ten units with
// sigmoid activations, trained on MNIST by Adam for 2,500 steps of 30 images.
//
//	deep := vgrad.Experiment{Depth: 20, Width: 32, Activation: "tanh"} // the rest as in the article
package vgrad
