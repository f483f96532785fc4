package chart

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Place chooses the sites of a figure. An int is the number of a layer, from 1 in
// forward order, or 0 for the whole network. A [Pattern] chooses sites by their
// paths; see [At]. A [vgrad.Site] chooses that site.
//
//	chart.Ridge(run, vgrad.Weights, 4)
//	chart.Ridge(run, vgrad.Weights, chart.At("/encoder/3/weights"))
type Place interface{ int | Pattern | vgrad.Site }

// Pattern chooses sites by their paths, see [vgrad.MatchPath]. A scope chooses all
// sites in it. Several patterns are separated by commas.
type Pattern string

// At chooses the sites whose paths match a pattern. "/encoder/*/weights" chooses the
// weights of each block of the encoder, and "/encoder" every site in it.
// "/rnn/units[3]" chooses one time step, and "/rnn/units" all of them.
func At(pattern string) Pattern { return Pattern(pattern) }

// has reports whether the pattern chooses a site.
func (p Pattern) has(s vgrad.Site) bool {
	for scope := range strings.SplitSeq(string(p), ",") {
		scope = strings.TrimSuffix(strings.TrimSpace(scope), "/")
		if vgrad.MatchPath(scope, s.Path) || vgrad.MatchPath(scope+"/**", s.Path) {
			return true
		}
	}
	return false
}

// Only returns views of the sources that have only the sites of a pattern. It is for
// figures of all layers, such as [GradientFlow].
func Only(sources []vgrad.Source, pattern Pattern) []vgrad.Source {
	var some []vgrad.Source
	for _, src := range sources {
		part := narrowed{src, pattern}
		if run, ok := src.(vgrad.Recorded); ok {
			some = append(some, narrowedRun{part, run})
		} else {
			some = append(some, part)
		}
	}
	return some
}

// narrowed is a source with only the sites that a pattern chooses.
type narrowed struct {
	vgrad.Source
	at Pattern
}

func (n narrowed) Sites() []vgrad.Site {
	return slices.DeleteFunc(n.Source.Sites(), func(s vgrad.Site) bool { return !n.at.has(s) })
}

func (n narrowed) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for s := range n.Source.Samples(q) {
			if n.at.has(s.Site) && !yield(s) {
				return
			}
		}
	}
}

// Describe returns the description that the source has.
func (n narrowed) Describe(q vgrad.Quantity) (vgrad.Info, bool) {
	info, err := vgrad.InfoOf(n.Source, q)
	return info, err == nil
}

// narrowedRun is a narrowed source that has an experiment.
type narrowedRun struct {
	narrowed
	run vgrad.Recorded
}

func (n narrowedRun) Ran() vgrad.Experiment { return n.run.Ran() }

// chosen is a Place as one type.
type chosen struct {
	name    string // "layer 3", "/encoder/*/weights", "the whole network"
	byLayer bool   // the Place is the number of a layer
	layer   int    // that number, if byLayer
	has     func(vgrad.Site) bool
}

// network reports whether the place is the whole network.
func (c chosen) network() bool { return c.byLayer && c.layer == 0 }

// choose converts a Place.
func choose[P Place](place P) chosen {
	switch p := any(place).(type) {
	case int:
		c := chosen{name: fmt.Sprintf("layer %d", p), byLayer: true, layer: p, has: func(s vgrad.Site) bool { return s.Layer == p && (p > 0 || s.Path == "/") }}
		if p == 0 {
			c.name = "the whole network"
		}
		return c
	case Pattern:
		return chosen{name: string(p), has: p.has}
	case vgrad.Site:
		return chosen{name: spot{site: p}.String(), has: func(s vgrad.Site) bool { return s.Path == p.Path }}
	}
	panic("unreachable: a Place is an int, a Pattern or a Site")
}

// everywhere is every site except the whole network.
var everywhere = chosen{name: "any layer", has: func(s vgrad.Site) bool { return s.Path != vgrad.NetworkSite.Path }}

// notRecorded is the error of a source without q at a place. It lists the sites at
// which q is recorded, or the quantities that are recorded at the place.
func notRecorded(src vgrad.Source, q vgrad.Quantity, at chosen) error {
	if depth := vgrad.Depth(src); at.byLayer && (at.layer < 0 || at.layer > depth) {
		return fmt.Errorf("%q has no layer %d; its layers are 1 to %d, and 0 is the whole network", src.Label(), at.layer, depth)
	}
	where := "at " + at.name
	if at.network() {
		where = "for the whole network (layer 0)"
	}
	if sites := vgrad.Measured(src, q); len(sites) > 0 {
		return fmt.Errorf("%q has no %s %s; it is recorded %s", src.Label(), q, where, sitesInWords(sites))
	}
	var have []string
	for _, known := range vgrad.Quantities() {
		if slices.ContainsFunc(vgrad.Measured(src, known), at.has) {
			have = append(have, string(known))
		}
	}
	if have == nil {
		return fmt.Errorf("%q has no %s %s; nothing is recorded there", src.Label(), q, where)
	}
	return fmt.Errorf("%q has no %s %s; recorded there: %s", src.Label(), q, where, strings.Join(have, ", "))
}

// sitesInWords lists sites with a preposition: "at /layer1/weights". sites is not empty.
func sitesInWords(sites []vgrad.Site) string {
	if sites[0].Path == vgrad.NetworkSite.Path {
		return "for the whole network (layer 0)"
	}
	var paths []string
	for _, s := range sites {
		paths = append(paths, s.Path)
	}
	return "at " + listedUpTo(paths, 6)
}
