package lab_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/runs"
)

// The degradation of He et al. 2015, in five of five seeds on MNIST: fifty plain ReLU
// layers have a higher training loss than ten, fifty with skips (ReZero) do not.
func TestDegradation(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out the training of twenty networks of up to fifty layers")
	}
	store, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &lab.Lab{Store: store}
	defer l.Close()
	base := vgrad.Experiment{Network: vgrad.Residual{Width: 32}, Steps: 300, Measure: vgrad.Measure{Quantities: []vgrad.Quantity{}, HistogramEvery: -1}}
	var variants []string
	for _, block := range []string{vgrad.Plain, vgrad.ReZero} {
		for _, depth := range []int{10, 50} {
			for seed := range 5 {
				variants = append(variants, fmt.Sprintf("block=%s depth=%d seed=%d", block, depth, seed))
			}
		}
	}
	trained, err := l.Compare(t.Context(), base, variants...)
	if err != nil {
		t.Fatal(err)
	}
	losses := map[string][]float64{}
	for _, r := range trained.Runs() {
		_, loss := vgrad.Series(r, vgrad.Loss, 0)
		sum := 0.0
		for _, x := range loss[len(loss)-30:] {
			sum += x / 30
		}
		key := r.Experiment.NameBy("block", "depth")
		losses[key] = append(losses[key], sum)
	}
	t.Log(losses)
	shallow, deep := losses["block=plain depth=10"], losses["block=plain depth=50"]
	if len(deep) != 5 || slices.Min(deep) < slices.Max(shallow)+0.3 {
		t.Errorf("plain: training loss %.3f at 10 layers, %.3f at 50", shallow, deep)
	}
	shallow, deep = losses["block=rezero depth=10"], losses["block=rezero depth=50"]
	for i := range deep {
		if deep[i] > shallow[i]+0.05 {
			t.Errorf("ReZero, seed %d: training loss %.3f at 10 layers, %.3f at 50", i, shallow[i], deep[i])
		}
	}
}
