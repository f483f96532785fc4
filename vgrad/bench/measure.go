package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad/summary"
)

// outcome is what a training gave, ours or a rival's: the same numbers as article.Outcome.
type outcome struct {
	Activation  string    `json:"activation"`
	Seed        int       `json:"seed"`
	Seconds     float64   `json:"seconds"`       // of the steps
	MeanAbsGrad []float64 `json:"mean_abs_grad"` // a layer, averaged over every 200th step
	ValAccuracy float64   `json:"val_accuracy"`
}

// factor is the article's measure of vanishing: the last layer's gradient over the first's.
func (o outcome) factor() float64 {
	if len(o.MeanAbsGrad) == 0 || o.MeanAbsGrad[0] == 0 {
		return math.NaN()
	}
	return o.MeanAbsGrad[len(o.MeanAbsGrad)-1] / o.MeanAbsGrad[0]
}

// scenario is what the seeds of one activation gave: medians.
type scenario struct {
	activation       string
	factor, accuracy float64
}

// scenarios condenses outcomes, in their order.
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

// bands say where factor and validation accuracy of the article's scenarios lie if the
// recipe is the same: wide enough for a single seed.
var bands = map[string]struct{ factor, accuracy [2]float64 }{
	"sigmoid":    {[2]float64{10, 120}, [2]float64{0.2, 0.75}},
	"relu":       {[2]float64{3, 25}, [2]float64{0.8, 0.95}},
	"leaky_relu": {[2]float64{3, 25}, [2]float64{0.8, 0.95}},
}

// astray says what is out of its band; "" where nothing is.
func (s scenario) astray() string {
	band, known := bands[s.activation]
	within := func(x float64, b [2]float64) bool { return b[0] <= x && x <= b[1] }
	if !known || within(s.factor, band.factor) && within(s.accuracy, band.accuracy) {
		return ""
	}
	return fmt.Sprintf("%s: factor %.3g and validation accuracy %.3g are not those of the recipe", s.activation, s.factor, s.accuracy)
}

// contestant is one way to do what a part measures.
type contestant struct {
	name string
	ours bool // its failure is the benchmark's
	// once does it and returns the seconds it took and what came of it.
	once func(context.Context) (seconds float64, got []outcome, err error)
	// close, where it is not nil, frees what once holds.
	close func()
}

// result is what the rounds gave of a contestant.
type result struct {
	name  string
	times []float64 // seconds, a round each; nil where it was left out
	got   []outcome // of the last round
	out   string    // why it was left out
}

// rounds lets the contestants take turns: first some that are not counted, in which they
// compile and caches fill, then n that are. A rival that fails, or takes longer
// for a turn than the bench's patience, is left out, with the reason; ours fails all.
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

// turn is one turn; a rival's has a limit.
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

// spread is the median of some numbers, and the least and the greatest of them.
type spread struct{ median, min, max float64 }

// spreadOf returns the spread of xs; NaN of none.
func spreadOf(xs []float64) spread {
	if len(xs) == 0 {
		return spread{math.NaN(), math.NaN(), math.NaN()}
	}
	xs = slices.Sorted(slices.Values(xs))
	return spread{summary.Quantile(xs, 0.5), xs[0], xs[len(xs)-1]}
}

// times returns the spread with every number multiplied.
func (s spread) times(x float64) spread { return spread{s.median * x, s.min * x, s.max * x} }

// String is "0.41 (0.40–0.44)".
func (s spread) String() string {
	if math.IsNaN(s.median) {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", digits(s.median), digits(s.min), digits(s.max))
}

// digits writes three of them.
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

// ratio is the median over the rounds of a's time over b's, NaN where one was left out.
func ratio(a, b result) float64 {
	var rs []float64
	for i := range min(len(a.times), len(b.times)) {
		rs = append(rs, a.times[i]/b.times[i])
	}
	return spreadOf(rs).median
}
