package data

import (
	"math"
	"math/rand/v2"
)

const (
	copied      = 10 // symbols to be repeated
	copySymbols = 8  // of which these are drawn
)

// CopyMemory returns the copy memory problem (Hochreiter and Schmidhuber 1997, in the
// form of Arjovsky et al. 2016, arXiv:1511.06464): 20,000 sequences for training, 1,000
// for validation. Ten symbols out of eight kinds are shown first. Then there is nothing for
// length − 1 time steps. Then comes a mark. From its time step on, the network has to
// give the ten symbols back in their order, one a step. Symbols are coded one-hot, with
// "nothing" and the mark as the ninth and the tenth. A sequence has length + 20 − 1 time steps.
//
// Of each sequence ten answers are asked for ([Set.Answers]), those of the last ten time
// steps. Without memory the loss is ln 8 = 2.08 and an eighth of the answers is right.
func CopyMemory(length int) (*Set, error) {
	const blank, mark, codes = copySymbols, copySymbols + 1, copySymbols + 2
	s := &Set{Name: "copy", Input: []int{length + 2*copied - 1, codes}, Classes: copySymbols, Answers: copied,
		Outputs: copied * copySymbols, Loss: CrossEntropy, GuessLoss: math.Log(copySymbols)}
	return sequences(s, func(rng *rand.PCG, into *Split) {
		for range copied {
			symbol := int(uniform(rng, copySymbols))
			into.Images = oneHot(into.Images, symbol, codes)
			into.Labels = append(into.Labels, uint8(symbol))
		}
		for range length - 1 {
			into.Images = oneHot(into.Images, blank, codes)
		}
		into.Images = oneHot(into.Images, mark, codes)
		for range copied - 1 {
			into.Images = oneHot(into.Images, blank, codes)
		}
	}), nil
}
