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
	"github.com/vgrad/lab/vgrad/runs"
)

const (
	// maxLanes is the largest number of runs that are trained as one program.
	// More lanes save hardly any time for each run, and if one lane fails, all
	// runs of the program are lost.
	maxLanes = 16
	// maxLaneWork limits the multiplications of a program's forward pass, over
	// all lanes. Lanes share the fixed cost of an operation, which counts for
	// little on wide networks. The article's network has 2.5e5 multiplications.
	maxLaneWork = 5e6
	// maxSharedProgram is the largest number of runs that share one program even
	// though another processor is free, if the backend compiles programs.
	// Compiling a second program would take longer than it saves.
	maxSharedProgram = 6
)

// group is a set of experiments that are trained as one program. An experiment
// with Lab.Model has a group of its own.
type group struct {
	set         *data.Set
	experiments []vgrad.Experiment
	spread      bool             // over all devices; false: on one device
	from        *runs.Checkpoint // where they go on, as lanes of it; nil: they start at step 0
}

// groups splits experiments into groups. If the backend has several devices,
// as many lanes as divide evenly are spread over all devices. Each of the other
// lanes is trained on one device. An experiment whose data set is not in sets, because it
// is recorded already, is in no group.
func (l *Lab) groups(es []vgrad.Experiment, sets map[string]*data.Set) []group {
	var keys []string
	byKey := map[string][]vgrad.Experiment{}
	for _, e := range es {
		key := engine.Key(e)
		if _, alone := e.Resolved().(vgrad.Alone); alone || l.usesModel(e) {
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
		set := sets[data.Of(alike[0])]
		if set == nil {
			continue
		}
		spread, rest := l.divide(alike)
		for _, whole := range spread {
			for part := range slices.Chunk(whole, len(l.engines)*lanesFor(alike[0], set)) {
				gs = append(gs, group{set: set, experiments: part, spread: true})
			}
		}
		if len(rest) == 0 {
			continue
		}
		for _, part := range deal(rest, l.parts(rest, set, len(keys))) {
			gs = append(gs, group{set: set, experiments: part})
		}
	}
	return gs
}

// divide returns the experiments that divide evenly among several devices, and
// the rest. The lanes of a spread program all have the same activation. With
// several activations, XLA would move lanes between the devices at every layer.
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

// stretches yields the longest parts of es in which all experiments have the
// same activation.
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

// maxKinds is the largest number of kinds of networks whose compiled programs
// are kept in memory. Each kind takes some ten megabytes.
const maxKinds = 16

// batches splits groups, in their order, into batches of at most maxKinds kinds.
func batches(gs []group) [][]group {
	var all [][]group
	kinds := map[string]bool{}
	from := 0
	for i, g := range gs {
		if kinds[g.key()] = true; len(kinds) > maxKinds {
			all, from, kinds = append(all, gs[from:i]), i, map[string]bool{g.key(): true}
		}
	}
	return append(all, gs[from:])
}

// key identifies the kind of network that a group trains.
func (g group) key() string { return engine.Key(g.experiments[0]) }

// makeRoom frees the engines' programs if those of gs would exceed maxKinds. No
// training may be running.
func (l *Lab) makeRoom(gs []group) {
	more := maps.Clone(l.kinds)
	if more == nil {
		more = map[string]bool{}
	}
	for _, g := range gs {
		more[g.key()] = true
	}
	if len(more) > maxKinds && len(l.kinds) > 0 {
		l.Close()
		backend.Trim()
		more = map[string]bool{}
		for _, g := range gs {
			more[g.key()] = true
		}
	}
	l.kinds = more
}

// parts returns the number of groups for experiments that could be lanes of one
// program. kinds is the number of different programs of the whole call. If there
// is only one, its experiments are split so that every processor has work.
func (l *Lab) parts(alike []vgrad.Experiment, set *data.Set, kinds int) int {
	lanes := lanesFor(alike[0], set)
	parts := (len(alike) + lanes - 1) / lanes
	compiled := l.engines[0].Backend.Loops
	if kinds == 1 && !(compiled && len(alike) <= maxSharedProgram) {
		parts = max(parts, min(len(alike), runtime.GOMAXPROCS(0)))
	}
	return dividing(alike, parts)
}

// lanesFor returns the largest number of runs like e that one device trains as
// one program.
func lanesFor(e vgrad.Experiment, set *data.Set) int {
	return min(maxLanes, max(1, int(maxLaneWork/work(e, set))))
}

// work returns the number of multiplications in the forward pass of a step.
func work(e vgrad.Experiment, set *data.Set) float64 {
	return float64(e.WithDefaults().Batch) * float64(e.Resolved().Multiplications(set.Features, set.Classes))
}

// dividing returns the smallest number from parts to 1.5·parts that divides the
// number of experiments of every activation. All parts are then alike, and one
// program serves them all. If there is no such number, it returns parts.
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

// activation is the property by which lanes are sorted.
type activation struct {
	name, slope string
}

func activationOf(e vgrad.Experiment) activation {
	var a activation
	a.name, _ = e.Field("activation") // "" for a family without an activation
	a.slope, _ = e.Field("slope")
	return a
}

// deal distributes experiments to groups in turn, so that each group gets its
// share of every activation. In a group, experiments of the same activation are
// next to each other.
func deal(es []vgrad.Experiment, groups int) [][]vgrad.Experiment {
	dealt := make([][]vgrad.Experiment, groups)
	for i, e := range byActivation(es) {
		dealt[i%groups] = append(dealt[i%groups], e)
	}
	return dealt
}

// byActivation sorts experiments by activation, in the order in which the
// activations first appear.
func byActivation(es []vgrad.Experiment) []vgrad.Experiment {
	place := map[activation]int{} // position of the activation, from 1
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
