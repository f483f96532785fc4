package lab

import (
	"fmt"
	"slices"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
)

// Every experiment is in one group, with none that it cannot be a lane with;
// no group is larger than it may be; and where that can be, all are alike.
func TestGroups(t *testing.T) {
	set := &data.Set{Features: 784, Classes: 10}
	for _, c := range []struct {
		over         []string
		devices      int
		groups, most int
		alike        bool
		spread       []int // sizes of what is spread
		sum          int   // of all that is
	}{
		{[]string{"sigmoid,relu,leaky_relu"}, 1, 1, 3, true, nil, 0},
		{[]string{"sigmoid,relu,leaky_relu", "seed=0..99"}, 1, 20, 15, true, nil, 0},
		{[]string{"depth=2,6", "relu", "seed=0..15"}, 1, 2, 16, true, nil, 0},
		{[]string{"relu", "seed=0..16"}, 1, 2, 9, false, nil, 0},
		{[]string{"width=256", "relu", "seed=0..3"}, 1, 4, 1, true, nil, 0},
		{[]string{"sigmoid,relu,leaky_relu", "seed=0..99"}, 4, 6, 64, false, []int{36, 64}, 300},
		{[]string{"relu", "seed=0..10"}, 4, 2, 8, false, []int{8}, 8},
		{[]string{"width=256", "relu", "seed=0..3"}, 2, 2, 2, true, []int{2}, 4},
		{[]string{"relu", "depth=2..4"}, 2, 3, 1, true, nil, 0},
	} {
		t.Run(fmt.Sprint(c.over, c.devices), func(t *testing.T) {
			es, err := vgrad.Sweep{Over: c.over}.Experiments()
			if err != nil {
				t.Fatal(err)
			}
			l := &Lab{}
			l.use(&backend.Backend{Loops: true}, c.devices)
			gs := l.groups(es, map[string]*data.Set{"mnist": set})
			seen, shapes, spread := map[string]int{}, map[string]bool{}, 0
			for _, g := range gs {
				if g.spread && (c.devices == 1 || len(g.experiments)%c.devices != 0) {
					t.Errorf("%d lanes are spread over %d devices", len(g.experiments), c.devices)
				}
				if _, even := slices.BinarySearch(c.spread, len(g.experiments)); g.spread && !even {
					t.Errorf("%d lanes are spread; want %v", len(g.experiments), c.spread)
				} else if g.spread {
					spread += len(g.experiments)
				}
				var acts []string
				for _, e := range g.experiments {
					seen[e.Hash()]++
					acts = append(acts, activationOf(e).name)
					if engine.Key(e) != engine.Key(g.experiments[0]) || g.set != set {
						t.Errorf("%s is with %s", e.Name(), g.experiments[0].Name())
					}
				}
				if stretches := slices.Compact(slices.Clone(acts)); len(stretches) != len(slices.Compact(slices.Sorted(slices.Values(acts)))) {
					t.Errorf("activations %v are scattered", acts)
				}
				shapes[fmt.Sprint(engine.Key(g.experiments[0]), acts)] = true
				if len(g.experiments) > c.most {
					t.Errorf("%d in a group; want %d at most", len(g.experiments), c.most)
				}
			}
			if spread != c.sum {
				t.Errorf("%d lanes are spread; want %d", spread, c.sum)
			}
			if len(gs) != c.groups || len(seen) != len(es) {
				t.Errorf("%d groups with %d experiments; want %d with %d", len(gs), len(seen), c.groups, len(es))
			}
			kinds := map[string]bool{}
			for _, e := range es {
				kinds[engine.Key(e)] = true
			}
			if c.alike && len(shapes) != len(kinds) {
				t.Errorf("%d different programs for %d kinds of experiment", len(shapes), len(kinds))
			}
		})
	}
}

// A group of which no run has begun stays what it is in a call of its own; others are divided anew.
func TestRegroup(t *testing.T) {
	es, err := vgrad.Sweep{Over: []string{"depth=3,4", "seed=0..3"}}.Experiments()
	if err != nil {
		t.Fatal(err)
	}
	l := &Lab{}
	l.use(&backend.Backend{}, 1) // one that gives every processor a group if there is one kind
	sets := map[string]*data.Set{"mnist": {Features: 784, Classes: 10}}
	sizes := func(gs []group) (sizes []int) {
		for _, g := range gs {
			sizes = append(sizes, len(g.experiments))
		}
		return sizes
	}
	if got := sizes(l.regroup(es, es, sets)); !slices.Equal(got, []int{4, 4}) {
		t.Errorf("groups of %v; want two of four", got)
	}
	if got := sizes(l.regroup(es, es[4:], sets)); !slices.Equal(got, []int{4}) {
		t.Errorf("depth 4, not begun: groups of %v; want one of four", got)
	}
	if got := sizes(l.regroup(es, es[3:], sets)); !slices.Equal(got, []int{4, 1}) {
		t.Errorf("one of depth 3 and depth 4: groups of %v; want 4 and 1", got)
	}
}
