package chart

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// residualRun imitates a run of blocks of two layers. δ of the stream before block i is
// 5·10⁻ⁱ; behind it 4·10⁻ⁱ and of the branch 3·10⁻ⁱ, as if both were uncorrelated.
func residualRun(n vgrad.Network, behind string, blocks int) *sited {
	s := newSited("mine")
	s.of = vgrad.Experiment{Network: n}
	delta := func(v float64) map[vgrad.Quantity]float64 { return map[vgrad.Quantity]float64{vgrad.RMSDelta: v} }
	s.site(vgrad.Site{Path: "/layer1/stream", Layer: 1, Role: vgrad.Stream}, 1, delta(5e-1))
	size := 0.1
	for i := 1; i <= blocks; i++ {
		last := 1 + 2*i
		s.site(vgrad.Site{Path: fmt.Sprintf("/block%d/branch", i), Layer: last - 1, Role: vgrad.Branch}, 1, delta(3*size))
		stream, units := 5*size/10, 9.0
		if behind == "units" {
			units = 4 * size
		}
		s.site(vgrad.Site{Path: fmt.Sprintf("/layer%d/units", last), Layer: last, Role: vgrad.Units}, 1, delta(units))
		s.site(vgrad.Site{Path: fmt.Sprintf("/block%d/stream", i), Layer: last, Role: vgrad.Stream}, 1, delta(stream))
		size /= 10
	}
	return s.inSteps()
}

// The three lines have the right sites: of a block that is activated after its sum, what
// leaves is the sum, else the stream.
func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		source *sited
		behind string
	}{
		{residualRun(vgrad.Residual{}, "units", 2), "0.4"},
		{residualRun(vgrad.ResNet{Depth: 20}, "units", 2), "0.4"},
		{residualRun(vgrad.Residual{Block: vgrad.ReZero}, "stream", 2), "0.05"},
	} {
		f, err := Blocks([]vgrad.Source{c.source})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(f.Table.Columns, f.Table.Rows[0]); got != fmt.Sprintf("[block before the block behind it, by the skip of the branch] [1 0.5 %s 0.3]", c.behind) || len(f.Table.Rows) != 2 {
			t.Errorf("%v: %s, %d rows", c.source.of.Name(), got, len(f.Table.Rows))
		}
		if _, err := f.Option(); err != nil {
			t.Error(err)
		}
	}
	for want, src := range map[string]*sited{
		"network highway has no residual blocks":    residualRun(vgrad.Highway{}, "units", 1),
		"δ of /layer3/units is not recorded":        without(residualRun(vgrad.Residual{}, "units", 1), "/layer3/units"),
		"it has no blocks with δ; record rms_delta": residualRun(vgrad.Residual{}, "units", 0),
	} {
		if _, err := Blocks([]vgrad.Source{src}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if _, err := Blocks(nil); err == nil || !strings.Contains(err.Error(), "no sources") {
		t.Errorf("no sources: %v", err)
	}
}

// without leaves a site out.
func without(s *sited, path string) *sited {
	var kept []vgrad.Sample
	for _, x := range s.samples[vgrad.RMSDelta] {
		if x.Site.Path != path {
			kept = append(kept, x)
		}
	}
	s.samples[vgrad.RMSDelta] = kept
	return s
}

// A point is the mean over the last tenth of the recorded losses.
func TestDegradation(t *testing.T) {
	var sources []vgrad.Source
	for _, depth := range []int{10, 20} {
		var losses []float64
		for i := range 20 {
			losses = append(losses, float64(depth+i))
		}
		f := values("x", vgrad.Loss, 0, losses...)
		f.of = vgrad.Experiment{Depth: depth}
		sources = append(sources, f)
	}
	f, err := Degradation(sources, "depth")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.Table.Rows); got != "[[10 28.5] [20 38.5]]" {
		t.Errorf("the table has %s", got)
	}
	if _, err := Degradation(sources, "data"); err == nil || !strings.Contains(err.Error(), "not a number") {
		t.Errorf("a field without numbers: %v", err)
	}
}
