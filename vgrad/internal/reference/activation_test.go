package reference

import (
	"math"
	"strings"
	"testing"
)

const slope = 0.2

// Known values, from the closed forms worked out by hand.
func TestActivationValues(t *testing.T) {
	for _, c := range []struct {
		name    string
		x, f, d float64
	}{
		{"identity", -3, -3, 1},
		{"sigmoid", math.Log(3), 0.75, 0.1875},
		{"sigmoid", -800, 0, 0},
		{"sigmoid", -40, math.Exp(-40), math.Exp(-40)},
		{"tanh", math.Log(3), 0.8, 0.36},
		{"tanh", 800, 1, 0},
		{"relu", 2, 2, 1},
		{"relu", -2, 0, 0},
		{"relu", 0, 0, 0},
		{"leaky_relu", -2, -0.4, 0.2},
		{"leaky_relu", 0, 0, 0.2},
		{"elu", -math.Ln2, -0.5, 0.5},
		{"elu", 800, 800, 1},
		{"selu", 1, 1.0507009873554805, 1.0507009873554805},
		{"selu", -math.Ln2, -0.8790496703, 0.8790496703},
		{"gelu", 1, 0.8413447460685429, 1.0833154705876862},
		{"softplus", 0, math.Ln2, 0.5},
		{"softplus", 800, 800, 1},
		{"silu", math.Log(3), 0.75 * math.Log(3), 0.75 + 0.1875*math.Log(3)},
		{"silu", -800, 0, 0},
	} {
		a := named(t, c.name)
		near(t, c.name, a.F(c.x), c.f, 1e-9)
		near(t, c.name+"′", a.D(c.x), c.d, 1e-9)
	}
}

// Each derivative is the slope of its function, and sup|φ′| is approached but
// not passed, on a grid without 0.
func TestActivationDerivatives(t *testing.T) {
	const h = 1e-5
	for _, a := range Activations(slope) {
		top := 0.0
		for x := -20.00005; x < 20; x += 1e-4 {
			quotient := (a.F(x+h) - a.F(x-h)) / (2 * h)
			if math.Abs(quotient-a.D(x)) > 1e-8 { // cancellation leaves 20·1e-16/h
				t.Fatalf("%s′(%g) = %g, difference quotient %g", a.Name, x, a.D(x), quotient)
			}
			top = max(top, math.Abs(a.D(x)))
		}
		if top > a.Sup*(1+1e-14) || top < a.Sup*(1-1e-4) { // elu and selu only approach theirs, from the left of 0
			t.Errorf("sup|%s′| = %.10g on the grid, %.10g in the table", a.Name, top, a.Sup)
		}
	}
	near(t, "gelu sup", named(t, "gelu").Sup, 1.1289, 1e-4)
	near(t, "silu sup", named(t, "silu").Sup, 1.0998, 1e-4)
	near(t, "selu sup", named(t, "selu").Sup, 1.7581, 1e-4)
	near(t, "silu argmax", siluD(2.3993572805154677), siluSup, 1e-14)
	near(t, "slope above 1", Activations(-3)[4].Sup, 3, 0)
}

// A NaN goes through every activation instead of turning into a number.
func TestActivationNaN(t *testing.T) {
	for _, a := range Activations(slope) {
		if !math.IsNaN(a.F(math.NaN())) || a.Name != "identity" && !math.IsNaN(a.D(math.NaN())) {
			t.Errorf("%s of NaN is %g, its derivative %g", a.Name, a.F(math.NaN()), a.D(math.NaN()))
		}
	}
}

func TestActivationNames(t *testing.T) {
	if names := strings.Join(ActivationNames(), " "); names != "identity sigmoid tanh relu leaky_relu elu selu gelu softplus silu" {
		t.Errorf("the names are %s", names)
	}
	_, err := ActivationByName("swoosh", 0)
	if err == nil || !strings.Contains(err.Error(), `"swoosh"`) || !strings.Contains(err.Error(), "softplus") {
		t.Errorf("error %v names neither the bad name nor the known ones", err)
	}
}

func named(t *testing.T, name string) Activation {
	t.Helper()
	a, err := ActivationByName(name, slope)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// near fails unless got is within tolerance of want, relative to want where that is above 1.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) && math.IsNaN(want) {
		return
	}
	if got != want && !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s = %.12g, want %.12g ± %g", what, got, want, tolerance)
	}
}
