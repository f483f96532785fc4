package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// spot is the place of a site in a figure: a position on the axis of layers and time
// steps, and a series.
type spot struct {
	site vgrad.Site
	// series distinguishes the site from others of its layer and time step:
	// "gate", "recurrent kernel", "query". Zero: it is the layer's main kernel or
	// units, or there are no others.
	series string
}

// roleNames names the roles of sites that are not a layer's main kernel or units.
var roleNames = map[vgrad.Role]string{
	vgrad.RecurrentKernel: "recurrent kernel", vgrad.Bias: "bias", vgrad.Scale: "scale", vgrad.Gate: "gate", vgrad.Stream: "stream", vgrad.Branch: "branch",
}

// spotsOf returns the spot of each site. If several sites have the same layer, role
// and time step, their series are the parts in which their paths differ.
func spotsOf(sites []vgrad.Site) []spot {
	type place struct {
		layer, time int
		role        string
	}
	same := map[place][]int{}
	spots := make([]spot, len(sites))
	for i, s := range sites {
		spots[i] = spot{s, roleNames[s.Role]}
		key := place{s.Layer, s.Time, roleNames[s.Role]}
		same[key] = append(same[key], i)
	}
	for _, is := range same {
		if len(is) == 1 {
			continue
		}
		var paths []string
		for _, i := range is {
			paths = append(paths, sites[i].Path)
		}
		for k, name := range distinct(paths) {
			spots[is[k]].series = strings.TrimSpace(spots[is[k]].series + " " + name)
		}
	}
	return spots
}

// distinct removes the scopes with which all paths begin and end. It returns "query"
// and "key" for "/attention/query/weights" and "/attention/key/weights".
func distinct(paths []string) []string {
	var scopes [][]string
	for _, p := range paths {
		scopes = append(scopes, strings.Split(withoutTime(p), "/"))
	}
	for alike(scopes, func(p []string) string { return p[0] }) {
		for i, p := range scopes {
			scopes[i] = p[1:]
		}
	}
	for alike(scopes, func(p []string) string { return p[len(p)-1] }) {
		for i, p := range scopes {
			scopes[i] = p[:len(p)-1]
		}
	}
	var names []string
	for _, p := range scopes {
		names = append(names, strings.Join(p, "/"))
	}
	return names
}

// withoutTime removes the number of a time step: "/rnn/units" for "/rnn/units[3]".
func withoutTime(path string) string {
	if i := strings.LastIndexByte(path, '['); i > 0 && strings.HasSuffix(path, "]") {
		return path[:i]
	}
	return path
}

// alike reports whether no path is empty and all have the same scope at an end.
func alike(paths [][]string, end func([]string) string) bool {
	return !slices.ContainsFunc(paths, func(p []string) bool {
		return len(p) == 0 || len(paths[0]) == 0 || end(p) != end(paths[0])
	})
}

// String names the spot: "layer 3", "layer 1 gate, t=2", "layer 2 (frozen)".
func (s spot) String() string {
	name := fmt.Sprintf("layer %d", s.site.Layer)
	switch {
	case s.site.Path == vgrad.NetworkSite.Path:
		return "the whole network"
	case s.site.Layer == 0:
		name = s.site.Path
	case s.series != "":
		name += " " + s.series
	}
	if s.site.Time > 0 {
		name += fmt.Sprintf(", t=%d", s.site.Time)
	}
	return name + s.frozen()
}

// frozen marks a site that is not trained.
func (s spot) frozen() string {
	if s.site.Frozen {
		return " (frozen)"
	}
	return ""
}

// short names the spot within its layer: "t=2", "gate", "gate, t=2", "units".
func (s spot) short() string {
	var words []string
	if s.series != "" {
		words = append(words, s.series)
	}
	if s.site.Time > 0 {
		words = append(words, fmt.Sprintf("t=%d", s.site.Time))
	}
	if words == nil {
		return s.mainName()
	}
	return strings.Join(words, ", ")
}

// mainName names the layer's main kernel or units beside other series of the layer.
func (s spot) mainName() string {
	if s.site.Role.IsVariable() || strings.HasSuffix(s.site.Path, "weights") {
		return "kernel"
	}
	return "units"
}

// position is a place on an axis of layers. Positions with different fields are
// different places.
type position struct {
	layer, time int
	path        string // "" unless every site has its own position
}

// compare compares positions in forward order: by layer, then by time step.
func (p position) compare(o position) int {
	return cmp.Or(cmp.Compare(p.layer, o.layer), cmp.Compare(p.time, o.time))
}

// position returns the position of the spot.
func (s spot) position() position {
	p := position{layer: s.site.Layer, time: s.site.Time}
	if p.layer == 0 {
		p.path = s.site.Path
	}
	return p
}

// inLayers reports whether all positions are whole layers. Their names are then
// numbers.
func inLayers(at []position) bool {
	return !slices.ContainsFunc(at, func(p position) bool { return p.time > 0 || p.path != "" })
}
