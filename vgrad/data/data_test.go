package data

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Every window of n indices from an epoch's start is a permutation.
func TestEpochs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 1 + rng.IntN(50)
		batch := 1 + rng.IntN(n)
		t.Run(fmt.Sprintf("n=%d,batch=%d", n, batch), func(t *testing.T) {
			order, err := Batches(n, batch, rng.Uint64())
			if err != nil {
				t.Fatal(err)
			}
			var stream []int32
			for len(stream) < 4*n {
				stream = append(stream, order.Next()...)
			}
			for epoch := range 4 {
				seen := slices.Clone(stream[epoch*n : (epoch+1)*n])
				slices.Sort(seen)
				for i, image := range seen {
					if int(image) != i {
						t.Fatalf("epoch %d is no permutation: %v", epoch, seen)
					}
				}
			}
		})
	}
}

// Next, Fill and Skip walk along the same order, whatever the batch.
func TestShuffleOneStream(t *testing.T) {
	const n, total = 17, 120
	reference := make([]int32, total)
	must(t, 17, 1).Fill(reference)
	for _, batch := range []int{1, 3, 5, 12, 17} {
		next, skip := must(t, n, batch), must(t, n, batch)
		for at := 0; at+2*batch <= total; at += 2 * batch {
			got := append(next.Next(), next.Next()...)
			if !slices.Equal(got, reference[at:at+2*batch]) {
				t.Fatalf("batch %d at %d: %v, want %v", batch, at, got, reference[at:at+2*batch])
			}
			skip.Skip(1)
			if got := skip.Next(); !slices.Equal(got, reference[at+batch:at+2*batch]) {
				t.Fatalf("batch %d at %d after Skip: %v", batch, at, got)
			}
		}
	}
	many := must(t, n, 4)
	many.Skip(25)
	if got := many.Next(); !slices.Equal(got, reference[100:104]) {
		t.Errorf("Skip(25): %v, want %v", got, reference[100:104])
	}
}

func must(t *testing.T, n, batch int) *Shuffle {
	t.Helper()
	s, err := Batches(n, batch, 7)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The order is part of a run's record: it must not change with a version or a platform.
func TestShuffleGolden(t *testing.T) {
	order, err := Batches(55000, 6, 42)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := order.Next(), goldenOrder; !slices.Equal(got, want) {
		t.Errorf("first batch %v, want %v", got, want)
	}
}

// Where a given image comes in the epoch is uniform: χ² over 10 positions, 9 degrees
// of freedom; 27.9 is its 99.9th percentile and the seeds are fixed.
func TestShuffleUniform(t *testing.T) {
	const seeds = 5000
	var at [10]float64
	for seed := range uint64(seeds) {
		order, err := Batches(10, 10, seed)
		if err != nil {
			t.Fatal(err)
		}
		at[slices.Index(order.Next(), 3)]++
	}
	chi2 := 0.0
	for _, n := range at {
		chi2 += (n - seeds/10) * (n - seeds/10) / (seeds / 10)
	}
	if chi2 > 27.9 {
		t.Errorf("χ² = %.1f over positions %v", chi2, at)
	}
}

func TestBatchesErrors(t *testing.T) {
	for _, c := range [][2]int{{5, 6}, {5, 0}, {5, -1}, {0, 1}} {
		if _, err := Batches(c[0], c[1], 0); err == nil {
			t.Errorf("Batches(%d, %d): no error", c[0], c[1])
		}
	}
}

// What Check says without loading agrees with what is loaded.
func TestKnownSizes(t *testing.T) {
	given := map[string]given{fashion.name: fashion, cifar10.name: cifar10} // their files are not here
	for _, k := range known {
		if s, ok := given[k.name]; ok {
			if s.train-s.held != k.train {
				t.Errorf("%s: %d examples for training; listed with %d", s.name, s.train-s.held, k.train)
			}
			continue
		}
		set, err := Load(t.Context(), k.name)
		if err != nil {
			t.Fatal(err)
		}
		if set.Train.Len() != k.train || set.Name != k.name || len(set.Sum) != 64 {
			t.Errorf("%s: %d examples for training, sum %q; listed with %d", set.Name, set.Train.Len(), set.Sum, k.train)
		}
		if err := set.Check(); err != nil {
			t.Error(err)
		}
		for _, s := range []Split{set.Train, set.Validation} {
			if set.Classes > 0 && int(slices.Max(s.Labels)) != set.Classes-1 {
				t.Errorf("%s: labels up to %d of %d classes", set.Name, slices.Max(s.Labels), set.Classes)
			}
		}
	}
}

func TestSyntheticGolden(t *testing.T) {
	set, err := Synthetic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if set.Sum != syntheticSum {
		t.Errorf("sum %s, want %s: runs recorded on the old set are no longer comparable", set.Sum, syntheticSum)
	}
}

// A softmax regression, the least a network can be, learns it.
func TestSyntheticIsLearnable(t *testing.T) {
	set, err := Synthetic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	weights := perceptron(set)
	right := 0
	for i, label := range set.Validation.Labels {
		if classify(weights, set.Validation.Images[i*64:(i+1)*64]) == int(label) {
			right++
		}
	}
	accuracy := float64(right) / float64(set.Validation.Len())
	t.Logf("a linear classifier reaches %.3f", accuracy)
	if accuracy < 0.9 || accuracy == 1 {
		t.Errorf("accuracy %.3f; want at least 0.9, so that a small net learns it, and below 1, so that there is something to learn", accuracy)
	}
}

// perceptron trains an averaged multi-class perceptron for five epochs: [10][64].
func perceptron(set *Set) (sum [10][64]float64) {
	var w [10][64]float64
	for range 5 {
		for i, label := range set.Train.Labels {
			x := set.Train.Images[i*64 : (i+1)*64]
			if guess := classify(w, x); guess != int(label) {
				for j, v := range x {
					w[label][j] += float64(v)
					w[guess][j] -= float64(v)
				}
			}
			for c := range w {
				for j := range w[c] {
					sum[c][j] += w[c][j]
				}
			}
		}
	}
	return sum
}

func classify(w [10][64]float64, x []uint8) int {
	best, at := 0.0, -1
	for c := range w {
		score := 0.0
		for j, v := range x {
			score += w[c][j] * float64(v)
		}
		if at < 0 || score > best {
			best, at = score, c
		}
	}
	return at
}

func BenchmarkSynthetic(b *testing.B) {
	for b.Loop() {
		if _, err := Synthetic(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEpoch(b *testing.B) {
	order, err := Batches(55000, 30, 1)
	if err != nil {
		b.Fatal(err)
	}
	steps := make([]int32, 55000)
	for b.Loop() {
		order.Fill(steps)
	}
}

// What TestShuffleGolden and TestSyntheticGolden expect.
var goldenOrder = []int32{12900, 25064, 8094, 24011, 32148, 36010}

const syntheticSum = "ac91e1d0bac57b8ba9f1fcd875977288625c1dbbbe8c4caea6028774016d38e1"
