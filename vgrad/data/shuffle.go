package data

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
)

// Shuffle says which examples the steps of a training see. Each epoch is a random
// permutation of all examples, and the epochs are cut into batches one after another.
// Within an epoch no example comes twice.
//
// A batch at the end of an epoch takes the examples that are left and is filled up from
// the next epoch. The article's reader did the same (TensorFlow 1, DataSet.next_batch).
// So every batch is full, and only a batch of two epochs can hold an example twice.
//
// The order depends only on the number of examples and the seed. It does not depend on
// the batch size, the platform or the calls that return the indices.
type Shuffle struct {
	batch int
	at    int // in order, of the next example
	order []int32
	rng   *rand.PCG
}

// shuffleStream separates the shuffle's random numbers from any others that are drawn
// from the same seed. Its value is the first bits of π.
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

// Fill writes the next len(dst) indices. If dst is [k, batch], these are the indices of
// the next k steps, for a loop on the device.
func (s *Shuffle) Fill(dst []int32) {
	for len(dst) > 0 {
		n := copy(dst, s.rest())
		s.at += n
		dst = dst[n:]
	}
}

// Skip skips the next k batches, as k calls of Next would.
func (s *Shuffle) Skip(k int) {
	for left := k * s.batch; left > 0; {
		n := min(left, len(s.rest()))
		s.at += n
		left -= n
	}
}

// rest returns the examples that are left of the epoch. If none are, it starts the next.
func (s *Shuffle) rest() []int32 {
	if s.at == len(s.order) {
		s.reshuffle()
	}
	return s.order[s.at:]
}

// reshuffle starts an epoch by a Fisher–Yates shuffle of the previous order.
func (s *Shuffle) reshuffle() {
	for i := len(s.order) - 1; i > 0; i-- {
		j := uniform(s.rng, uint64(i+1))
		s.order[i], s.order[j] = s.order[j], s.order[i]
	}
	s.at = 0
}

// uniform draws from [0, n) without bias (Lemire 2019, doi:10.1145/3230636).
// The methods of rand.Rand may draw other numbers on 32-bit platforms; this one does not.
func uniform(rng *rand.PCG, n uint64) uint64 {
	for {
		high, low := bits.Mul64(rng.Uint64(), n)
		if low >= n || low >= -n%n {
			return high
		}
	}
}
