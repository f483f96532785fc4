package chart

import "slices"

// MaxPoints is how many points of a line a figure keeps at most, gaps aside. A
// figure of more than eight lines keeps less of each.
const MaxPoints = 600

// maxPoints is how many points of each of so many lines are kept.
func maxPoints(lines int) int {
	return max(100, MaxPoints*8/max(8, lines)) / 2 * 2
}

// reduced is a line made small enough for a page: some of its points, and the
// means of the stretches it was cut into, over which smoothing runs.
type reduced struct {
	keep  []int     // indices into the line, ascending
	means []stretch // nil when every point is kept
}

// stretch is a run of consecutive steps, ending at step.
type stretch struct {
	step, n         int
	mean, low, high float64 // low and high: means of the band's edges
}

// reduce keeps about so many points, an even number. It cuts the line into half
// as many stretches and keeps the lowest and the highest drawn value of each
// stretch, its first and last missing value, and the first and last point of all.
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
