package chart

import "slices"

// MaxPoints is the largest number of points of a line that a figure keeps. The
// line's ends and points with missing values may come on top. A figure of more
// than eight lines keeps fewer points of each.
const MaxPoints = 400

// maxPoints is the largest number of points of each line in a figure of so many
// lines. It is even.
func maxPoints(lines int) int {
	return max(100, MaxPoints*8/max(8, lines)) / 2 * 2
}

// reduced is a line that is small enough for a page: some of its points, and the
// means of its stretches, which smoothing uses.
type reduced struct {
	keep  []int     // indices of the points, ascending
	means []stretch // nil if every point is kept
}

// stretch is a part of a line: consecutive recorded steps.
type stretch struct {
	step, n         int     // the last step, and the number of finite values
	mean, low, high float64 // means of the values and of the band's edges
}

// reduce keeps about as many points as points, an even number. It cuts the line into
// half as many stretches. Of each stretch it keeps the lowest and the highest drawn
// value, and the first and the last missing value. It also keeps both ends of the line.
func (l line) reduce(log bool, points int) reduced {
	n := len(l.values)
	if n <= points {
		return reduced{keep: indices(0, n)}
	}
	r := reduced{keep: []int{0, n - 1}}
	for b := range points / 2 {
		from, to := b*n/(points/2), (b+1)*n/(points/2)
		r.keep = append(r.keep, l.extremes(from, to, log)...)
		r.means = append(r.means, l.stretch(from, to))
	}
	slices.Sort(r.keep)
	r.keep = slices.Compact(r.keep)
	return r
}

// extremes returns the indices in [from, to) of the lowest and highest drawn
// values and of the first and last missing ones.
func (l line) extremes(from, to int, log bool) []int {
	low, high, first, last := -1, -1, -1, -1
	for i := from; i < to; i++ {
		switch v := l.values[i]; {
		case Missed(v, log) != Drawn:
			if first < 0 {
				first = i
			}
			last = i
		default:
			if low < 0 || v < l.values[low] {
				low = i
			}
			if high < 0 || v > l.values[high] {
				high = i
			}
		}
	}
	return slices.DeleteFunc([]int{low, high, first, last}, func(i int) bool { return i < 0 })
}

// stretch averages the points in [from, to).
func (l line) stretch(from, to int) stretch {
	s := stretch{step: l.steps[to-1]}
	s.mean, s.n = mean(l.values[from:to])
	if l.low != nil {
		s.low, _ = mean(l.low[from:to])
		s.high, _ = mean(l.high[from:to])
	}
	return s
}

// indices returns from, from+1, …, to-1.
func indices(from, to int) []int {
	var is []int
	for i := from; i < to; i++ {
		is = append(is, i)
	}
	return is
}
