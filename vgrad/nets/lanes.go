package nets

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// stretch is a run of neighbouring lanes with the same activation.
type stretch struct {
	Activation
	from, to int // lanes [from, to)
}

// perLane is the activation of several lanes: each lane has its own on its part of
// the first axis. If all lanes have the same activation, perLane returns that one.
// Otherwise the slopes are relative to the largest of each, and MaxSlope is 1.
func perLane(acts []Activation, slopes []float64) Activation {
	var parts []stretch
	for i, a := range acts {
		if i > 0 && a.Name == acts[i-1].Name && slopes[i] == slopes[i-1] {
			parts[len(parts)-1].to++
			continue
		}
		parts = append(parts, stretch{a, i, i + 1})
	}
	if len(parts) == 1 {
		return parts[0].Activation
	}
	var names []string
	for _, a := range acts {
		names = append(names, a.Name)
	}
	return Activation{Name: "each lane's own", MaxSlope: 1, lanes: names,
		Apply: func(z *Node) *Node {
			return each(parts, func(p stretch) *Node { return p.Apply(p.of(z)) })
		},
		Slope: func(z, a *Node) *Node {
			return each(parts, func(p stretch) *Node { return DivScalar(p.Slope(p.of(z), p.of(a)), p.MaxSlope) })
		}}
}

// of is the stretch's part of x, [lanes, …].
func (s stretch) of(x *Node) *Node { return SliceAxis(x, 0, AxisRange(s.from, s.to)) }

// each concatenates the results of f for the stretches along the first axis.
func each(parts []stretch, f func(stretch) *Node) *Node {
	var xs []*Node
	for _, p := range parts {
		xs = append(xs, f(p))
	}
	return Concatenate(xs, 0)
}
