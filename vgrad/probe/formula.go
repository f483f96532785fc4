package probe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// formula is a quantity as sums over a site's elements and what becomes of them.
type formula struct {
	terms  []*Node                  // what is summed
	finish func(sums []*Node) *Node // of the sums, each a scalar, or [lanes]
	ofW    []*Node                  // those of the terms that are of the weights themselves
}

// value is the value of one formula by itself.
func (l Lanes) value(f formula) *Node {
	values, _ := l.values([]formula{f})
	return values[0]
}

// summedAtOnce is how many elements a term has at most to be summed together
// with others of its shape: joining them copies them, which is cheaper than an
// operation for each.
const summedAtOnce = 10_000

// values evaluates formulas of one site. The terms of all of them are summed at
// once: what a probe costs on a small network is its number of operations, not
// their size. ofW are the sums over the weights themselves.
func (l Lanes) values(fs []formula) (values, ofW []*Node) {
	byType := map[dtypes.DType][]*Node{}
	var types []dtypes.DType
	sums := map[*Node]*Node{}
	for _, f := range fs {
		for _, x := range f.terms {
			if sums[x] != nil {
				continue // several quantities need it
			}
			if sums[x] = x; l.size(x) > summedAtOnce {
				sums[x] = ReduceSum(x, l.axes(x)...)
				continue
			}
			if byType[x.DType()] == nil {
				types = append(types, x.DType())
			}
			byType[x.DType()] = append(byType[x.DType()], x)
		}
	}
	for _, t := range types {
		for i, sum := range l.sums(byType[t]) {
			sums[byType[t][i]] = sum
		}
	}
	for _, f := range fs {
		var of []*Node
		for _, x := range f.terms {
			of = append(of, sums[x])
		}
		values = append(values, f.finish(of))
		for _, x := range f.ofW {
			ofW = append(ofW, sums[x])
		}
	}
	return values, ofW
}

// sums sums each of xs, which are of one type and one shape.
func (l Lanes) sums(xs []*Node) []*Node {
	if len(xs) == 1 {
		return []*Node{ReduceSum(xs[0], l.axes(xs[0])...)}
	}
	var rows []*Node
	for _, x := range xs {
		rows = append(rows, InsertAxes(x, 0))
	}
	axes := l.axes(xs[0])
	for i := range axes {
		axes[i]++
	}
	all := ReduceSum(Concatenate(rows, 0), axes...) // [len(xs)], or [len(xs), lanes]
	var each []*Node
	for i := range xs {
		each = append(each, Squeeze(SliceAxis(all, 0, AxisElem(i)), 0))
	}
	return each
}
