package vgrad_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
)

func ExampleSweep() {
	s := vgrad.Sweep{
		Base: vgrad.Experiment{Steps: 500},
		Over: []string{"depth=2,6", "sigmoid,relu", "seed=0..9"},
	}
	es, err := s.Experiments()
	if err != nil {
		fmt.Println(err)
		return
	}
	fields, _ := s.Varied()
	fmt.Println(len(es), "runs over", fields)
	for _, e := range es[8:12] {
		fmt.Println(e.NameBy(fields...), "seed", e.Seed)
	}
	// Output:
	// 40 runs over [depth activation]
	// sigmoid depth=2 seed 8
	// sigmoid depth=2 seed 9
	// relu depth=2 seed 0
	// relu depth=2 seed 1
}

func ExampleSweep_Shard() {
	s := vgrad.Sweep{Over: []string{"activation=sigmoid,relu", "depth=2,6", "seed=0..4"}}
	for i := 1; i <= 2; i++ {
		es, err := s.Shard(i, 2)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("shard %d/2:", i)
		for _, e := range es {
			fmt.Printf(" %s-%d", e.NameBy("activation", "depth"), e.Seed)
		}
		fmt.Println()
	}
	// Output:
	// shard 1/2: sigmoid depth=2-0 sigmoid depth=2-1 sigmoid depth=2-2 sigmoid depth=2-3 sigmoid depth=2-4 relu depth=2-0 relu depth=2-1 relu depth=2-2 relu depth=2-3 relu depth=2-4 sigmoid depth=6-0
	// shard 2/2: sigmoid depth=6-1 sigmoid depth=6-2 sigmoid depth=6-3 sigmoid depth=6-4 relu depth=6-0 relu depth=6-1 relu depth=6-2 relu depth=6-3 relu depth=6-4
}

func ExampleExperiment_Field() {
	fmt.Println(vgrad.Experiment{Width: 32}.Field("width"))
	fmt.Println(vgrad.Experiment{}.Field("learning_rate"))
	// Output:
	// 32 <nil>
	// 0.001 <nil>
}

func ExampleExperiment_Work() {
	shallow, deep := vgrad.Experiment{Depth: 2}, vgrad.Experiment{Depth: 20}
	fmt.Printf("%.1f\n", float64(deep.Work())/float64(shallow.Work()))
	// Output: 2.3
}

// What means the same is one experiment.
func TestSweepOnce(t *testing.T) {
	for _, c := range []struct {
		over []string
		want int
	}{
		{nil, 1},
		{[]string{"seed=0..0"}, 1},
		{[]string{"depth=2, 6 ,6"}, 2},
		{[]string{"gain=1,1.0,1e0"}, 1},
		{[]string{"seed=18446744073709551614..18446744073709551615"}, 2},
		{[]string{"depth=2,4..6", "seed=0..99", "tanh,relu"}, 800},
	} {
		es, err := vgrad.Sweep{Over: c.over}.Experiments()
		if err != nil || len(es) != c.want {
			t.Errorf("%q: %d experiments, %v; want %d", c.over, len(es), err, c.want)
		}
	}
}

// All that is wrong is told at once.
func TestBadSweep(t *testing.T) {
	s := vgrad.Sweep{
		Base: vgrad.Experiment{Label: "mine", Batch: -1},
		Over: []string{"depth=0..3", "depth=4", "wdith=3", "width=x,-2", "seed=9..3", "seed=1..a", "label=a,b", "learning_rate=NaN", "gain=", "optimizer=", "steps=1..100001"},
	}
	_, err := s.Experiments()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`label "mine"`, "batch is -1", "depth is 0; it must be at least 1", "has depth twice", `no field "wdith"`,
		`width is "x"; it must be a whole number`, "width is -2", "seed=9..3: the range ends before it begins", "seed=1..a: a range is two whole numbers", "a label does not change an experiment",
		"learning_rate is NaN", `gain is ""; it must be a number`, "optimizer= has no value; leave the word out for the default, adam", "more than 100000 numbers",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q:\n%v", want, err)
		}
	}
	for _, over := range [][]string{{"seed=0..999", "depth=1..1000"}, {"seed=0..9999", "depth=1..9999", "width=1..9999", "steps=1..9999", "batch=1..9999"}} {
		if _, err := (vgrad.Sweep{Over: over}).Experiments(); err == nil || !strings.Contains(err.Error(), "more than 100000 combinations") {
			t.Errorf("%q: %v", over, err)
		}
	}
	for _, shard := range [][2]int{{0, 3}, {4, 3}, {1, 0}, {-1, -1}, {1, vgrad.MaxSweep + 1}} {
		if es, err := (vgrad.Sweep{}).Shard(shard[0], shard[1]); err == nil {
			t.Errorf("shard %v has %d experiments", shard, len(es))
		}
	}
	if _, err := (vgrad.Sweep{Over: []string{"depht=3"}}).Varied(); err == nil {
		t.Error("Varied of a bad sweep: no error")
	}
}

// Shards together are the sweep, each experiment once; no part has more work
// than its share, a run and the tenth that keeping groups together may cost.
func TestShards(t *testing.T) {
	for _, over := range [][]string{
		{"depth=2..20", "sigmoid,relu,tanh", "seed=0..9"},
		{"seed=0..99", "sigmoid,relu"},
		{"width=10,100,1024", "depth=2,100", "seed=0..3"},
		{"depth=1..7"},
		{"steps=1,1000000000", "width=10,1000000", "depth=1000000"},
		{"seed=0"},
	} {
		s := vgrad.Sweep{Over: over}
		all, err := s.Experiments()
		if err != nil {
			t.Fatal(err)
		}
		total, most := uint64(0), uint64(0)
		for _, e := range all {
			total, most = total+e.Work(), max(most, e.Work())
		}
		for _, n := range []int{1, 2, 3, 8, 50} {
			seen := map[string]int{}
			for i := 1; i <= n; i++ {
				es, err := s.Shard(i, n)
				if err != nil {
					t.Fatal(err)
				}
				work := uint64(0)
				for _, e := range es {
					seen[e.Hash()]++
					work += e.Work()
				}
				if limit := float64(total)/float64(n)*1.2 + float64(most); float64(work) > limit {
					t.Errorf("%q: shard %d/%d has %d of %d work", over, i, n, work, total)
				}
			}
			for _, e := range all {
				if seen[e.Hash()] != 1 {
					t.Fatalf("%q in %d shards: %s seed %d is in %d of them", over, n, e.Name(), e.Seed, seen[e.Hash()])
				}
			}
		}
	}
}

// Where the groups are of equal work, shards cut none apart.
func TestShardsKeepGroups(t *testing.T) {
	s := vgrad.Sweep{Over: []string{"seed=0..9", "optimizer=adam,sgd,momentum,rmsprop", "sigmoid,relu,leaky_relu", "initializer=glorot_uniform,he_normal", "learning_rate=0.001,0.01"}}
	for i := 1; i <= 4; i++ {
		es, err := s.Shard(i, 4)
		if err != nil {
			t.Fatal(err)
		}
		if len(es) != 120 || slices.ContainsFunc(es, func(e vgrad.Experiment) bool { return e.Optimizer != es[0].Optimizer }) {
			t.Errorf("shard %d has %d experiments, not those of one optimizer", i, len(es))
		}
	}
}

func ExampleProgress() {
	fmt.Println(vgrad.Progress{Total: 60, Done: 12, Found: 4, Rate: 2.1, Left: 23 * time.Second})
	fmt.Println(vgrad.Progress{Total: 60, Done: 3, Rate: 0.05, Left: 19 * time.Minute})
	// Output:
	// 12 of 60 runs, 4 of them found, 2.1 a second, 23s left
	// 3 of 60 runs, one in 20.0 s, 19m0s left
}

func ExampleSweep_Axes() {
	axes, err := vgrad.Sweep{Over: []string{"sigmoid,relu", "depth=2..4", "seed=1"}}.Axes()
	fmt.Println(axes, err)
	// Output: [{activation [sigmoid relu]} {depth [2 3 4]} {seed [1]}] <nil>
}
