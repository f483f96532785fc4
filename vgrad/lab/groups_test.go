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
		loops        bool
		groups, most int
		alike        bool
	}{
		{[]string{"sigmoid,relu,leaky_relu"}, true, 1, 3, true},
		{[]string{"sigmoid,relu,leaky_relu", "seed=0..99"}, true, 20, 15, true},
		{[]string{"depth=2,6", "relu", "seed=0..15"}, true, 2, 16, true},
		{[]string{"relu", "seed=0..16"}, true, 2, 9, false},
		{[]string{"width=256", "relu", "seed=0..3"}, true, 4, 1, true},
	} {
		t.Run(fmt.Sprint(c.over), func(t *testing.T) {
			es, err := vgrad.Sweep{Over: c.over}.Experiments()
			if err != nil {
				t.Fatal(err)
			}
			l := &Lab{engines: []*engine.Engine{{Backend: &backend.Backend{Loops: c.loops}}}}
			gs := l.groups(es, map[string]*data.Set{"mnist": set})
			seen, shapes := map[string]int{}, map[string]bool{}
			for _, g := range gs {
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
