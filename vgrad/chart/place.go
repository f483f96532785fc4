package chart

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Place says at which sites a figure looks: an int is a layer by its number in
// forward order, where 0 is the whole network; a [Pattern] chooses sites by
// their paths, see [At]; a [vgrad.Site] is that one.
//
//	chart.Ridge(run, vgrad.Weights, 4)
//	chart.Ridge(run, vgrad.Weights, chart.At("/encoder/3/weights"))
type Place interface{ int | Pattern | vgrad.Site }

// Pattern chooses sites by their paths, see [vgrad.MatchPath]. Where it is a
// scope it chooses all sites in it. Several are separated by commas.
type Pattern string

// At chooses the sites whose paths match: "/encoder/*/weights" is the weights of
// each block of the encoder, "/encoder" is all that is in it, "/rnn/units[3]" is one
// time step and "/rnn/units" is all of them.
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

// Only returns the sources as if nothing but the sites that a pattern chooses had
// been recorded: for figures of all layers, such as [GradientFlow].
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

// narrowed is a source without the sites that a pattern does not choose.
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

// Describe describes what the source does.
func (n narrowed) Describe(q vgrad.Quantity) (vgrad.Info, bool) {
	info, err := vgrad.InfoOf(n.Source, q)
	return info, err == nil
}

// narrowedRun is a narrowed source that still knows its experiment.
type narrowedRun struct {
	narrowed
	run vgrad.Recorded
}

func (n narrowedRun) Ran() vgrad.Experiment { return n.run.Ran() }

// chosen is a Place that was given.
type chosen struct {
	name    string // "layer 3", "/encoder/*/weights", "the whole network"
	byLayer bool   // it was given as a layer's number
	layer   int    // that number
	has     func(vgrad.Site) bool
}

// network reports whether the whole network was asked for.
func (c chosen) network() bool { return c.byLayer && c.layer == 0 }

// choose makes a place of what was given.
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

// everywhere is every site of a layer.
var everywhere = chosen{name: "any layer", has: func(s vgrad.Site) bool { return s.Path != vgrad.NetworkSite.Path }}

// notRecorded says that a source lacks q at a place, and what it has.
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

// sitesInWords names the sites at which something is recorded.
func sitesInWords(sites []vgrad.Site) string {
	if sites[0].Path == vgrad.NetworkSite.Path {
		return "for the whole network (layer 0)"
	}
	var paths []string
	for _, s := range sites {
		paths = append(paths, s.Path)
	}
	return "at " + some(paths, 6)
}
