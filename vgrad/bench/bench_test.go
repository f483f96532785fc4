package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
)

func quiet(string, ...any) {}

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-only a,x":       `no part "x"; there are a,b,c,d,e`,
		"-rivals theano":  `no rival "theano"; there are torch, tensorflow, jax`,
		"-n 0":            "-n and -seeds must be at least 1",
		"-rival-seeds 1":  "-rival-seeds at least 2",
		"more":            "there are only flags",
		"-only a -n 3":    "",
		"-rivals none -n": "flag needs an argument",
	} {
		_, err := parse(strings.Fields(args), io.Discard)
		if got := errors.Join(err); (want == "") != (got == nil) || got != nil && !strings.Contains(got.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	o, err := parse([]string{"-rivals", "jax,torch", "-only", "c"}, io.Discard)
	if err != nil || !slices.Equal(o.rivals, []string{"jax", "torch"}) || !slices.Equal(o.only, []string{"c"}) || o.n != 5 {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse([]string{"-rivals", "none"}, io.Discard); err != nil || o.rivals != nil {
		t.Errorf("-rivals none: %+v, %v", o, err)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		xs   []float64
		want spread
		text string
	}{
		{[]float64{3, 1, 2}, spread{2, 1, 3}, "2.00 (1.00–3.00)"},
		{[]float64{4, 1, 2, 3}, spread{2.5, 1, 4}, "2.50 (1.00–4.00)"},
		{[]float64{0.0667}, spread{0.0667, 0.0667, 0.0667}, "0.0667 (0.0667–0.0667)"},
		{[]float64{123.4, 99.96}, spread{111.68, 99.96, 123.4}, "112 (100.0–123)"},
	} {
		if got := spreadOf(c.xs); got != c.want || got.String() != c.text {
			t.Errorf("%v: %+v, %q", c.xs, got, got)
		}
	}
	if s := spreadOf(nil); !math.IsNaN(s.median) || s.String() != "–" {
		t.Errorf("of nothing: %v", s)
	}
	if got := spreadOf([]float64{1, 2, 3}).times(10); got != (spread{20, 10, 30}) {
		t.Errorf("times 10: %v", got)
	}
}

// The ratio is of what ran side by side: a machine that slows down in the middle does not move it.
func TestRatioIsTheRounds(t *testing.T) {
	a, b := result{times: []float64{1, 1, 10, 10}}, result{times: []float64{2, 2, 20, 20}}
	if got := ratio(a, b); got != 0.5 {
		t.Errorf("ratio %v", got)
	}
	if got := ratio(a, result{out: "no"}); !math.IsNaN(got) {
		t.Errorf("ratio to one left out: %v", got)
	}
}

func TestScaleSeeds(t *testing.T) {
	// Start-up 4 s; the first seed of each scenario compiles.
	got := []outcome{
		{Activation: "relu", Seed: 0, Seconds: 3}, {Activation: "relu", Seed: 1, Seconds: 1},
		{Activation: "sigmoid", Seed: 0, Seconds: 5}, {Activation: "sigmoid", Seed: 1, Seconds: 2},
	}
	if s := scale(4+11, got, 100); s != 4+3+5+1.5*198 {
		t.Errorf("scaled to %v s", s)
	}
	if s := scale(7, got[:1], 100); s != 7 {
		t.Errorf("with nothing to scale by: %v s", s)
	}
}

func TestTarget(t *testing.T) {
	for _, c := range []struct {
		target
		ratio float64
		want  string
	}{
		{0.2, 0.19, "0.190 ≤ 0.20 reached"}, {0.2, 0.2, "0.200 ≤ 0.20 reached"}, {0.2, 0.21, "0.210 ≤ 0.20 missed"},
		{0, 3, "3.00 "}, {0.2, math.NaN(), "– ≤ 0.20 not measured"},
	} {
		if got := strings.Join(c.cells(c.ratio), " "); got != c.want {
			t.Errorf("%v of %v: %q", c.ratio, float64(c.target), got)
		}
	}
}

var recipe = []outcome{
	{Activation: "sigmoid", MeanAbsGrad: []float64{0.001, 0.04}, ValAccuracy: 0.41},
	{Activation: "relu", MeanAbsGrad: []float64{0.01, 0.08}, ValAccuracy: 0.89},
	{Activation: "relu", Seed: 1, MeanAbsGrad: []float64{0.01, 0.09}, ValAccuracy: 0.89},
}

func TestVersus(t *testing.T) {
	ours := result{name: "vgrad", times: []float64{1, 1, 1}, got: recipe}
	slow := result{name: "Slow", times: []float64{4, 4, 8}, got: recipe}
	wrong := result{name: "Wrong", times: []float64{2, 2, 2}, got: []outcome{{Activation: "relu", MeanAbsGrad: []float64{1, 1}, ValAccuracy: 0.1}}}
	table := versus("ms", 1000, []side{{ours, map[string]target{"Slow": 0.2, "Wrong": 0.6}}}, []result{ours, slow, wrong, {name: "Broken", out: "it ended"}})
	table.title = "(x) A | B"
	var plain, markdown bytes.Buffer
	if err := errors.Join(table.write(&plain, false), table.write(&markdown, true)); err != nil {
		t.Fatal(err)
	}
	const want = `
**(x) A | B**

| library | ms, median (min–max) | vgrad ÷ this row | target | validation accuracy | factor |
| --- | --- | --- | --- | --- | --- |
| vgrad | 1000 (1000–1000) | 1.00 |  | 0.41, 0.89 | 40.0, 8.5 |
| Slow | 4000 (4000–8000) | 0.250 | ≤ 0.20 missed | 0.41, 0.89 | 40.0, 8.5 |
| Wrong | 2000 (2000–2000) | 0.500 | ≤ 0.60 reached | 0.10 | 1.0 |

Not the same: Wrong: relu: factor 1 and validation accuracy 0.1 are not those of the recipe.

Left out: Broken: it ended
`
	if got := markdown.String(); got != want {
		t.Errorf("Markdown:\n%s", got)
	}
	for _, line := range []string{"vgrad    1000 (1000–1000)", "Left out: Broken: it ended"} {
		if !strings.Contains(plain.String(), line) {
			t.Errorf("no %q in\n%s", line, &plain)
		}
	}
}

func TestOutcomesOfWhatIsPrinted(t *testing.T) {
	const answer = `[{"activation": "relu", "seed": 2, "seconds": 1.5, "mean_abs_grad": [0.5, 2], "val_accuracy": 0.9}]`
	for _, printed := range []string{answer, "a warning\nanother\n" + answer + "\n", strings.ReplaceAll(answer, ",", ",\n ")} {
		got, err := outcomes([]byte(printed))
		if err != nil || len(got) != 1 || got[0].factor() != 4 || got[0].Seed != 2 || got[0].Seconds != 1.5 || got[0].ValAccuracy != 0.9 {
			t.Errorf("%q: %+v, %v", printed, got, err)
		}
	}
	for _, printed := range []string{"", "Killed", answer[:20]} {
		if got, err := outcomes([]byte(printed)); err == nil {
			t.Errorf("%q: %v and no error", printed, got)
		}
	}
	if f := (outcome{}).factor(); !math.IsNaN(f) {
		t.Errorf("factor of nothing: %v", f)
	}
}

func TestRoundsTakeTurns(t *testing.T) {
	var order []string
	who := func(name string, seconds ...float64) contestant {
		turn := 0
		return contestant{name: name, once: func(context.Context) (float64, []outcome, error) {
			order = append(order, name)
			turn++
			return seconds[turn-1], recipe, nil
		}, close: func() { order = append(order, "close "+name) }}
	}
	slow := contestant{name: "slow", once: func(ctx context.Context) (float64, []outcome, error) { <-ctx.Done(); return 0, nil, ctx.Err() }}
	broken := contestant{name: "broken", once: func(context.Context) (float64, []outcome, error) { return 0, nil, errors.New("no") }}
	b := &bench{options: options{patience: time.Millisecond}, say: quiet}
	results, err := b.rounds(t.Context(), 1, 2, []contestant{who("a", 9, 1, 2), slow, broken, who("b", 9, 3, 4)})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "a b a b a b close b close a" {
		t.Errorf("turns %s", got)
	}
	if a, b := results[0], results[3]; !slices.Equal(a.times, []float64{1, 2}) || !slices.Equal(b.times, []float64{3, 4}) {
		t.Errorf("%v, %v", a, b)
	}
	if results[1].out != "a turn took longer than 1ms" || results[2].out != "no" {
		t.Errorf("left out: %q, %q", results[1].out, results[2].out)
	}
	broken.ours = true
	if _, err := b.rounds(t.Context(), 1, 2, []contestant{broken}); err == nil || err.Error() != "broken: no" {
		t.Errorf("ours failed: %v", err)
	}
}

// A server answers line by line, tells why it ended, and is killed when nobody waits.
func TestServer(t *testing.T) {
	script := func(text string) *server {
		return &server{start: func() *exec.Cmd { return exec.Command("sh", "-c", text) }}
	}
	echo := script(`while read q; do echo "[{\"activation\":\"relu\",\"seconds\":${#q}}]"; done`)
	defer echo.close()
	for _, steps := range []int{1, 1000} {
		o, err := echo.ask(t.Context(), request{Steps: steps})
		if want := float64(len(`{"steps":1}`)); err != nil || o.Seconds < want {
			t.Errorf("%v, %v", o, err)
		}
	}
	if _, err := script("echo it is broken >&2; read q; exit 3").ask(t.Context(), request{}); err == nil || !strings.Contains(err.Error(), "it ended: EOF: it is broken") {
		t.Errorf("ended: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := script("exec sleep 60").ask(ctx, request{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer: %v", err)
	}
}

func TestProcess(t *testing.T) {
	if _, got, err := process(exec.Command("sh", "-c", `echo hello; echo '[{"seed": 7}]'`)); err != nil || len(got) != 1 || got[0].Seed != 7 {
		t.Errorf("%v, %v", got, err)
	}
	if _, _, err := process(exec.Command("sh", "-c", "echo why >&2; exit 1")); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("failed: %v", err)
	}
}

// What rivals load is the set, in the format NumPy documents.
func TestDataForRivals(t *testing.T) {
	set, err := data.Load(t.Context(), "synthetic")
	if err != nil {
		t.Fatal(err)
	}
	p := place(t.TempDir())
	for range 2 { // the second time it is there
		if err := p.writeData(set); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(p.file("data", "validation-images.npy"))
	if err != nil {
		t.Fatal(err)
	}
	header, values := got[:128], got[128:]
	if want := "\x93NUMPY\x01\x00\x76\x00{'descr': '|u1', 'fortran_order': False, 'shape': ("; !strings.HasPrefix(string(header), want) || header[127] != '\n' {
		t.Errorf("header %q", header)
	}
	if !bytes.Equal(values, set.Validation.Images) {
		t.Error("the images are others")
	}
}

// Every rival has a script and a lock that names its package and gives a hash for each.
func TestRivalsArePinned(t *testing.T) {
	for _, r := range rivals {
		if _, err := files.ReadFile("rivals/" + r.script()); err != nil {
			t.Error(err)
		}
		lock, err := r.lock()
		if err != nil {
			t.Error(err)
		}
		if r.version() == "" {
			t.Errorf("%s: no version of %s in its lock", r.name, r.pack)
		}
		for entry := range strings.SplitSeq(strings.TrimSpace(lock), "\n") {
			if !strings.HasPrefix(entry, "#") && !strings.Contains(entry, "==") && !strings.HasPrefix(entry, "    --hash=sha256:") {
				t.Errorf("%s: %q is neither a version nor a hash", r.name, entry)
			}
		}
		if n := strings.Count(lock, "=="); n == 0 || strings.Count(lock, "--hash") < n {
			t.Errorf("%s: %d versions, %d hashes", r.name, n, strings.Count(lock, "--hash"))
		}
	}
}

// Ours is measured as the rivals are, and gives what they give.
func TestOursGivesOutcomes(t *testing.T) {
	set, err := data.Load(t.Context(), "synthetic")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{say: quiet, set: set, engines: map[string]*engine.Engine{}}
	defer b.close()
	e := vgrad.Experiment{Data: "synthetic", Activation: "relu", Depth: 2, Steps: 201, Measure: meanGradient}
	for _, seeds := range []int{1, 2} {
		seconds, got, err := b.ours("ours", "go", engine.Host, e, seeds).once(t.Context())
		if err != nil || seconds <= 0 || len(got) != seeds {
			t.Fatalf("%v s, %v, %v", seconds, got, err)
		}
		for i, o := range got {
			if o.Activation != "relu" || o.Seed != i || len(o.MeanAbsGrad) != 2 || o.factor() <= 0 || o.ValAccuracy <= 0 {
				t.Errorf("seed %d of %d: %+v", i, seeds, o)
			}
		}
	}
}

// The mean over the article's steps, not over all.
func TestKeepTakesEvery200th(t *testing.T) {
	k := keep{outcome: outcome{Activation: "relu"}}
	for step, x := range map[int]float64{0: 2, 1: 100, 200: 4} {
		site := vgrad.Site{Layer: 1}
		if err := k.add(step, []vgrad.Sample{{Step: step, Site: site, Quantity: vgrad.MeanAbsGrad, Value: x}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := k.condensed().MeanAbsGrad; !slices.Equal(got, []float64{3}) {
		t.Errorf("%v", got)
	}
}

func TestMachine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cpuinfo")
	if err := os.WriteFile(file, []byte("processor\t: 0\nmodel name\t: Some CPU: 3 GHz\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := field(file, "model name", "?"); got != "Some CPU: 3 GHz" {
		t.Errorf("%q", got)
	}
	if got := field(file, "flags", "?"); got != "?" {
		t.Errorf("%q", got)
	}
	if got := machine(); !strings.Contains(got, " core") {
		t.Errorf("%q", got)
	}
}
