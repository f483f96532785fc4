package data

import "math/rand/v2"

// Adding returns the adding problem (Hochreiter and Schmidhuber 1997, experiment 4, in
// the form of Le et al. 2015): 20,000 sequences for training, 1,000 for validation. At
// each time step there are a number from [0, 1) and a mark, 0 or 1. One mark of 1 is in
// the first half of the sequence and one in the second. The target is the sum of the two
// marked numbers.
//
// The mean squared error of always answering 1 is 1/6, which is [Set.GuessLoss] up to the
// draw. Below a tenth of that, 0.0167, the network has used both numbers: with one of the
// two alone, 1/12 = 0.083 is left.
func Adding(length int) (*Set, error) {
	s := &Set{Name: "adding", Input: []int{length, 2}, Outputs: 1, Loss: MeanSquaredError}
	sequences(s, func(rng *rand.PCG, into *Split) {
		first := int(uniform(rng, uint64(length/2)))
		second := length/2 + int(uniform(rng, uint64(length-length/2)))
		target := float32(0)
		for t := range length {
			x := float32(rng.Uint64()>>48) / (1 << 16)
			mark := float32(0)
			if t == first || t == second {
				mark = 1
				target += x
			}
			into.Numbers = append(into.Numbers, x, mark)
		}
		into.Targets = append(into.Targets, target)
	})
	y := make([]float64, s.Train.Len())
	for i, t := range s.Train.Targets {
		y[i] = float64(t)
	}
	_, s.GuessLoss = moments(y)
	return s, nil
}
