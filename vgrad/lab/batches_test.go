package lab

import (
	"fmt"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/engine"
)

// Batches keep the order and are of few kinds each; groups of one kind count once.
func TestBatches(t *testing.T) {
	var gs []group
	for depth := 2; depth < 2+maxKinds+3; depth++ {
		for seed := range uint64(2) {
			gs = append(gs, group{experiments: []vgrad.Experiment{{Depth: depth, Seed: seed}}})
		}
	}
	all := batches(gs)
	if len(all) != 2 || len(all[0]) != 2*maxKinds || len(all[1]) != 6 {
		t.Fatalf("%d batches", len(all))
	}
	i := 0
	for _, batch := range all {
		for _, g := range batch {
			if fmt.Sprint(g) != fmt.Sprint(gs[i]) {
				t.Errorf("group %d is %v, want %v", i, g, gs[i])
			}
			i++
		}
	}
	if none := batches(nil); len(none) != 1 || none[0] != nil {
		t.Errorf("of no groups: %v", none)
	}
}

// Programs stay while there are few kinds, and go before there are too many.
func TestMakeRoom(t *testing.T) {
	l := &Lab{engines: []*engine.Engine{{}}}
	kinds := func(from, to int) (gs []group) {
		for depth := from; depth < to; depth++ {
			gs = append(gs, group{experiments: []vgrad.Experiment{{Depth: depth}}})
		}
		return gs
	}
	for i, c := range []struct{ from, to, want int }{
		{2, 6, 4}, {2, 6, 4}, {4, 10, 8}, {100, 100 + maxKinds - 8, maxKinds}, {1, 2, 1}, {2, 2 + maxKinds, maxKinds},
	} {
		if l.makeRoom(kinds(c.from, c.to)); len(l.kinds) != c.want {
			t.Errorf("step %d: programs of %d kinds are kept; want %d", i, len(l.kinds), c.want)
		}
	}
	if l.Close(); len(l.kinds) != 0 {
		t.Error("Close keeps kinds")
	}
}
