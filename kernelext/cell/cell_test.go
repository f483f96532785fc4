package cell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/wire"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

// TestMain plays the vgrad program where a test starts it: it "trains" by
// recording a decay, and does as the label of the experiment says.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "cell" {
		if err := play(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	os.Setenv("VGRAD_PROGRAM", path)
	os.Exit(m.Run())
}

func play() error {
	r, err := wire.Hear(os.Stdin)
	if err != nil {
		return err
	}
	ended := make(chan bool)
	go func() { io.Copy(io.Discard, os.Stdin); close(ended) }()
	store, err := runs.Open(r.Store)
	if err != nil {
		return err
	}
	voice := wire.NewVoice(os.Stdout)
	if r.Speed {
		return playSpeed(r, voice)
	}
	for i, e := range r.Train {
		switch {
		case e.Label == "refused" || e.Steps == 66:
			return voice.Send(wire.Message{Failed: "it is refused"})
		case e.Label == "dies":
			return errors.New("it dies")
		}
		w, err := store.Create(e, runs.Provenance{})
		if errors.Is(err, runs.ErrRecorded) {
			continue
		} else if err != nil {
			return err
		}
		feeder := &vgrad.Feeder{To: w}
		if r.Sweep {
			voice.Send(wire.Message{Progress: &vgrad.Progress{Total: len(r.Train), Done: i, Last: e}})
		} else {
			voice.Send(wire.Message{Begin: &wire.Begun{Experiment: e, Run: w.Name()}})
		}
		for step := range e.WithDefaults().Steps {
			samples := samplesOf(step)
			for i := range samples {
				if samples[i].Value *= factorOf(e); e.Steps == 55 && step == 9 {
					samples[i].Value = math.NaN()
				}
			}
			if err := feeder.Put(step, samples); err != nil {
				return err
			}
			if (e.Label == "long" || e.Steps == 77) && step == 5 {
				<-ended
				w.Close()
				return voice.Send(wire.Message{Failed: "context canceled"})
			}
		}
		last := []vgrad.Sample{{Site: vgrad.NetworkSite, Quantity: vgrad.ValAccuracy, Value: 0.5}, {Site: vgrad.NetworkSite, Quantity: vgrad.ValLoss, Value: 1}}
		err = feeder.Put(e.WithDefaults().Steps, last)
		if err := errors.Join(err, w.Finish(runs.Provenance{Backend: "go"})); err != nil {
			return err
		}
	}
	if r.Judge {
		voice.Send(wire.Message{Claims: &page.Table{Columns: []string{"claim"}, Rows: [][]string{{"it vanishes"}}, Verdicts: []page.Verdict{page.Holds}}})
	}
	return voice.Send(wire.Message{Done: true})
}

// factorOf makes the samples of experiments with 33 units differ.
func factorOf(e vgrad.Experiment) float64 {
	if e.Width != 33 {
		return 1
	}
	return float64(e.Depth) + float64(e.Activation[0])/70 + float64(e.Seed)/100
}

func samplesOf(step int) []vgrad.Sample {
	ss := []vgrad.Sample{{Step: step, Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: 1 / float64(1+step)}}
	for layer := 1; layer <= 2; layer++ {
		site := vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", layer), Layer: layer, Size: 4}
		ss = append(ss, vgrad.Sample{Step: step, Site: site, Quantity: vgrad.MeanAbsGrad, Value: float64(layer) / 100})
	}
	return ss
}

// left runs f in an empty folder with an empty store and returns what it wrote
// to standard output and error, and whether it ended the cell.
func left(t *testing.T, f func()) (out, complaint string, ended bool) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("VGRAD_RUNS", filepath.Join(t.TempDir(), "runs"))
	stdout, stderr, quit := os.Stdout, os.Stderr, exit
	defer func() { os.Stdout, os.Stderr, exit = stdout, stderr, quit }()
	read := func(file **os.File) func() string {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		*file = w
		text := make(chan string)
		go func() { b, _ := io.ReadAll(r); text <- string(b) }()
		return func() string { w.Close(); return <-text }
	}
	o, e := read(&os.Stdout), read(&os.Stderr)
	type over struct{}
	exit = func(code int) {
		if code != 1 {
			t.Errorf("exit status %d", code)
		}
		ended = true
		panic(over{})
	}
	func() {
		defer func() {
			if p := recover(); p != nil && p != (over{}) {
				panic(p)
			}
		}()
		f()
	}()
	return o(), e(), ended
}

func TestOutsideANotebook(t *testing.T) {
	files = 0 // as in a program that begins
	var made []string
	out, complaint, ended := left(t, func() {
		c := Compare(vgrad.Experiment{Steps: 20, Depth: 2}, "sigmoid", "relu")
		if len(c.Runs()) != 2 || c.Run("relu") != c.Runs()[1] {
			t.Errorf("runs: %v", c)
		}
		Show(chart.MeanGradient(c, 1))
		Text("one *word*")
		Claims(c)
		made, _ = filepath.Glob("*.html")
	})
	if ended {
		t.Fatalf("the cell ended: %s", complaint)
	}
	if want := []string{"figure-1.html", "figure-2.html"}; fmt.Sprint(made) != fmt.Sprint(want) {
		t.Errorf("files: %v", made)
	}
	for _, want := range []string{"figure-1.html: Training loss", "figure-2.html: Mean |∂L/∂W| of layer 1", "one *word*", "it vanishes | ✓ holds"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if !strings.Contains(complaint, "Trained sigmoid depth=2 steps=20, relu depth=2 steps=20 for 20 steps each.") {
		t.Errorf("progress: %q", complaint)
	}
}

// What was trained is named in the order of the variants, though a shallow network is
// compiled sooner.
func TestTrainedInOrder(t *testing.T) {
	files = 0
	_, complaint, ended := left(t, func() { Compare(vgrad.Experiment{Steps: 20}, "depth=30", "depth=2") })
	if want := "Trained sigmoid depth=30 steps=20, sigmoid depth=2 steps=20 for 20 steps each."; ended || !strings.Contains(complaint, want) {
		t.Errorf("ended %t, said %q", ended, complaint)
	}
}

func TestSweep(t *testing.T) {
	out, complaint, ended := left(t, func() {
		s := Sweep(vgrad.Experiment{Steps: 20}, "depth=2,3", "sigmoid,relu", "seed=0..2")
		if len(s.Runs) != 12 || fmt.Sprint(s.Fields) != "[depth activation]" || s.Runs[0].Ran().Measure.HistogramEvery != -1 {
			t.Errorf("swept %v, %d runs, %+v", s.Fields, len(s.Runs), s.Runs[0].Ran())
		}
		Show(chart.FactorMap(s.Sources(), "depth", "activation"))
		Table(s.Table())
		exec := os.Getenv("VGRAD_PROGRAM")
		defer os.Setenv("VGRAD_PROGRAM", exec)
		os.Setenv("VGRAD_PROGRAM", "/nowhere") // it is not asked again
		Sweep(vgrad.Experiment{Steps: 20}, "depth=2,3", "sigmoid,relu", "seed=0..2")
		Sweep(vgrad.Experiment{Steps: 20, Measure: vgrad.SweepMeasure()}, "depth=3", "seed=1,2")
	})
	if ended || complaint != "12 runs are recorded; the next time they are loaded.\n" {
		t.Errorf("ended %t, said %q", ended, complaint)
	}
	for _, want := range []string{"html: Gradient factor by depth and activation", "depth | activation | runs | gradient factor", "3 | relu | 3 | 2 (2–2) | 0.5 (0.5–0.5)"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
}

// Many trains with a bar, loads without one, and returns the runs in their order.
func TestMany(t *testing.T) {
	es := []vgrad.Experiment{{Depth: 3, Steps: 10, Label: "three"}, {Depth: 2, Steps: 10, Label: "two"}}
	var c Comparison
	_, complaint, ended := left(t, func() {
		Many(es...)
		exec := os.Getenv("VGRAD_PROGRAM")
		defer os.Setenv("VGRAD_PROGRAM", exec)
		os.Setenv("VGRAD_PROGRAM", "/nowhere") // it is not asked again
		c = Many(es...)
	})
	if ended || complaint != "2 runs are recorded; the next time they are loaded.\n" {
		t.Fatalf("ended %t, said %q", ended, complaint)
	}
	if len(c) != 2 || c[0].Label() != "three" || c[1].Label() != "two" {
		t.Errorf("the runs are %v", c)
	}
	if _, complaint, ended := left(t, func() { Many() }); !ended || !strings.Contains(complaint, "nothing to train") {
		t.Errorf("without experiments: ended %t, said %q", ended, complaint)
	}
}

// A bar that follows a sweep tells its estimate.
func TestBarFollows(t *testing.T) {
	b := &Bar{name: "runs", start: time.Now().Add(-time.Hour)}
	b.follow(vgrad.Progress{Total: 10, Done: 5, Found: 4, Last: vgrad.Experiment{Activation: "tanh"}, Left: 90 * time.Second})
	if b.at != 5 || b.total != 10 || b.note != "tanh" || b.left() != " · 1m30s left" {
		t.Errorf("bar %+v, %s", b, b.left())
	}
	if b.follow(vgrad.Progress{Total: 10, Done: 10}); b.left() != "" {
		t.Errorf("at the end: %s", b.left())
	}
}

// What goes wrong ends the cell with one line.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name, want string
		f          func()
	}{
		{"bad variant", `vgrad: variant "wdith=3": `, func() { Compare(vgrad.Experiment{}, "wdith=3") }},
		{"nothing", "vgrad: nothing to compare", func() { Compare(vgrad.Experiment{}) }},
		{"bad experiment", "vgrad: sigmoid depth=-1 width=-2: depth is -1; it must be at least 1; width", func() { Train(vgrad.Experiment{Depth: -1, Width: -2}) }},
		{"bad sweep", `an experiment has no field "depht"`, func() { Sweep(vgrad.Experiment{}, "depht=3", "seed=3..1") }},
		{"refused sweep", "vgrad: it is refused\n", func() { Sweep(vgrad.Experiment{Steps: 66}, "seed=0..3") }},
		{"refused", "vgrad: it is refused\n", func() { Train(vgrad.Experiment{Label: "refused"}) }},
		{"died", "exit status 1: it dies\n", func() { Train(vgrad.Experiment{Label: "dies"}) }},
		{"no such run", `vgrad: there is no run "tanh"; there are ["sigmoid" "relu"]`, func() {
			Comparison{&runs.Run{Experiment: vgrad.Experiment{}}, &runs.Run{Experiment: vgrad.Experiment{Activation: "relu"}}}.Run("tanh")
		}},
		{"bad figure", "vgrad: chart: ", func() { Show(chart.Accuracy(nil)) }},
		{"no figures", "vgrad: cell: Side: no figures", func() { Side() }},
		{"two lines", "vgrad: one; two\n", func() { Must(0, errors.New("one\ntwo")) }},
		{"bad table", "vgrad: ", func() { Table(page.Table{Columns: []string{"a"}, Rows: [][]string{{"1", "2"}}}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, complaint, ended := left(t, c.f)
			if !ended {
				t.Fatal("the cell went on")
			}
			if !strings.Contains(complaint, c.want) || strings.Count(complaint, "\n") != 1 {
				t.Errorf("it said %q, not %q", complaint, c.want)
			}
		})
	}
}

func TestInterrupt(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	Context() // so that it is not made again
	was := interrupt.ctx
	interrupt.ctx = ctx
	defer func() { interrupt.ctx = was }()
	long := vgrad.Experiment{Label: "long", Steps: 1000, Depth: 2}
	_, complaint, ended := left(t, func() {
		defer func() {
			store := Must(runs.Open(""))
			if run, err := store.Load(long); err != nil || run.Finished || run.LastStep != 5 {
				t.Errorf("kept: %+v, %v", run, err)
			}
		}()
		watched := Must(runs.Open(""))
		go func() {
			for {
				if run, err := watched.Load(long); err == nil && run.LastStep == 5 {
					stop()
					return
				}
			}
		}()
		Train(long)
	})
	if !ended || !strings.Contains(complaint, "vgrad: "+interrupted) || !strings.Contains(complaint, "Interrupted after 6 of 1000 steps.") {
		t.Errorf("ended %t, said %q", ended, complaint)
	}
}

func TestRecording(t *testing.T) {
	vgradtest.TestSink(t, func(*testing.T) vgrad.Sink { return &recording{} })
	vgradtest.TestSource(t, func(t *testing.T, steps [][]vgrad.Sample) vgrad.Source {
		r := &recording{label: "live"}
		feeder := &vgrad.Feeder{To: r}
		for step, samples := range steps {
			if err := feeder.Put(step, samples); err != nil {
				t.Fatal(err)
			}
		}
		return r
	})
}

// A long run is kept at even steps, the first and the last among them.
func TestRecordingIsThin(t *testing.T) {
	r := &recording{}
	feeder := &vgrad.Feeder{To: r}
	for step := range 10_007 {
		if err := feeder.Put(step, samplesOf(step)); err != nil {
			t.Fatal(err)
		}
	}
	steps, _ := vgrad.Series(r, vgrad.Loss, 0)
	n := len(steps)
	if n < liveSteps || n >= 2*liveSteps {
		t.Errorf("%d steps are kept", n)
	}
	if steps[0] != 0 || steps[n-1] != 10_006 {
		t.Errorf("from %d to %d", steps[0], steps[n-1])
	}
	for i := 2; i < n-1; i++ {
		if steps[i]-steps[i-1] != steps[1]-steps[0] {
			t.Fatalf("uneven steps: %v", steps)
		}
	}
}

func TestBar(t *testing.T) {
	_, said, _ := left(t, func() {
		b := Progress("seeds", 3)
		b.Add(2)
		b.Note("loss <b>1</b>")
		b.Done()
		b.Done()
		b.Add(1)
	})
	if said != "seeds: 2 of 3 · loss <b>1</b>\n" {
		t.Errorf("said %q", said)
	}
}

func TestPlainText(t *testing.T) {
	got := plainTable(page.Table{Caption: "c", Columns: []string{"a", "b"}, Rows: [][]string{{"1", "2"}}, Verdicts: []page.Verdict{page.Fails}})
	if want := "c\na | b | verdict\n1 | 2 | ✗ does not hold"; got != want {
		t.Errorf("%q", got)
	}
}

func ExampleTextf() {
	Textf("layer 1 gets **%.0f times** less", 28.0)
	// Output: layer 1 gets **28 times** less
}

func ExampleTable() {
	Table(page.Table{Columns: []string{"activation", "factor"}, Rows: [][]string{{"sigmoid", "28"}, {"relu", "6"}}})
	// Output:
	// activation | factor
	// sigmoid | 28
	// relu | 6
}

func ExampleComparison() {
	c := Comparison{&runs.Run{Experiment: vgrad.Experiment{Activation: "relu", Depth: 12}}}
	fmt.Println(c.Run("relu").Label())
	// Output: relu depth=12
}

func ExampleBar() {
	bar := Progress("seeds", 30)
	for range 30 {
		bar.Add(1)
	}
	bar.Done() // a line in the notebook, or on standard error
	// Output:
}

// Two trainings at once each have a recording of their own.
func TestLiveOfTwo(t *testing.T) {
	left(t, func() {
		l := follow("training", 8, nil)
		feeders := []*vgrad.Feeder{{To: l.begin(vgrad.Experiment{Steps: 4}, nil)}, {To: l.begin(vgrad.Experiment{Steps: 4, Activation: "relu"}, nil)}}
		for step := range 4 {
			for run := range 2 {
				samples := []vgrad.Sample{{Step: step, Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: float64(run)}}
				if err := feeders[run].Put(step, samples); err != nil {
					t.Fatal(err)
				}
			}
		}
		l.read()
		if l.bar.at != 8 {
			t.Errorf("the bar is at %d of 8", l.bar.at)
		}
		for run, s := range l.sources {
			n := 0
			for sample := range s.Samples(vgrad.Loss) {
				if n++; sample.Value != float64(run) {
					t.Errorf("%s got a sample of the other run", s.Label())
				}
			}
			if n != 4 {
				t.Errorf("%s got %d of 4 samples", s.Label(), n)
			}
		}
	})
}

// A run that goes on says so beside the bar, and the estimate leaves out what was done
// before.
func TestGoesOn(t *testing.T) {
	l := follow("training", 10, nil)
	e := vgrad.Experiment{Steps: 10, Label: "mine"}
	one := l.begin(e, nil)
	one.goesOn(5, "continued at step 5 of 10 (interrupted just now)")
	feeder := &vgrad.Feeder{To: one}
	for step := range 7 {
		if err := feeder.Put(step, samplesOf(step)); err != nil {
			t.Fatal(err)
		}
	}
	l.bar.drawn, l.bar.start = time.Time{}, time.Now().Add(-10*time.Second)
	l.drawSoon()
	if want := "mine · loss 0.143 · continued at step 5 of 10 (interrupted just now)"; l.bar.note != want {
		t.Errorf("note %q; want %q", l.bar.note, want)
	}
	if left := l.bar.left(); l.bar.at != 7 || left != " · 15s left" {
		t.Errorf("at %d%s; two steps took ten seconds", l.bar.at, left)
	}
}
