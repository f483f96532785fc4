package meter

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/probe"
)

// Group is the columns that are due at the same steps.
type Group struct {
	Every int // steps between two measurements; step 0 is always measured

	meter      *Meter
	network    []vgrad.Quantity // of the whole network; they come first among the numbers
	numbers    []column         // computed in the graph
	fetched    []column         // finished on the host; they follow the numbers
	histograms []column

	at      [][]int // of each site, the probes of its numbers, as indices into probes
	probes  []probe.Probe
	buckets [][]int // sites with the same probes

	numbersTable, histogramsTable int // in the schema; -1: none

	asked []probe.Parts // of each site, the parts that its probes read; see Rehearse
	dims  [][]int       // of each fetched column
}

// column is a probe at a site.
type column struct {
	probe.Probe
	site int
}

// Due reports whether the group is measured at a step.
func (g *Group) Due(step int) bool { return step%g.Every == 0 }

// add adds a probe to the group, at the sites where it measures.
func (g *Group) add(p probe.Probe, m vgrad.Measure) {
	k := len(g.probes)
	g.probes = append(g.probes, p)
	for i, s := range g.meter.sites {
		switch {
		case !p.At(s) || !vgrad.MatchPath(m.Sites, s.Path):
		case p.Count != nil:
			g.histograms = append(g.histograms, column{p, i})
		case p.Fetch != nil:
			g.fetched = append(g.fetched, column{p, i})
		default:
			g.at[i] = append(g.at[i], k)
		}
	}
}

// finish puts the sites with the same probes into one bucket. It orders the
// columns as Measure computes them: by quantity, then by bucket, then by site.
func (g *Group) finish() {
	for i, ps := range g.at {
		if ps == nil {
			continue
		}
		b := slices.IndexFunc(g.buckets, func(b []int) bool { return slices.Equal(g.at[b[0]], ps) })
		if b < 0 {
			b = len(g.buckets)
			g.buckets = append(g.buckets, nil)
		}
		g.buckets[b] = append(g.buckets[b], i)
	}
	for k, p := range g.probes {
		for _, bucket := range g.buckets {
			for _, site := range bucket {
				if slices.Contains(g.at[bucket[0]], k) {
					g.numbers = append(g.numbers, column{p, site})
				}
			}
		}
	}
}

// Numbers is the number of columns that are computed in the graph as a number.
func (g *Group) Numbers() int { return len(g.network) + len(g.numbers) }

// Elements estimates the cost of the numbers: the sum of the site sizes over all
// columns, for one lane.
func (g *Group) Elements() int {
	n := 0
	for _, c := range g.numbers {
		n += g.meter.sites[c.site].Size
	}
	return n
}

// Histograms is the number of histogram columns.
func (g *Group) Histograms() int { return len(g.histograms) }

// Fetched is the number of float32 values per lane that are copied to the host. It
// is known after [Group.Rehearse].
func (g *Group) Fetched() int {
	n := 0
	for _, dims := range g.dims {
		n += size(dims)
	}
	return n
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// Measured is what a step computes for a group.
type Measured struct {
	Numbers *Node   // [Numbers, lanes] float32; lanes is 1 for a single run. Nil: none
	Counted []*Node // the tensors that the histograms count
	Fetched *Node   // [lanes, Fetched] float32; nil: none
	// OfWeights are the sums that read the weights themselves. A step computes
	// them before it updates the weights. Nil: none.
	OfWeights []*Node
}

// Measure builds the nodes of the group in the current function of the graph.
// network has the quantities of the whole network, each a scalar or [lanes]. views
// has the view of each of the meter's sites, in their order; nil for a site without
// tensors in this step. Measure panics on errors, as graph functions do.
func (g *Group) Measure(network map[vgrad.Quantity]*Node, views []*probe.View) Measured {
	var m Measured
	of := make([][]*Node, len(g.probes)) // of each probe, site after site
	for _, bucket := range g.buckets {
		for _, v := range g.sideBySide(bucket, views) {
			values, sums := g.values(bucket, v)
			for i, k := range g.at[bucket[0]] {
				of[k] = append(of[k], values[i])
			}
			m.OfWeights = append(m.OfWeights, sums...)
		}
	}
	var numbers []*Node
	for _, q := range g.network {
		numbers = append(numbers, g.row(network[q]))
	}
	for _, values := range of {
		for _, x := range values {
			numbers = append(numbers, g.row(x))
		}
	}
	if len(numbers) > 0 {
		m.Numbers = Concatenate(numbers, 0)
	}
	for _, c := range g.histograms {
		m.Counted = append(m.Counted, c.Count(views[c.site]))
	}
	m.Fetched = g.fetch(views)
	return m
}

// row reshapes a value to rows of the numbers. The value is a scalar, [lanes] or
// [sites·lanes].
func (g *Group) row(x *Node) *Node {
	return Reshape(ConvertDType(x, dtypes.Float32), -1, g.meter.width())
}

// sideBySide joins the small views of a bucket; see probe.SideBySide.
func (g *Group) sideBySide(bucket []int, views []*probe.View) []*probe.View {
	var of []*probe.View
	for _, i := range bucket {
		of = append(of, views[i])
	}
	if g.meter.o.Apart {
		return of
	}
	return probe.SideBySide(of, g.meter.width(), func(a, b vgrad.Site) bool { return true })
}

// values computes the numbers of a view, one for each probe of its bucket.
func (g *Group) values(bucket []int, v *probe.View) (values, ofWeights []*Node) {
	var fs []probe.Formula
	for _, k := range g.at[bucket[0]] {
		fs = append(fs, g.probes[k].Graph(v))
	}
	return v.Values(fs)
}

// fetch joins the tensors that are copied to the host.
func (g *Group) fetch(views []*probe.View) *Node {
	var all []*Node
	g.dims = nil
	for _, c := range g.fetched {
		x := ConvertDType(c.Fetch(views[c.site]), dtypes.Float32)
		dims := x.Shape().Dimensions
		if g.meter.o.Lanes > 0 {
			dims = dims[1:]
		}
		g.dims = append(g.dims, slices.Clone(dims))
		all = append(all, Reshape(x, g.meter.width(), -1))
	}
	if all == nil {
		return nil
	}
	return Concatenate(all, -1)
}

// Rehearse builds the group's nodes once in a graph that is thrown away. The group
// learns from it which parts its probes read and how many values are fetched. The
// views may hold any tensors of the right shapes.
func (g *Group) Rehearse(network map[vgrad.Quantity]*Node, views []*probe.View) {
	fresh := make([]*probe.View, len(views))
	for i, v := range views {
		if v != nil {
			fresh[i] = v.Fresh()
		}
	}
	g.Measure(network, fresh)
	g.asked = make([]probe.Parts, len(views))
	for i, v := range fresh {
		if v != nil {
			g.asked[i] = v.Asked()
		}
	}
}

// Operands lists the tensors from which the group's nodes are computed. A loop that
// computes them takes these as operands; see [Group.Inside].
func (g *Group) Operands(network map[vgrad.Quantity]*Node, views []*probe.View) []*Node {
	var xs []*Node
	for _, q := range g.network {
		xs = append(xs, network[q])
	}
	for i, v := range views {
		if v != nil {
			xs = append(xs, v.Operands(g.asked[i])...)
		}
	}
	return xs
}

// Inside builds the group's nodes inside a loop's body. xs are the loop's own
// parameters, in the order of [Group.Operands]. It panics if there are too many.
func (g *Group) Inside(xs []*Node, views []*probe.View) Measured {
	network := map[vgrad.Quantity]*Node{}
	for _, q := range g.network {
		network[q], xs = xs[0], xs[1:]
	}
	inside := make([]*probe.View, len(views))
	for i, v := range views {
		if v != nil {
			inside[i], xs = v.With(g.asked[i], xs)
		}
	}
	if len(xs) > 0 {
		panic(fmt.Sprintf("meter: %d operands too many", len(xs)))
	}
	return g.Measure(network, inside)
}

// Rows appends to rows the results of a step for a lane. numbers is
// [Numbers, lanes] and counts has the lane's raw histograms,
// [Histograms·RawBins]; fetched has its fetched values. The rows' values are
// appended to room, whose memory the caller may reuse for the next step.
func (g *Group) Rows(rows []vgrad.Row, room *[]float64, lane int, numbers []float32, counts []int32, fetched []float32) []vgrad.Row {
	if g.numbersTable >= 0 {
		from := len(*room)
		for i := range g.Numbers() {
			*room = append(*room, float64(numbers[i*g.meter.width()+lane]))
		}
		for i, c := range g.fetched {
			n := size(g.dims[i])
			*room = append(*room, c.Host(fetched[:n], g.dims[i]))
			fetched = fetched[n:]
		}
		rows = append(rows, vgrad.Row{Table: g.numbersTable, Values: (*room)[from:len(*room):len(*room)]})
	}
	if g.histogramsTable >= 0 {
		row := vgrad.Row{Table: g.histogramsTable}
		for i := range g.histograms {
			row.Hists = append(row.Hists, vgrad.NewHistogram(counts[i*vgrad.RawBins:(i+1)*vgrad.RawBins]))
		}
		rows = append(rows, row)
	}
	return rows
}

// FinalRow is the row of the columns that are measured after the last step. value
// gives the value of a column.
func (t *Meter) FinalRow(value func(vgrad.Column) float64) vgrad.Row {
	row := vgrad.Row{Table: t.FinalTable(), Values: []float64{}}
	for _, c := range t.final {
		row.Values = append(row.Values, value(c))
	}
	return row
}
