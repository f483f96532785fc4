package nets_test

import (
	"math"
	"slices"
	"testing"

	"github.com/vgrad/lab/vgrad/internal/reference"
	"github.com/vgrad/lab/vgrad/nets"
)

// Weights follow the distribution that each initializer promises, for layers
// that narrow, widen and do neither.
func TestInitializers(t *testing.T) {
	for _, name := range nets.Initializers() {
		for _, shape := range [][]int{{784, 10}, {10, 784}, {64, 64}} {
			init, err := nets.NewInitializer(name, 1.5)
			if err != nil {
				t.Fatal(err)
			}
			w := init(nets.Stream(3, "/layer1/weights"), shape)
			if err := reference.CheckInitial(name, shape[0], shape[1], 1.5, reference.Float64s(w)); err != nil {
				t.Errorf("%s %v: %v", name, shape, err)
			}
		}
	}
	if got, want := sorted(nets.Initializers()), sorted(reference.InitializerNames()); !slices.Equal(got, want) {
		t.Errorf("initializers %v; the reference knows %v", got, want)
	}
}

// The fans of a convolution's kernel include its receptive field.
func TestKernelFans(t *testing.T) {
	init, err := nets.NewInitializer("he_normal", 1)
	if err != nil {
		t.Fatal(err)
	}
	w := reference.Float64s(init(nets.Stream(0, "kernel"), []int{3, 3, 16, 32}))
	// The RMS of n normal draws has a relative standard error of 1/√(2n) = 1 %; allow five.
	near(t, "RMS", reference.RMS(w), math.Sqrt(2.0/(9*16)), 0.05*math.Sqrt(2.0/(9*16)))
}

func TestStream(t *testing.T) {
	a, b := nets.Stream(1, "/layer1/weights"), nets.Stream(1, "/layer1/weights")
	c, d := nets.Stream(2, "/layer1/weights"), nets.Stream(1, "/layer2/weights")
	x := a.Uint64()
	if b.Uint64() != x {
		t.Error("same seed and path: different numbers")
	}
	if c.Uint64() == x || d.Uint64() == x {
		t.Error("another seed or path: the same numbers")
	}
}
