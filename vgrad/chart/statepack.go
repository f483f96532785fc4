package chart

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// A value that is not kept exactly is kept as the number of the step of its magnitude on a
// logarithmic scale. 512 steps an octave are 0.068 % to the nearest step. states.js rounds
// to four digits, which is 0.05 % at most; together they are below [StateError].
const stateSteps = 512

// stateBias makes the step of every magnitude of a float64 a positive number, so that its
// sign is that of the value, and 0 is 0.
const stateBias = 1100 * stateSteps

// statePacker collects the points of figures in two lists of bytes: numbers that are kept
// exactly, and steps of a logarithmic scale. Both hold differences between neighbours, which
// are small, as zigzag varints.
type statePacker struct {
	exact, logs []byte
	before      [][]int64 // the steps of the columns of the array before, of this figure
}

// statePoints is an array of points in the head of packed states.
type statePoints struct {
	Rows int `json:"n"` // rows in the lists of bytes
	// Columns has an entry for each: n > 0 is a list of exact fractions with the
	// denominator n. 0 is a list of steps, differences from the row before. -1 is a list of
	// steps, differences from the same row and column of the array before.
	Columns []int `json:"c"`
	// Odd are the rows that are kept as they are: gaps, missing values and texts.
	Odd map[string]any `json:"o,omitempty"`
}

// tree is the figure's spec as maps and slices; nil for a figure that is nil.
func (f *Figure) tree() (map[string]any, error) {
	if f == nil {
		return nil, nil
	}
	text, err := f.spec()
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("chart: %q: %w", f.Title, err)
	}
	return tree, nil
}

// figure is a figure in the head: its texts, its spec with a number in the place of each
// array of points, and those arrays.
func (p *statePacker) figure(f *Figure, tree map[string]any) any {
	p.before = nil
	arrays := []statePoints{}
	spec := p.without(tree, false, &arrays)
	return map[string]any{"spec": spec, "points": arrays, "caption": f.Caption, "table": f.Table}
}

// without returns a copy of a value with {"$": i} in the place of the i-th array of points.
func (p *statePacker) without(v any, inData bool, arrays *[]statePoints) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			c[key] = p.without(v[key], key == "data" || key == "means", arrays)
		}
		return c
	case []any:
		if width := pointsWidth(v); inData && width > 0 {
			*arrays = append(*arrays, p.points(v, width))
			return map[string]int{"$": len(*arrays) - 1}
		}
		c := make([]any, len(v))
		for i := range v {
			c[i] = p.without(v[i], inData, arrays)
		}
		return c
	}
	return v
}

// pointsWidth is the number of columns of an array of points: the length of its first row
// that has only numbers. It is 0 if less than half of the rows are such rows.
func pointsWidth(rows []any) int {
	width, regular := 0, 0
	for _, r := range rows {
		if n := numbersIn(r); n > 0 && (width == 0 || n == width) {
			width = n
			regular++
		}
	}
	if 2*regular < len(rows) {
		return 0
	}
	return width
}

// numbersIn is the length of a row that has only numbers; 0 for any other value.
func numbersIn(row any) int {
	cells, ok := row.([]any)
	if !ok {
		return 0
	}
	for _, c := range cells {
		if _, ok := c.(float64); !ok {
			return 0
		}
	}
	return len(cells)
}

// points packs the rows of an array.
func (p *statePacker) points(rows []any, width int) statePoints {
	a := statePoints{}
	columns := make([][]float64, width)
	for i, r := range rows {
		if numbersIn(r) != width {
			if a.Odd == nil {
				a.Odd = map[string]any{}
			}
			a.Odd[strconv.Itoa(i)] = r
			continue
		}
		a.Rows++
		for k, c := range r.([]any) {
			columns[k] = append(columns[k], c.(float64))
		}
	}
	steps := make([][]int64, width)
	for k, values := range columns {
		mode := 0
		if n := denominator(values); n > 0 {
			mode = n
			p.exact = appendDifferences(p.exact, numerators(values, n))
		} else {
			steps[k] = stepsOf(values)
			differences := steps[k]
			if k < len(p.before) && len(p.before[k]) == a.Rows && cost(minus(steps[k], p.before[k])) < cost(ahead(steps[k])) {
				mode, differences = -1, minus(steps[k], p.before[k])
				p.logs = appendNumbers(p.logs, differences)
			} else {
				p.logs = appendDifferences(p.logs, differences)
			}
		}
		a.Columns = append(a.Columns, mode)
	}
	p.before = steps
	return a
}

// denominator is the smallest n of which all values are multiples of 1/n, to six digits; 0
// if there is none up to [MaxDenominator].
func denominator(values []float64) int {
	for n := 1; n <= MaxDenominator; n++ {
		if allMultiples(values, n) {
			return n
		}
	}
	return 0
}

func allMultiples(values []float64, n int) bool {
	for _, v := range values {
		k := math.Round(v * float64(n))
		if math.Abs(k) > 1e15 || n == 1 && k != v || n > 1 && sixDigits(k/float64(n)) != v {
			return false
		}
	}
	return true
}

// sixDigits rounds as [num] does.
func sixDigits(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64) // digits
	return r
}

func numerators(values []float64, n int) []int64 {
	var ks []int64
	for _, v := range values {
		ks = append(ks, int64(math.Round(v*float64(n))))
	}
	return ks
}

// stepsOf are the steps of values on the logarithmic scale, with their signs.
func stepsOf(values []float64) []int64 {
	steps := []int64{}
	for _, v := range values {
		step := int64(0)
		if v != 0 {
			step = int64(math.Round(stateSteps*math.Log2(math.Abs(v)))) + stateBias
		}
		if v < 0 {
			step = -step
		}
		steps = append(steps, step)
	}
	return steps
}

func minus(a, b []int64) []int64 {
	c := make([]int64, len(a))
	for i := range a {
		c[i] = a[i] - b[i]
	}
	return c
}

// ahead are the differences from the number before; the first is from 0.
func ahead(a []int64) []int64 {
	c := make([]int64, len(a))
	last := int64(0)
	for i := range a {
		c[i], last = a[i]-last, a[i]
	}
	return c
}

// cost is about the number of bits that numbers need.
func cost(numbers []int64) (bits float64) {
	for _, n := range numbers {
		bits += math.Log2(1 + math.Abs(float64(n)))
	}
	return bits
}

func appendDifferences(b []byte, numbers []int64) []byte { return appendNumbers(b, ahead(numbers)) }

func appendNumbers(b []byte, numbers []int64) []byte {
	for _, n := range numbers {
		b = binary.AppendVarint(b, n)
	}
	return b
}

// hash is part of the id of packed states.
func hash(packed string, position int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", packed, position))
	return hex.EncodeToString(sum[:6])
}

// extents is the range of the values on a vertical axis: lowest, highest, and the lowest
// above zero, which is where a logarithmic axis begins. That is null in JSON if there is none.
type extents struct{ low, high, positive float64 }

// MarshalJSON writes [low, high, positive].
func (e extents) MarshalJSON() ([]byte, error) {
	return json.Marshal([]num{num(e.low), num(e.high), num(e.positive)})
}

// widen makes the range hold v.
func (e *extents) widen(v float64) {
	e.low, e.high = min(e.low, v), max(e.high, v)
	if v > 0 {
		e.positive = min(e.positive, v)
	}
}

// sharedExtents are the ranges over all states of the axes of each figure that can be
// logarithmic, by the axis' index. An axis without a value has none.
func sharedExtents(trees [][]map[string]any) map[int]map[int]extents {
	shared := map[int]map[int]extents{}
	for _, figures := range trees {
		for k, tree := range figures {
			control, ok := tree["log"].(map[string]any)
			if !ok {
				continue
			}
			if shared[k] == nil {
				shared[k] = map[int]extents{}
			}
			for _, axis := range control["axes"].([]any) {
				i := int(axis.(float64))
				e, known := shared[k][i]
				if !known {
					e = extents{math.Inf(1), math.Inf(-1), math.Inf(1)}
				}
				if eachValue(tree, i, e.widen); e.low <= e.high {
					shared[k][i] = e
				}
			}
		}
	}
	return shared
}

// eachValue calls f with every value that the lines on a vertical axis ever have, in all
// frames, and those of their bands. figure.js has the same rule.
func eachValue(tree map[string]any, axis int, f func(float64)) {
	series := tree["option"].(map[string]any)["series"].([]any)
	lines, _ := tree["lines"].([]any)
	for _, l := range lines {
		about := l.(map[string]any)
		at := int(about["series"].(float64))
		if on, _ := series[at].(map[string]any)["yAxisIndex"].(float64); int(on) != axis {
			continue
		}
		all := []int{at}
		bands, _ := about["bands"].([]any)
		for _, b := range bands {
			all = append(all, int(b.(float64)))
		}
		for _, i := range all {
			for _, data := range framesOn(tree, series, i) {
				for _, p := range data {
					if row, ok := p.([]any); ok && len(row) > 1 {
						if v, ok := row[1].(float64); ok {
							f(v)
						}
					}
				}
			}
		}
	}
}

// framesOn are the data of the i-th series: of each frame, or those of the option.
func framesOn(tree map[string]any, series []any, i int) (all [][]any) {
	frames, _ := tree["frames"].([]any)
	for _, fr := range frames {
		data, _ := fr.(map[string]any)["data"].([]any)[i].([]any)
		all = append(all, data)
	}
	if frames == nil {
		data, _ := series[i].(map[string]any)["data"].([]any)
		all = append(all, data)
	}
	return all
}
