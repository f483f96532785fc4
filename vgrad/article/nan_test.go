package article

import (
	"math"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad/page"
)

// A seed that ends in NaN is left out, and said; a scenario of which nothing is
// left is not judged. It does not turn a claim to "does not hold".
func TestNaNSeeds(t *testing.T) {
	good := Outcome{Activation: "sigmoid", MeanAbsGrad: Numbers{1, 1, 1, 1, 1, 30}, ValAccuracy: 0.4, ValLoss: 1}
	bad := good
	bad.ValLoss = Number(math.NaN())
	for _, c := range []struct {
		name     string
		outcomes []Outcome
		verdict  page.Verdict
		says     string
	}{
		{"all well", []Outcome{good, good}, page.Holds, "factor 30"},
		{"one NaN", []Outcome{good, bad, good}, page.Holds, "1 of 3 runs with sigmoid gave NaN and is left out"},
		{"nothing else", []Outcome{bad}, page.NotJudged, "every run of a scenario it needs gave NaN"},
		{"nothing", nil, page.NotJudged, "a scenario it needs was not run"},
	} {
		ev := collect(c.outcomes, nil)
		claim := ev.judge(claimed[2])
		if claim.Verdict != c.verdict || !strings.Contains(claim.Measured, c.says) {
			t.Errorf("%s: %v, %q; want %v, %q", c.name, claim.Verdict, claim.Measured, c.verdict, c.says)
		}
	}
}
