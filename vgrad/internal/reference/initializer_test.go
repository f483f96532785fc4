package reference

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// The bounds and variances as the papers write them, for a layer 300 → 100.
func TestInitializerMoments(t *testing.T) {
	inf := math.Inf(1)
	for name, want := range map[string][2]float64{
		"glorot_uniform": {2.0 / 400, math.Sqrt(6.0 / 400)},
		"glorot_normal":  {2.0 / 400, inf},
		"he_uniform":     {2.0 / 300, math.Sqrt(6.0 / 300)},
		"he_normal":      {2.0 / 300, inf},
		"lecun_uniform":  {1.0 / 300, math.Sqrt(3.0 / 300)},
		"lecun_normal":   {1.0 / 300, inf},
		"uniform_fan_in": {1.0 / 900, 1 / math.Sqrt(300)},
		"orthogonal":     {1.0 / 300, 1},
	} {
		for _, gain := range []float64{1, 1.5} {
			d, err := Initializer(name, 300, 100, gain)
			if err != nil {
				t.Fatal(err)
			}
			near(t, name+" variance", d.Variance, want[0]*gain*gain, 1e-15)
			near(t, name+" bound", d.Bound, want[1]*gain, 1e-15)
		}
	}
	if _, err := Initializer("zeros", 1, 1, 1); err == nil || !strings.Contains(err.Error(), "he_normal") {
		t.Errorf("error %v does not name the known ones", err)
	}
}

// A sample drawn from an initializer passes its own check, and one drawn from
// another, or with another gain, does not.
func TestCheckInitial(t *testing.T) {
	const in, out = 300, 100
	for _, drawn := range InitializerNames() {
		w := draw(t, drawn, in, out, 1)
		for _, claimed := range InitializerNames() {
			err := CheckInitial(claimed, in, out, 1, w)
			if drawn == orthogonal && claimed == "lecun_normal" {
				continue // one weight of an orthogonal 300 × 100 is nearly N(0, 1/300)
			}
			if (drawn == claimed) != (err == nil) {
				t.Errorf("%s taken for %s: %v", drawn, claimed, err)
			}
		}
		if CheckInitial(drawn, in, out, 1.1, w) == nil || CheckInitial(drawn, in, out, 0.9, w) == nil {
			t.Errorf("%s: another gain goes unnoticed", drawn)
		}
	}
	if CheckInitial("he_normal", 2, 2, 1, []float64{1}) == nil {
		t.Error("a sample of the wrong size goes unnoticed")
	}
}

// An orthogonal matrix that is wide has orthonormal rows.
func TestCheckInitialWide(t *testing.T) {
	w := draw(t, orthogonal, 20, 50, 2)
	if err := CheckInitial(orthogonal, 20, 50, 2, w); err != nil {
		t.Error(err)
	}
	w[3] += 1e-3
	if CheckInitial(orthogonal, 20, 50, 2, w) == nil {
		t.Error("a wrong weight goes unnoticed")
	}
	w[3] = math.NaN()
	if CheckInitial(orthogonal, 20, 50, 2, w) == nil {
		t.Error("a NaN goes unnoticed")
	}
}

// draw makes weights of the initializer by other means than its CDF.
func draw(t *testing.T, name string, in, out int, gain float64) []float64 {
	t.Helper()
	d, err := Initializer(name, in, out, gain)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 0))
	w := make([]float64, in*out)
	for i := range w {
		if math.IsInf(d.Bound, 0) || name == orthogonal {
			w[i] = math.Sqrt(d.Variance) * rng.NormFloat64()
		} else {
			w[i] = d.Bound * (2*rng.Float64() - 1)
		}
	}
	if name == orthogonal {
		gramSchmidt(w, in, out, gain)
	}
	return w
}

// gramSchmidt makes the columns of w orthogonal, or its rows where they are
// fewer, each of length gain.
func gramSchmidt(w []float64, in, out int, gain float64) {
	short, long := out, in
	at := func(i, k int) *float64 { return &w[k*out+i] }
	if in < out {
		short, long = in, out
		at = func(i, k int) *float64 { return &w[i*out+k] }
	}
	dot := func(i, j int) (sum float64) {
		for k := range long {
			sum += *at(i, k) * *at(j, k)
		}
		return sum
	}
	for i := range short {
		for j := range i {
			share := dot(i, j) / dot(j, j)
			for k := range long {
				*at(i, k) -= share * *at(j, k)
			}
		}
		norm := math.Sqrt(dot(i, i))
		for k := range long {
			*at(i, k) *= gain / norm
		}
	}
}
