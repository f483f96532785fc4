package article

import (
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/summary"
)

// Claim is a statement of the article with the verdict of the runs on it.
type Claim struct {
	Said     string       // the statement, in the article's words
	Measured string       // what the runs gave, with its spread over seeds
	Rule     string       // the condition under which the claim holds
	Verdict  page.Verdict // zero: not judged; Measured then says why
}

// Judge compares the runs with every claim of the article. A claim is not
// judged if it needs a scenario that was not run or of which every run gave
// NaN. No claim is judged if a run is not of the article's experiment, see
// [IsArticle]. Judge fails as [Outcomes] does.
func Judge(rs []*runs.Run) ([]Claim, error) {
	outcomes, err := Outcomes(rs)
	if err != nil {
		return nil, err
	}
	ev := collect(outcomes, rs)
	article := !slices.ContainsFunc(rs, func(r *runs.Run) bool { return !IsArticle(r.Experiment) })
	var claims []Claim
	for _, c := range claimed {
		claim := ev.judge(c)
		if claim.Verdict != page.NotJudged && !article {
			claim.Measured += "; but this is not the article's experiment"
			claim.Verdict = page.NotJudged
		}
		claims = append(claims, claim)
	}
	return claims, nil
}

// collect groups outcomes by activation and leaves out those that diverged. rs
// lists their runs in the same order; nil: without histograms.
func collect(outcomes []Outcome, rs []*runs.Run) evidence {
	ev := evidence{by: map[string][]Outcome{}, runs: map[string][]*runs.Run{}, ran: map[string]int{}, diverged: map[string]int{}}
	for i, o := range outcomes {
		if ev.ran[o.Activation]++; o.diverged() {
			ev.diverged[o.Activation]++
			continue
		}
		ev.by[o.Activation] = append(ev.by[o.Activation], o)
		if rs != nil {
			ev.runs[o.Activation] = append(ev.runs[o.Activation], rs[i])
		}
	}
	return ev
}

// judge returns the claim with its verdict. The claim is not judged if there are
// no usable runs of a scenario that it needs.
func (ev evidence) judge(c claimRule) Claim {
	claim := Claim{Said: c.said, Rule: c.rule}
	for _, a := range c.needs {
		switch {
		case ev.ran[a] == 0:
			claim.Measured = "a scenario it needs was not run"
			return claim
		case len(ev.by[a]) == 0:
			claim.Measured = "every run of a scenario it needs gave NaN"
			return claim
		}
	}
	claim.Measured, claim.Verdict = c.judge(ev)
	for _, a := range c.needs {
		if n := ev.diverged[a]; n > 0 {
			claim.Measured += fmt.Sprintf("; %d of %d runs with %s gave NaN and %s left out", n, ev.ran[a], a, isOrAre(n))
		}
	}
	return claim
}

// isOrAre returns the verb for n things.
func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// diverged reports whether the outcome has a NaN. The claims are judged without
// such a run.
func (o Outcome) diverged() bool {
	numbers := append([]Number{o.ValAccuracy, o.ValLoss}, o.MeanAbsGrad...)
	return slices.ContainsFunc(numbers, func(n Number) bool { return math.IsNaN(float64(n)) })
}

// evidence holds the runs by which the claims are judged. Every map's key is
// the activation.
type evidence struct {
	by            map[string][]Outcome   // one for each seed that did not diverge
	runs          map[string][]*runs.Run // in the order of by
	ran, diverged map[string]int         // number of runs
}

// claimRule is a claim with the function that judges it.
type claimRule struct {
	said, rule string
	needs      []string // activations of the scenarios that judge reads
	judge      func(evidence) (measured string, v page.Verdict)
}

// claimed lists the article's claims. To add a claim, add an entry.
var claimed = []claimRule{
	{"The sigmoid significantly under-performs the ReLU and leaky ReLU activations.",
		"validation accuracy lower by more than 0.1, and the 10–90 % ranges do not meet",
		[]string{"sigmoid", "relu", "leaky_relu"}, worse},
	{"There is a significant reduction in the gradient between the output layer and the first layer.",
		"layer 6 / layer 1 above 2 in every scenario",
		[]string{"sigmoid", "relu", "leaky_relu"}, reduced},
	{"For sigmoid the gradient falls by a factor of 30 from layer 6 to layer 1. (The article writes “the mean absolute weight”; its plot shows gradients.)",
		"layer 6 / layer 1 between 15 and 60", []string{"sigmoid"}, factor("sigmoid", 30)},
	{"For leaky ReLU it falls by a factor of 6.",
		"layer 6 / layer 1 between 3 and 12", []string{"leaky_relu"}, factor("leaky_relu", 6)},
	{"For standard ReLU it is pretty much the same as for leaky ReLU.",
		"the two factors differ by less than a factor of 2", []string{"relu", "leaky_relu"}, muchTheSame},
	{"The gradients of the ReLU networks are significantly larger than those of the sigmoid network.",
		"by more than a factor of 2, in the first layer and in the last",
		[]string{"sigmoid", "relu", "leaky_relu"}, larger},
	{"The vanishing is significantly worse with sigmoid than with ReLU.",
		"its factor is more than twice as large, and the 10–90 % ranges do not meet",
		[]string{"sigmoid", "relu"}, worseVanishing},
	{"There is no observable benefit of leaky ReLU over ReLU.",
		"validation accuracies differ by less than 0.02", []string{"relu", "leaky_relu"}, noBenefit},
	{"The weights of layer 4 (leaky ReLU) are consistently < 0.",
		"more than 90 % of the weights are negative at every summary", []string{"leaky_relu"}, negative},
	{"What must be meant: they are < 1 in magnitude, so that products of them shrink.",
		"more than 90 % of the weights are below 1 in magnitude at every summary", []string{"leaky_relu"}, small},
}

// spread returns the spread of f over the runs with an activation.
func (ev evidence) spread(activation string, f func(Outcome) float64) summary.Spread {
	var xs []float64
	for _, o := range ev.by[activation] {
		xs = append(xs, f(o))
	}
	return summary.SpreadOf(xs)
}

func ratio(o Outcome) float64       { return o.Ratio() }
func valAccuracy(o Outcome) float64 { return float64(o.ValAccuracy) }

func worse(ev evidence) (string, page.Verdict) {
	s, r, l := ev.spread("sigmoid", valAccuracy), ev.spread("relu", valAccuracy), ev.spread("leaky_relu", valAccuracy)
	best := min(r.Median, l.Median)
	return fmt.Sprintf("validation accuracy %s for sigmoid, %s for ReLU, %s for leaky ReLU", s, r, l),
		verdict(s.Median < best-0.1 && s.High < min(r.Low, l.Low), s.Median < best)
}

func reduced(ev evidence) (string, page.Verdict) {
	s, r, l := ev.spread("sigmoid", ratio), ev.spread("relu", ratio), ev.spread("leaky_relu", ratio)
	return fmt.Sprintf("factors %s for sigmoid, %s for ReLU, %s for leaky ReLU", s, r, l),
		verdict(min(s.Median, r.Median, l.Median) > 2, max(s.Median, r.Median, l.Median) > 2)
}

// factor returns the judge of a claimed ratio of the last layer's gradient to
// that of the first. The claim holds if the median is within a factor of 2, and
// in part if it is within a factor of 4.
func factor(activation string, claimed float64) func(evidence) (string, page.Verdict) {
	return func(ev evidence) (string, page.Verdict) {
		s := ev.spread(activation, ratio)
		return "factor " + s.String(), verdict(within(s.Median, claimed, 2), within(s.Median, claimed, 4))
	}
}

// within reports whether x is between y/f and y·f.
func within(x, y, f float64) bool { return math.Abs(math.Log(x/y)) <= math.Log(f) }

func muchTheSame(ev evidence) (string, page.Verdict) {
	r, l := ev.spread("relu", ratio), ev.spread("leaky_relu", ratio)
	return fmt.Sprintf("factor %s for ReLU, %s for leaky ReLU", r, l), verdict(within(r.Median, l.Median, 2), within(r.Median, l.Median, 4))
}

func larger(ev evidence) (string, page.Verdict) {
	at := func(activation string, layer func(Outcome) Number) float64 {
		return ev.spread(activation, func(o Outcome) float64 { return float64(layer(o)) }).Median
	}
	first := func(o Outcome) Number { return o.MeanAbsGrad[0] }
	last := func(o Outcome) Number { return o.MeanAbsGrad[len(o.MeanAbsGrad)-1] }
	inFirst := min(at("relu", first), at("leaky_relu", first)) / at("sigmoid", first)
	inLast := min(at("relu", last), at("leaky_relu", last)) / at("sigmoid", last)
	return fmt.Sprintf("larger by a factor of %.3g in the first layer, %.3g in the last (the smaller of ReLU and leaky ReLU, medians)", inFirst, inLast),
		verdict(inFirst > 2 && inLast > 2, inFirst > 2 || inLast > 2)
}

func worseVanishing(ev evidence) (string, page.Verdict) {
	s, r := ev.spread("sigmoid", ratio), ev.spread("relu", ratio)
	return fmt.Sprintf("factor %s for sigmoid, %s for ReLU", s, r), verdict(s.Median > 2*r.Median && s.Low > r.High, s.Median > r.Median)
}

func noBenefit(ev evidence) (string, page.Verdict) {
	r, l := ev.spread("relu", valAccuracy), ev.spread("leaky_relu", valAccuracy)
	return fmt.Sprintf("validation accuracy %s for ReLU, %s for leaky ReLU", r, l),
		verdict(math.Abs(l.Median-r.Median) < 0.02, l.Median-r.Median < 0.05)
}

func negative(ev evidence) (string, page.Verdict) {
	low, high, ok := ev.weights(func(h *vgrad.Histogram) float64 { return h.CountIn(math.Inf(-1), 0) })
	if !ok {
		return noHistograms, page.NotJudged
	}
	return fmt.Sprintf("%s of them are negative", percent(low, high)), verdict(low > 0.9, low > 0.7)
}

func small(ev evidence) (string, page.Verdict) {
	low, high, ok := ev.weights(func(h *vgrad.Histogram) float64 { return h.CountIn(-1, 1) })
	if !ok {
		return noHistograms, page.NotJudged
	}
	mean := ev.spread("leaky_relu", func(o Outcome) float64 { return float64(o.MeanAbsWeight[articleLayer-1]) })
	return fmt.Sprintf("%s of them are below 1 in magnitude; mean |w| at the end %s", percent(low, high), mean),
		verdict(low > 0.9, low > 0.7)
}

const noHistograms = "no histograms of that layer were recorded"

// percent formats a range of shares: "49 % to 54 %", or "100 %" if both ends
// round to the same number.
func percent(low, high float64) string {
	l, h := fmt.Sprintf("%.0f %%", 100*low), fmt.Sprintf("%.0f %%", 100*high)
	if l == h {
		return l
	}
	return l + " to " + h
}

// articleLayer is the layer of which the article shows the weights.
const articleLayer = 4

// weights returns the smallest and the largest share of layer 4's weights that
// count counts, over the summaries and seeds of the leaky ReLU scenario. ok is
// false if no histogram of these weights is recorded.
func (ev evidence) weights(count func(*vgrad.Histogram) float64) (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, r := range ev.runs["leaky_relu"] {
		for sample := range r.Samples(vgrad.Weights) {
			if sample.Site.Layer == articleLayer {
				share := count(sample.Hist) / float64(sample.Hist.Count())
				low, high, ok = min(low, share), max(high, share), true
			}
		}
	}
	return low, high, ok
}

// verdict returns Holds, else Partly, else Fails.
func verdict(holds, partly bool) page.Verdict {
	switch {
	case holds:
		return page.Holds
	case partly:
		return page.Partly
	}
	return page.Fails
}
