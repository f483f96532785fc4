package probe

import . "github.com/gomlx/gomlx/core/graph"

// Formula is a quantity as a function of sums over a site's elements.
type Formula struct {
	// Terms are the tensors to sum, each in the shape of the site's tensors.
	// Nil: none.
	Terms []*Node
	// Finish computes the quantity from the sums of the terms. Each sum is a
	// scalar or [lanes]; the result is float32 of that shape.
	Finish func(sums []*Node) *Node
	// OfWeights are the terms that read the weights themselves. A step sums
	// them before it updates the weights. Nil: none.
	OfWeights []*Node
}

// value is the value of one formula by itself.
func (l Lanes) value(f Formula) *Node {
	values, _ := l.Values([]Formula{f})
	return values[0]
}

// summedAtOnce is the largest number of elements of a term that is summed in one
// operation with others of its shape. Joining the terms copies them. For small
// terms that is cheaper than an operation for each.
const summedAtOnce = 10_000

// Values evaluates the formulas of one site, each to a scalar or [lanes]. Small
// terms of one shape are summed in one operation, because on a small network the
// cost of a probe is its number of operations, not their size. ofW are the sums of
// the terms in OfWeights.
func (l Lanes) Values(fs []Formula) (values, ofW []*Node) {
	byShape := map[string][]*Node{} // terms that can be joined
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

// sums sums each of xs in one operation. All have the same shape.
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
