package lab

import (
	"math"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/runs"
)

// On a backend with several devices most runs are spread over them and what is left
// over is not; all of them are the runs they are on one.
func TestSpreadOverDevices(t *testing.T) {
	es, err := vgrad.Sweep{
		Base: vgrad.Experiment{Data: "synthetic", Steps: 40},
		Over: []string{"relu,tanh", "seed=0..4"},
	}.Experiments()
	if err != nil {
		t.Fatal(err)
	}
	var losses [2][]float64
	for i, devices := range []int{1, 2} {
		store, err := runs.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		l := &Lab{Store: store}
		l.use(backendtest.XLA(t), devices)
		defer l.Close()
		c, err := l.All(t.Context(), es...)
		if err != nil {
			t.Fatal(err)
		}
		together := map[int]int{}
		for _, r := range c.Runs() {
			together[r.Provenance.Together]++
			_, values := vgrad.Series(r, vgrad.Loss, 0)
			losses[i] = append(losses[i], values[len(values)-1])
		}
		if devices == 2 && (together[4] != 8 || together[2] != 2) {
			t.Errorf("trained together: %v; want 8 runs in fours, spread, and the other two", together)
		}
	}
	for i := range es {
		if one, two := losses[0][i], losses[1][i]; !(math.Abs(one-two) <= 1e-4*one) {
			t.Errorf("%s, seed %d: the last loss is %g on one device and %g over two", es[i].Name(), es[i].Seed, one, two)
		}
	}
}
