package data

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
)

// Shuffle says which examples the steps of a training see: one permutation of all
// examples after another, an epoch each, cut into batches. Within an epoch no example
// comes twice.
//
// A batch that reaches past the end of an epoch takes the rest of it and is filled
// from the next one, freshly shuffled, as the reader that the article used does
// (TensorFlow 1, DataSet.next_batch). So every batch is full, and only a batch that
// lies across two epochs can hold an example twice.
//
// The order depends on the number of examples and the seed alone: not on the batch,
// the platform or how the indices are asked for.
type Shuffle struct {
	batch int
	at    int // in order, of the next example
	order []int32
	rng   *rand.PCG
}

// shuffleStream sets the shuffle's random numbers apart from any others drawn from
// the same seed (π's first bits).
const shuffleStream = 0x3243f6a8885a308d

// Batches returns the order in which n examples are seen in batches of the given size.
// It fails where the batch is below 1 or larger than n.
func Batches(n, batch int, seed uint64) (*Shuffle, error) {
	if err := checkBatch(n, batch); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	s := &Shuffle{batch: batch, order: make([]int32, n), rng: rand.NewPCG(seed, shuffleStream)}
	for i := range s.order {
		s.order[i] = int32(i)
	}
	s.reshuffle()
	return s, nil
}

// Next returns the indices of the next batch, [batch]. The slice is the caller's.
func (s *Shuffle) Next() []int32 {
	dst := make([]int32, s.batch)
	s.Fill(dst)
	return dst
}

// Fill writes the next len(dst) indices: with dst of [k, batch] those of the next k
// steps, for a loop on the device.
func (s *Shuffle) Fill(dst []int32) {
	for len(dst) > 0 {
		n := copy(dst, s.rest())
		s.at += n
		dst = dst[n:]
	}
}

// Skip passes over the next k batches, as k calls of Next would.
func (s *Shuffle) Skip(k int) {
	for left := k * s.batch; left > 0; {
		n := min(left, len(s.rest()))
		s.at += n
		left -= n
	}
}

// rest returns what is left of the epoch, of the next one where nothing is.
func (s *Shuffle) rest() []int32 {
	if s.at == len(s.order) {
		s.reshuffle()
	}
	return s.order[s.at:]
}

// reshuffle starts an epoch: Fisher and Yates' shuffle of the last one's order.
func (s *Shuffle) reshuffle() {
	for i := len(s.order) - 1; i > 0; i-- {
		j := uniform(s.rng, uint64(i+1))
		s.order[i], s.order[j] = s.order[j], s.order[i]
	}
	s.at = 0
}

// uniform draws from [0, n) without bias (Lemire 2019, doi:10.1145/3230636).
// rand.Rand's own methods may take other paths on 32-bit platforms; this one does not.
func uniform(rng *rand.PCG, n uint64) uint64 {
	for {
		high, low := bits.Mul64(rng.Uint64(), n)
		if low >= n || low >= -n%n {
			return high
		}
	}
}
