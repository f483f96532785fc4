package engine

import (
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

// trainLanes trains experiments as lanes of one program.
func trainLanes(t *testing.T, b *backend.Backend, d Driver, es ...vgrad.Experiment) []*recording {
	t.Helper()
	set, err := data.Load(t.Context(), data.Of(es[0]))
	if err != nil {
		t.Fatal(err)
	}
	var lanes []Lane
	var rs []*recording
	for _, e := range es {
		r := record()
		rs, lanes = append(rs, r), append(lanes, Lane{e, []vgrad.Sink{r}})
	}
	if _, err := kept(b, d).TrainLanes(t.Context(), set, lanes...); err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestLanesThatCannotBeSpread(t *testing.T) {
	xla, set := backendtest.XLA(t), synthetic(t)
	lanes := make([]Lane, 3)
	for i := range lanes {
		lanes[i].Experiment = vgrad.Experiment{Data: "synthetic", Seed: uint64(i)}
	}
	for _, c := range []struct {
		eng  *Engine
		want string
	}{
		{&Engine{Backend: xla, Spread: 2}, "3 lanes cannot be sharded evenly over 2 devices"},
		{&Engine{Backend: xla, Spread: 99}, "lanes over 99 devices: the backend has"},
		{&Engine{Backend: xla, Spread: 3, Driver: Host}, "only the device loop shards lanes"},
		{&Engine{Backend: backendtest.Go(t), Spread: 3}, "lanes over 3 devices: the backend has 1"},
	} {
		if _, err := c.eng.TrainLanes(t.Context(), set, lanes...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v; want %q", err, c.want)
		}
	}
}

// Lanes that XLA spreads over devices give what they give on one. XLA's CPU plugin
// shows several.
func TestSpreadLanes(t *testing.T) {
	b := backendtest.XLA(t)
	base := vgrad.Experiment{Data: "synthetic", Steps: 60, Measure: vgrad.Measure{HistogramEvery: 20}}
	for _, c := range []struct {
		name     string
		devices  int
		variants []string
	}{
		{"over two devices", 2, []string{"seed=1", "seed=2 learning_rate=0.01", "seed=3", "seed=4 initializer=he_normal"}},
		{"one a device", 4, []string{"seed=1", "seed=2", "seed=3", "seed=4"}},
		{"shared batches", 2, []string{"gain=1", "gain=2"}},
		{"activations", 2, []string{"relu seed=1", "relu seed=2", "tanh seed=1", "sigmoid seed=1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var es []vgrad.Experiment
			for _, v := range c.variants {
				e, err := base.Vary(v)
				if err != nil {
					t.Fatal(err)
				}
				es = append(es, e)
			}
			eng := &Engine{Backend: b, Spread: c.devices}
			defer eng.Close()
			var lanes []Lane
			var rs []*recording
			for _, e := range es {
				r := record()
				rs, lanes = append(rs, r), append(lanes, Lane{e, []vgrad.Sink{r}})
			}
			if _, err := eng.TrainLanes(t.Context(), synthetic(t), lanes...); err != nil {
				t.Fatal(err)
			}
			for i, together := range trainLanes(t, b, Device, es...) {
				agree(t, rs[i], together, 1e-4)
				if len(rs[i].hists) != len(together.hists) {
					t.Errorf("lane %d: %d histograms; on one device %d", i, len(rs[i].hists), len(together.hists))
				}
				for key, h := range together.hists {
					if rs[i].hists[key].Count() != h.Count() {
						t.Errorf("lane %d: %s counts %d values; on one device %d", i, key, rs[i].hists[key].Count(), h.Count())
					}
				}
			}
		})
	}
}

// Each lane gives the samples that its experiment gives alone, to rounding: a
// batched product sums in another order. That holds with batches of their own
// and with shared ones, and for histograms.
func TestLanesAreRunsAlone(t *testing.T) {
	base := vgrad.Experiment{Activation: "elu", Data: "synthetic", Steps: 60, Measure: vgrad.Measure{HistogramEvery: 20}}
	vary := func(variants ...string) []vgrad.Experiment {
		var es []vgrad.Experiment
		for _, v := range variants {
			e, err := base.Vary(v)
			if err != nil {
				t.Fatal(err)
			}
			es = append(es, e)
		}
		return es
	}
	for name, es := range map[string][]vgrad.Experiment{
		"own batches":                 vary("seed=1", "seed=2 learning_rate=0.01", "seed=3 initializer=orthogonal gain=1.5"),
		"shared batches":              vary("seed=1", "seed=1 learning_rate=0.01", "seed=1 initializer=he_normal"),
		"one lane":                    vary("seed=4"),
		"activations":                 vary("relu seed=1", "relu seed=2", "leaky_relu seed=1", "leaky_relu seed=1 slope=0.3", "tanh seed=3", "relu seed=3"),
		"wide":                        vary("width=110 seed=1", "width=110 seed=2 learning_rate=0.002"),
		"activations, shared batches": vary("sigmoid", "relu", "leaky_relu"),
	} {
		t.Run(name, func(t *testing.T) {
			drivers(t, func(t *testing.T, b *backend.Backend, d Driver) {
				for i, lane := range trainLanes(t, b, d, es...) {
					alone := trained(t, b, d, es[i])
					agree(t, lane, alone, 1e-4)
					if len(lane.hists) != len(alone.hists) {
						t.Errorf("lane %d: %d histograms; alone %d", i, len(lane.hists), len(alone.hists))
					}
					for key, h := range alone.hists {
						if strings.HasSuffix(key, " 0") && strings.HasPrefix(key, "weights") {
							same(t, lane.hists[key], h)
						}
						if lane.hists[key].Count() != h.Count() {
							t.Errorf("lane %d: %s counts %d values; alone %d", i, key, lane.hists[key].Count(), h.Count())
						}
					}
				}
			})
		})
	}
}

func TestLanesThatDoNotGoTogether(t *testing.T) {
	eng := &Engine{Backend: backendtest.Go(t)}
	set := synthetic(t)
	for _, variant := range []string{"width=5", "depth=3", "steps=7", "batch=10"} {
		base := vgrad.Experiment{Data: "synthetic"}
		other, err := base.Vary(variant)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := eng.TrainLanes(t.Context(), set, Lane{Experiment: base}, Lane{Experiment: other}); err == nil || !strings.Contains(err.Error(), "differ in fields that shape the program") {
			t.Errorf("%s: error %v", variant, err)
		}
	}
	if _, err := eng.TrainLanes(t.Context(), set); err == nil {
		t.Error("no lanes: no error")
	}
}

// A run is the same on whichever of a backend's devices. XLA's CPU plugin shows several.
func TestDevicesAgree(t *testing.T) {
	b := backendtest.XLA(t)
	if b.NumDevices() < 2 {
		t.Fatalf("%s shows %d devices; the test needs two", b.Description(), b.NumDevices())
	}
	e := vgrad.Experiment{Data: "synthetic", Depth: 3, Steps: 30, Measure: vgrad.Measure{HistogramEvery: 20}}
	for _, d := range []Driver{Host, Device} {
		eng := &Engine{Backend: b, Driver: d, Device: 1}
		defer eng.Close()
		r := record()
		if _, err := eng.Train(t.Context(), Job{Experiment: e, Data: synthetic(t)}, r); err != nil {
			t.Fatal(err)
		}
		agree(t, r, trained(t, b, d, e), 0)
	}
}
