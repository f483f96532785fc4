package chart

import (
	"fmt"
	"math"
	"strings"
)

// Missing is the reason why a value is not drawn. All figures follow one rule:
//
//   - The value is null in the option, because one NaN blanks a whole ECharts chart.
//   - The line has a gap.
//   - A mark stands at the bottom of the axis: × for NaN and ±Inf, ▾ for zero or
//     less on a log axis.
//   - The caption counts the values of each kind.
//
// On a linear axis the values of zero or less are drawn.
type Missing string

// The reasons why a value is missing. Drawn means that it is not missing.
const (
	Drawn       Missing = ""
	NaN         Missing = "NaN"
	PosInf      Missing = "+Inf"
	NegInf      Missing = "-Inf"
	NonPositive Missing = "zero or less" // on a log axis only
)

// Missed returns the reason why an axis does not show v, or Drawn. log: the axis is
// logarithmic.
func Missed(v float64, log bool) Missing {
	switch {
	case math.IsNaN(v):
		return NaN
	case math.IsInf(v, 1):
		return PosInf
	case math.IsInf(v, -1):
		return NegInf
	case log && v <= 0:
		return NonPositive
	}
	return Drawn
}

// tally counts missing values by reason.
type tally map[Missing]int

// add counts the missing values among values.
func (t tally) add(log bool, values ...float64) {
	for _, v := range values {
		if why := Missed(v, log); why != Drawn {
			t[why]++
		}
	}
}

// join adds the counts of another tally.
func (t tally) join(o tally) {
	for why, n := range o {
		t[why] += n
	}
}

// note is the sentence of a caption that gives the counts; "" if nothing is missing.
func (t tally) note() string {
	var parts []string
	for _, why := range []Missing{NaN, PosInf, NegInf, NonPositive} {
		if n := t[why]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, why))
		}
	}
	if parts == nil {
		return ""
	}
	note := "Not drawn: " + strings.Join(parts, ", ")
	var marks []string
	if t[NaN]+t[PosInf]+t[NegInf] > 0 {
		marks = append(marks, "× marks NaN or infinite values")
	}
	if t[NonPositive] > 0 {
		marks = append(marks, "▾ marks values a log axis cannot show")
	}
	return note + " (" + strings.Join(marks, ", ") + ")."
}
