package chart_test

import (
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
)

// chained is a run of three layers whose slopes pass 0.2 and whose weights pass 1.5.
type chained struct{ skip float64 }

func (chained) Label() string { return "chained" }

func (chained) Sites() (sites []vgrad.Site) {
	for l, path := range []string{"/a", "/b", "/c"} {
		sites = append(sites, vgrad.Site{Path: path + "/weights", Layer: l + 1, Role: vgrad.Kernel, Input: true, Back: l > 0},
			vgrad.Site{Path: path + "/units", Layer: l + 1, Role: vgrad.Units, Activation: "sigmoid"})
	}
	return sites
}

func (c chained) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for step := range 3 {
			for _, s := range c.Sites() {
				value, of := 0.0, s.Role == vgrad.Units
				switch q {
				case vgrad.SlopeFactor:
					value = 0.2
				case vgrad.RMSDelta:
					value = []float64{0.09 * c.skip * c.skip, 0.3 * c.skip, 1}[s.Layer-1]
				case vgrad.WeightFactor:
					value, of = 1.5, s.Back
				case vgrad.InputSize:
					value, of = 0.5, s.Input
				default:
					return
				}
				if of && !yield(vgrad.Sample{Step: step, Site: s, Quantity: q, Value: value}) {
					return
				}
			}
		}
	}
}

// The lines are the factors that the network has, their product and the input.
func TestChain(t *testing.T) {
	for _, c := range []struct {
		run  vgrad.Source
		want []string
	}{
		{chained{1}, []string{"slopes φ′(z)", "weights", "all together", "size of the input"}},
		{chained{2}, []string{"slopes φ′(z)", "weights", "skip connection", "all together", "size of the input"}},
	} {
		f, err := chart.Chain(c.run)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Labels(); !slices.Equal(got, c.want) {
			t.Errorf("lines %q, want %q", got, c.want)
		}
		if text := strings.Join(f.Table.Rows[len(f.Table.Rows)-1], " "); !strings.Contains(text, "0.5") {
			t.Errorf("the table's last row is %q; the input's size is 0.5", text)
		}
	}
	if _, err := chart.Chain(older{}); err == nil || !strings.Contains(err.Error(), "not recorded; train it again") {
		t.Errorf("of a run without factors: %v", err)
	}
}

// older is a run that was recorded before there were factors.
type older struct{ chained }

func (o older) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	if q == vgrad.SlopeFactor || q == vgrad.WeightFactor {
		return func(func(vgrad.Sample) bool) {}
	}
	return o.chained.Samples(q)
}
