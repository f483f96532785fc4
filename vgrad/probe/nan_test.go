package probe_test

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/nets"
	"github.com/vgrad/lab/vgrad/probe"
)

// A NaN counts as neither dead nor saturated, on both backends: alone, in a unit that is
// zero otherwise, and throughout.
func TestNaN(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name            string
		z               [][]float32 // [batch, units]
		dead, saturated float32
	}{
		{"none", [][]float32{{-1, 1, -2, -3}, {-1, 1, 2, -1}}, 0.5, 0.625},
		{"beside zeros", [][]float32{{nan, 1, -2, -3}, {-1, 1, 2, -1}}, 0.25, 0.5},
		{"a unit", [][]float32{{nan, 1, -2, -3}, {nan, 1, 2, -1}}, 0.25, 0.375},
		{"throughout", [][]float32{{nan, nan, nan, nan}, {nan, nan, nan, nan}}, 0, 0},
	} {
		backendtest.Each(t, func(t *testing.T, b *backend.Backend) {
			relu := nets.MustActivation("relu", 0)
			values := MustExecOnceN(b.Backend, func(z *Node) []*Node {
				a := relu.Apply(z)
				v := probe.OfUnits(vgrad.Site{Role: vgrad.Units}, false, z, a, nets.Signal{Delta: a}, relu)
				var formulas []probe.Formula
				for _, q := range []vgrad.Quantity{vgrad.Dead, vgrad.Saturated} {
					p, err := probe.Find(q)
					if err != nil {
						panic(err)
					}
					formulas = append(formulas, p.Graph(v))
				}
				values, _ := v.Values(formulas)
				return values
			}, c.z)
			for i, want := range []float32{c.dead, c.saturated} {
				if got := values[i].Value(); got != want {
					t.Errorf("%s: %s is %v, want %v", c.name, []string{"dead", "saturated"}[i], got, want)
				}
			}
		})
	}
}
