package lab

import (
	"cmp"
	"iter"
	"maps"
	"runtime"
	"slices"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
)

const (
	// lanesMost is how many runs are trained as one program at most: what is
	// saved for each is next to nothing beyond, and all are lost when one fails.
	lanesMost = 16
	// lanesWork bounds the multiplications of their step's forward pass: lanes
	// save what an operation costs beside its work, which is nothing on wide
	// networks. The article's has 2.5e5.
	lanesWork = 5e6
	// oneProgramMost is up to how many runs share one program where programs are
	// compiled, though another processor is free: compiling a second one takes longer.
	oneProgramMost = 6
)

// group is some experiments that are trained as one program. Those whose model
// is handed in are alone.
type group struct {
	set         *data.Set
	experiments []vgrad.Experiment
	spread      bool // over all devices
}

// groups splits experiments into those that are trained together. Where the
// backend has several devices, lanes are spread over all of them as far as they
// divide evenly. The rest goes to single devices.
func (l *Lab) groups(es []vgrad.Experiment, sets map[string]*data.Set) []group {
	var keys []string
	byKey := map[string][]vgrad.Experiment{}
	for _, e := range es {
		key := engine.Key(e)
		if l.handedIn(e) {
			key = e.Hash()
		}
		if byKey[key] == nil {
			keys = append(keys, key)
		}
		byKey[key] = append(byKey[key], e)
	}
	var gs []group
	for _, key := range keys {
		alike := byKey[key]
		set := sets[alike[0].WithDefaults().Data]
		spread, rest := l.divide(alike)
		for _, whole := range spread {
			for part := range slices.Chunk(whole, len(l.engines)*most(alike[0], set)) {
				gs = append(gs, group{set, part, true})
			}
		}
		if len(rest) == 0 {
			continue
		}
		for _, part := range deal(rest, l.parts(rest, set, len(keys))) {
			gs = append(gs, group{set, part, false})
		}
	}
	return gs
}

// divide returns the experiments that divide evenly among several devices, and the
// rest. Only lanes of one activation are spread: those of several would travel
// between the devices at every layer.
func (l *Lab) divide(alike []vgrad.Experiment) (spread [][]vgrad.Experiment, rest []vgrad.Experiment) {
	if l.wide == nil {
		return nil, alike
	}
	for es := range stretches(byActivation(alike)) {
		n := len(es) - len(es)%len(l.engines)
		spread, rest = append(spread, es[:n]), append(rest, es[n:]...)
	}
	return spread, rest
}

// stretches yields the parts of one activation each.
func stretches(es []vgrad.Experiment) iter.Seq[[]vgrad.Experiment] {
	return func(yield func([]vgrad.Experiment) bool) {
		for from := 0; from < len(es); {
			to := from
			for to < len(es) && activationOf(es[to]) == activationOf(es[from]) {
				to++
			}
			if !yield(es[from:to]) {
				return
			}
			from = to
		}
	}
}

// kindsMost is of how many kinds of networks the compiled programs are kept:
// each takes some ten megabytes.
const kindsMost = 16

// batches splits groups, in their order, so that each batch is of few enough kinds.
func batches(gs []group) [][]group {
	var all [][]group
	kinds := map[string]bool{}
	from := 0
	for i, g := range gs {
		if kinds[g.key()] = true; len(kinds) > kindsMost {
			all, from, kinds = append(all, gs[from:i]), i, map[string]bool{g.key(): true}
		}
	}
	return append(all, gs[from:])
}

// key tells what kind of network a group trains.
func (g group) key() string { return engine.Key(g.experiments[0]) }

// makeRoom lets go of the engine's programs where those of more groups would be
// too many; no run may be under way.
func (l *Lab) makeRoom(gs []group) {
	more := maps.Clone(l.kinds)
	if more == nil {
		more = map[string]bool{}
	}
	for _, g := range gs {
		more[g.key()] = true
	}
	if len(more) > kindsMost && len(l.kinds) > 0 {
		l.Close()
		backend.Trim()
		more = map[string]bool{}
		for _, g := range gs {
			more[g.key()] = true
		}
	}
	l.kinds = more
}

// parts is into how many groups experiments are dealt that could be one, where
// there are so many kinds in all.
func (l *Lab) parts(alike []vgrad.Experiment, set *data.Set, kinds int) int {
	most := most(alike[0], set)
	parts := (len(alike) + most - 1) / most
	compiled := l.engines[0].Backend.Loops
	if kinds == 1 && !(compiled && len(alike) <= oneProgramMost) {
		parts = max(parts, min(len(alike), runtime.GOMAXPROCS(0)))
	}
	return dividing(alike, parts)
}

// most is how many runs like e a device trains as one program at most.
func most(e vgrad.Experiment, set *data.Set) int {
	return min(lanesMost, max(1, int(lanesWork/work(e, set))))
}

// work is how many multiplications the forward pass of a step takes.
func work(e vgrad.Experiment, set *data.Set) float64 {
	return float64(e.WithDefaults().Batch) * float64(e.Resolved().Multiplications(set.Features, set.Classes))
}

// dividing is parts, or somewhat more where that divides the number of each
// activation: all parts are then alike, and one program serves them all.
func dividing(alike []vgrad.Experiment, parts int) int {
	counts := map[activation]int{}
	for _, e := range alike {
		counts[activationOf(e)]++
	}
	for n := parts; n <= parts+parts/2; n++ {
		divides := true
		for _, count := range counts {
			divides = divides && count%n == 0
		}
		if divides {
			return n
		}
	}
	return parts
}

// activation is by what lanes are put side by side.
type activation struct {
	name, slope string
}

func activationOf(e vgrad.Experiment) activation {
	var a activation
	a.name, _ = e.Field("activation") // a family without one has one kind
	a.slope, _ = e.Field("slope")
	return a
}

// deal deals experiments out to groups as one deals cards, so that each gets its
// share of every activation; in a group those of one follow one another.
func deal(es []vgrad.Experiment, groups int) [][]vgrad.Experiment {
	dealt := make([][]vgrad.Experiment, groups)
	for i, e := range byActivation(es) {
		dealt[i%groups] = append(dealt[i%groups], e)
	}
	return dealt
}

// byActivation puts those of one activation side by side.
func byActivation(es []vgrad.Experiment) []vgrad.Experiment {
	place := map[activation]int{} // in the order they were asked for
	for _, e := range es {
		if a := activationOf(e); place[a] == 0 {
			place[a] = len(place) + 1
		}
	}
	es = slices.Clone(es)
	slices.SortStableFunc(es, func(a, b vgrad.Experiment) int {
		return cmp.Compare(place[activationOf(a)], place[activationOf(b)])
	})
	return es
}
