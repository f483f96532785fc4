package probe

import . "github.com/gomlx/gomlx/core/graph"

// Formula is a quantity as sums over a site's elements and what becomes of them.
type Formula struct {
	Terms  []*Node                  // what is summed; each in the shape of the site's tensors
	Finish func(sums []*Node) *Node // of the sums, each a scalar, or [lanes], to a float32 of that shape
	// OfWeights are those of the terms that are read from the weights
	// themselves: a step takes them before it updates the weights.
	OfWeights []*Node
}

// value is the value of one formula by itself.
func (l Lanes) value(f Formula) *Node {
	values, _ := l.Values([]Formula{f})
	return values[0]
}

// summedAtOnce is how many elements a term has at most to be summed together
// with others of its shape: joining them copies them, which is cheaper than an
// operation for each.
const summedAtOnce = 10_000

// Values evaluates formulas of one site. The terms of all of them are summed at
// once: what a probe costs on a small network is its number of operations, not
// their size. ofW are the sums over the weights themselves.
func (l Lanes) Values(fs []Formula) (values, ofW []*Node) {
	byShape := map[string][]*Node{} // what can be joined
	var shapes []string
	sums := map[*Node]*Node{}
	for _, f := range fs {
		for _, x := range f.Terms {
			if sums[x] != nil {
				continue // several quantities need it
			}
			if sums[x] = x; l.size(x) > summedAtOnce {
				sums[x] = ReduceSum(x, l.axes(x)...)
				continue
			}
			shape := x.Shape().String()
			if byShape[shape] == nil {
				shapes = append(shapes, shape)
			}
			byShape[shape] = append(byShape[shape], x)
		}
	}
	for _, shape := range shapes {
		for i, sum := range l.sums(byShape[shape]) {
			sums[byShape[shape][i]] = sum
		}
	}
	for _, f := range fs {
		var of []*Node
		for _, x := range f.Terms {
			of = append(of, sums[x])
		}
		values = append(values, f.Finish(of))
		for _, x := range f.OfWeights {
			ofW = append(ofW, sums[x])
		}
	}
	return values, ofW
}

// sums sums each of xs, which are of one shape.
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
