package data

import (
	"math"
	"math/rand/v2"
)

const (
	orderMarked      = 3 // symbols X or Y in a sequence, so that there are 2³ classes
	orderDistractors = 4
)

// TemporalOrder returns the temporal order problem with three symbols (Hochreiter and
// Schmidhuber 1997, experiment 6b): 20,000 sequences for training, 1,000 for validation.
// A sequence is of distractors a, b, c, d, drawn evenly, and of three symbols, each X or Y.
// They are in the second, the fifth and the eighth tenth of the sequence. The class,
// one of eight, says which they were in their order. Symbols are coded one-hot, X and Y first.
//
// The paper has a symbol B at the end and lengths that vary; here the length is fixed and
// the answer is asked for after the last time step. Guessing has a loss of ln 8 and is right
// an eighth of the time.
func TemporalOrder(length int) (*Set, error) {
	const codes, classes = 2 + orderDistractors, 1 << orderMarked
	s := &Set{Name: "order", Input: []int{length, codes}, Classes: classes, Outputs: classes, Loss: CrossEntropy, GuessLoss: math.Log(classes)}
	return sequences(s, func(rng *rand.PCG, into *Split) {
		class := int(uniform(rng, classes))
		at := map[int]int{} // symbol at a time step
		for i := range orderMarked {
			from, to := length*(3*i+1)/10, length*(3*i+2)/10
			at[from+int(uniform(rng, uint64(to-from)))] = class >> (orderMarked - 1 - i) & 1
		}
		for t := range length {
			distractor := 2 + int(uniform(rng, orderDistractors))
			if symbol, marked := at[t]; marked {
				distractor = symbol
			}
			into.Images = oneHot(into.Images, distractor, codes)
		}
		into.Labels = append(into.Labels, uint8(class))
	}), nil
}
