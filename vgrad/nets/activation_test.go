package nets_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/internal/reference"
	"github.com/vgrad/lab/vgrad/nets"
)

// points to look at: dense where activations bend, far out where float32 gives up.
func points() []float32 {
	zs := []float32{-1000, -100, -90, -30, 30, 90, 100, 1000, 0}
	for z := -8.0; z <= 8; z += 1.0 / 16 {
		zs = append(zs, float32(z))
	}
	return zs
}

// Value, slope and GoMLX's own gradient of each activation agree with the
// float64 formulas. The tolerance is a few float32 roundings of the largest
// term that is summed; GELU and SiLU cancel near their zeros.
func TestActivations(t *testing.T) {
	if got, want := nets.Activations(), reference.ActivationNames(); !slices.Equal(sorted(got), sorted(want)) {
		t.Fatalf("activations %v; the reference knows %v", got, want)
	}
	backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
		for _, name := range nets.Activations() {
			t.Run(name, func(t *testing.T) { checkActivation(t, b, name) })
		}
	})
}

func checkActivation(t *testing.T, b *backend.Backend, name string) {
	act := nets.MustActivation(name, 0.2)
	want, err := reference.ActivationByName(name, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	zs := points()
	out, err := graph.CallOnceN(b.Backend, func(z *graph.Node) []*graph.Node {
		a := act.Apply(z)
		return []*graph.Node{a, act.Slope(z, a), graph.Gradient(graph.ReduceAllSum(a), z)[0]}
	}, zs)
	if err != nil {
		t.Fatal(err)
	}
	value, slope, gradient := floats(out[0]), floats(out[1]), floats(out[2])
	for i, z := range zs {
		f, d := want.F(float64(z)), want.D(float64(z))
		near(t, fmt.Sprintf("φ(%v)", z), value[i], f, 2e-6*max(1, math.Abs(f)))
		near(t, fmt.Sprintf("φ′(%v)", z), slope[i], d, 4e-6)
		near(t, fmt.Sprintf("gradient at %v", z), gradient[i], d, 4e-6)
	}
	near(t, "sup|φ′|", act.MaxSlope, want.Sup, 1e-6)
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v; want %v", what, got, want)
	}
}

func floats(x *tensors.Tensor) []float64 {
	return reference.Float64s(tensors.MustCopyFlatData[float32](x))
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return names
}

func TestUnknownNames(t *testing.T) {
	if _, err := nets.NewActivation("relo", 0); err == nil || !strings.Contains(err.Error(), "leaky_relu") {
		t.Errorf("unknown activation: %v; want the known ones named", err)
	}
	if _, err := nets.NewInitializer("xavier", 1); err == nil || !strings.Contains(err.Error(), "glorot_uniform") {
		t.Errorf("unknown initializer: %v; want the known ones named", err)
	}
}
