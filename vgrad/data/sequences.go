package data

import "math/rand/v2"

const (
	sequencesTrain = 20_000
	sequencesValid = 1000
	sequencesSeed  = 20260102
	// longest bounds the length of sequences: 20,000 of that length take up to 200 MB.
	longest = 1000
)

// sequences makes the training and the validation part of a set of sequences. The
// function of draws one example.
func sequences(s *Set, of func(rng *rand.PCG, into *Split)) *Set {
	rng := rand.NewPCG(sequencesSeed, uint64(s.Input[0]))
	s.Train, s.Validation = Split{Examples: sequencesTrain}, Split{Examples: sequencesValid}
	s.Features = s.Input[0] * s.Input[1]
	for _, part := range []*Split{&s.Train, &s.Validation} {
		for range part.Examples {
			of(rng, part)
		}
	}
	s.Sum = contentSum(s)
	return s
}

// oneHot appends a symbol of n as n bytes, of which one is 255: the network sees a 1.
func oneHot(to []uint8, symbol, n int) []uint8 {
	for i := range n {
		x := uint8(0)
		if i == symbol {
			x = 255
		}
		to = append(to, x)
	}
	return to
}
