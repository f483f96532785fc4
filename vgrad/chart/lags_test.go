package chart

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// through is a recurrent layer of ten time steps, measured at lags 0, 1, 4 and 9. ∂L/∂h
// shrinks by a factor a time step; the spectral norm of its weights is sigma.
type through struct {
	label         string
	factor, sigma float64
	gated         bool
}

func (s through) Label() string { return s.label }

func (s through) Sites() []vgrad.Site {
	sites := []vgrad.Site{{Path: "/layer1/recurrent", Layer: 1, Role: vgrad.RecurrentKernel}}
	for _, t := range []int{1, 6, 9, 10} {
		units := vgrad.Site{Path: fmt.Sprintf("/layer1/units[%d]", t), Layer: 1, Time: t, Role: vgrad.Units, Activation: "tanh"}
		if s.gated {
			units.Role = vgrad.Gate
		}
		sites = append(sites, units, vgrad.Site{Path: fmt.Sprintf("/layer1/state[%d]", t), Layer: 1, Time: t, Role: vgrad.Stream, Activation: "identity"})
	}
	return sites
}

func (s through) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for step := range 4 {
			for _, site := range s.Sites() {
				var value float64
				switch {
				case q == vgrad.RMSDelta && site.Time > 0:
					value = float64(step+1) * math.Pow(s.factor, float64(10-site.Time))
				case q == vgrad.SpectralNorm && site.Time == 0 && s.sigma > 0 && step%2 == 0:
					value = s.sigma + float64(step)
				default:
					continue
				}
				if !yield(vgrad.Sample{Step: step, Site: site, Quantity: q, Value: value}) {
					return
				}
			}
		}
	}
}

// dataOf returns the numbers of each series in a frame, as y by x.
func dataOf(t *testing.T, f *Figure, frame int) (all []map[float64]float64) {
	t.Helper()
	text, err := json.Marshal(f.extras.Frames[frame].Data)
	if err != nil {
		t.Fatal(err)
	}
	var series [][][]float64
	if err := json.Unmarshal(text, &series); err != nil {
		t.Fatal(err)
	}
	for _, s := range series {
		points := map[float64]float64{}
		for _, p := range s {
			points[p[0]] = p[1]
		}
		all = append(all, points)
	}
	return all
}

// The value at each lag, and the bound: the value at lag 0 times (σ·γ)^lag, with the σ
// that was recorded last.
func TestLags(t *testing.T) {
	sources := []vgrad.Source{through{"rnn", 0.5, 0.8, false}, through{"lstm", 0.9, 1.5, true}}
	f, err := Lags(sources, vgrad.RMSDelta, At("/layer1/state"))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.extras.Frames) != 4 {
		t.Fatalf("%d frames", len(f.extras.Frames))
	}
	for step, sigma := range []float64{0.8, 0.8, 2.8, 2.8} {
		got := dataOf(t, f, step)
		if len(got) != 3 { // rnn, its bound, lstm
			t.Fatalf("%d series", len(got))
		}
		for _, lag := range []float64{0, 1, 4, 9} {
			scale := float64(step + 1)
			for i, want := range []float64{math.Pow(0.5, lag), math.Pow(sigma, lag), math.Pow(0.9, lag)} {
				if v, ok := got[i][lag]; !ok || math.Abs(v/(scale*want)-1) > 1e-5 {
					t.Errorf("step %d, series %d at lag %v: %v, want %v", step, i, lag, v, scale*want)
				}
			}
		}
	}
	if !strings.Contains(f.Caption, "Pascanu") || !strings.Contains(f.Title, "∂L/∂h") {
		t.Errorf("title %q, caption %q", f.Title, f.Caption)
	}
	if rows := fmt.Sprint(f.Table.Rows[:2]); rows != "[[0 1 4 1 4] [1 0.5 2 0.9 3.6]]" {
		t.Errorf("table %s", rows)
	}
}

func TestLagsWithout(t *testing.T) {
	f, err := Lags([]vgrad.Source{through{"rnn", 0.5, 0, false}, through{"rnn", 0.7, 0, false}}, vgrad.RMSDelta, At("/layer1/state"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(f.Caption, "Pascanu") {
		t.Error("there is a bound without a spectral norm")
	}
	if _, err := Lags(nil, vgrad.RMSDelta, 1); err == nil || !strings.Contains(err.Error(), "no sources") {
		t.Errorf("error %v", err)
	}
	if _, err := Lags([]vgrad.Source{through{"rnn", 0.5, 1, false}}, vgrad.SpectralNorm, 1); err == nil || !strings.Contains(err.Error(), "no time steps there") {
		t.Errorf("error %v", err)
	}
	if _, err := Lags([]vgrad.Source{through{"rnn", 0.5, 1, false}}, vgrad.Loss, 0); err == nil {
		t.Error("no error for a quantity that is not recorded")
	}
}
