package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad/summary"
)

// outcome holds the results of a training, by vgrad or a rival. The numbers are defined as
// in article.Outcome.
type outcome struct {
	Activation  string    `json:"activation"`
	Seed        int       `json:"seed"`
	Seconds     float64   `json:"seconds"`       // of the steps
	MeanAbsGrad []float64 `json:"mean_abs_grad"` // of each layer, averaged over every 200th step
	ValAccuracy float64   `json:"val_accuracy"`  // at the end, 0 to 1
}

// factor is the article's measure of vanishing: the last layer's gradient divided by the
// first layer's. It is NaN without layers, or if the first layer's gradient is 0.
func (o outcome) factor() float64 {
	if len(o.MeanAbsGrad) == 0 || o.MeanAbsGrad[0] == 0 {
		return math.NaN()
	}
	return o.MeanAbsGrad[len(o.MeanAbsGrad)-1] / o.MeanAbsGrad[0]
}

// scenario holds the medians over the seeds of one activation.
type scenario struct {
	activation       string
	factor, accuracy float64
}

// scenarios returns the scenarios of outcomes, in order of first appearance.
func scenarios(got []outcome) []scenario {
	var all []scenario
	factors, accuracies := map[string][]float64{}, map[string][]float64{}
	for _, o := range got {
		if factors[o.Activation] == nil {
			all = append(all, scenario{activation: o.Activation})
		}
		factors[o.Activation] = append(factors[o.Activation], o.factor())
		accuracies[o.Activation] = append(accuracies[o.Activation], o.ValAccuracy)
	}
	for i := range all {
		s := &all[i]
		s.factor, s.accuracy = spreadOf(factors[s.activation]).median, spreadOf(accuracies[s.activation]).median
	}
	return all
}

// bands holds, for each activation, the ranges in which factor and validation accuracy lie
// if a rival trains the same network in the same way. They are wide enough for one seed.
var bands = map[string]struct{ factor, accuracy [2]float64 }{
	"sigmoid":    {[2]float64{10, 120}, [2]float64{0.2, 0.75}},
	"relu":       {[2]float64{3, 25}, [2]float64{0.8, 0.95}},
	"leaky_relu": {[2]float64{3, 25}, [2]float64{0.8, 0.95}},
}

// outOfBand describes a scenario that is out of its band. It returns "" for one within its
// band, and for an activation without one.
func (s scenario) outOfBand() string {
	band, known := bands[s.activation]
	within := func(x float64, b [2]float64) bool { return b[0] <= x && x <= b[1] }
	if !known || within(s.factor, band.factor) && within(s.accuracy, band.accuracy) {
		return ""
	}
	return fmt.Sprintf("%s: factor %.3g and validation accuracy %.3g are not those of the recipe", s.activation, s.factor, s.accuracy)
}

// contestant is one of the programs that a part compares.
type contestant struct {
	name string
	ours bool // vgrad: an error stops the part, and a turn has no time limit
	// once takes a turn. It returns the seconds that it took and the outcomes.
	once func(context.Context) (seconds float64, got []outcome, err error)
	// close frees what once holds. Nil: nothing.
	close func()
}

// result holds the times and the outcomes of a contestant.
type result struct {
	name  string
	times []float64 // seconds of each round; nil: it was left out
	got   []outcome // of the last round
	out   string    // why it was left out; "": it was not
}

// rounds lets the contestants take turns. The first rounds are not counted: in them
// contestants compile, and caches fill. Then n rounds are counted. A rival is left out,
// with the reason, if it fails or if a turn takes longer than the bench's patience. If
// vgrad fails, rounds fails.
func (b *bench) rounds(ctx context.Context, uncounted, n int, cs []contestant) ([]result, error) {
	results := make([]result, len(cs))
	for _, c := range cs {
		if c.close != nil {
			defer c.close()
		}
	}
	for round := -uncounted; round < n; round++ {
		for i, c := range cs {
			r := &results[i]
			r.name = c.name
			if r.out != "" {
				continue
			}
			seconds, got, err := b.turn(ctx, c)
			switch {
			case ctx.Err() != nil:
				return results, context.Cause(ctx)
			case err != nil && c.ours:
				return results, fmt.Errorf("%s: %w", c.name, err)
			case err != nil:
				r.times, r.out = nil, err.Error()
				b.say("%s is left out: %v", c.name, err)
			case round >= 0:
				r.times, r.got = append(r.times, seconds), got
				b.say("round %d of %d: %-40s %.3f s", round+1, n, c.name, seconds)
			}
		}
	}
	return results, nil
}

// turn runs one turn of a contestant. A rival's turn has a time limit.
func (b *bench) turn(ctx context.Context, c contestant) (float64, []outcome, error) {
	if c.ours {
		return c.once(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	seconds, got, err := c.once(limited)
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("a turn took longer than %v", b.patience)
	}
	return seconds, got, err
}

// spread holds the median, the smallest and the largest of some numbers.
type spread struct{ median, min, max float64 }

// spreadOf returns the spread of xs. It is NaN if xs is empty.
func spreadOf(xs []float64) spread {
	if len(xs) == 0 {
		return spread{math.NaN(), math.NaN(), math.NaN()}
	}
	xs = slices.Sorted(slices.Values(xs))
	return spread{summary.Quantile(xs, 0.5), xs[0], xs[len(xs)-1]}
}

// times returns the spread of the numbers multiplied by x.
func (s spread) times(x float64) spread { return spread{s.median * x, s.min * x, s.max * x} }

// String returns "0.410 (0.400–0.440)", or "–" for NaN.
func (s spread) String() string {
	if math.IsNaN(s.median) {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", digits(s.median), digits(s.min), digits(s.max))
}

// digits formats x with three significant digits, or all digits before the point. NaN is "–".
func digits(x float64) string {
	switch {
	case math.IsNaN(x):
		return "–"
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x == 0:
		return "0"
	}
	return fmt.Sprintf("%.*f", max(0, 2-int(math.Floor(math.Log10(math.Abs(x))))), x)
}

// ratio returns the median over the rounds of a's time divided by b's. It is NaN if one of
// them was left out.
func ratio(a, b result) float64 {
	var rs []float64
	for i := range min(len(a.times), len(b.times)) {
		rs = append(rs, a.times[i]/b.times[i])
	}
	return spreadOf(rs).median
}
