package chart

import (
	"fmt"
	"math"
	"strings"
)

// Missing says why a value is not drawn. There is one policy for all figures:
// a value that is missing on its axis is left out (null in the option, since
// one NaN blanks a whole ECharts chart), the line has a gap there, a mark at
// the foot of the axis says where (× for NaN and ±Inf, ▾ for zero or less on a
// log axis), and the caption counts the values of each kind. Switching to a
// linear axis brings back those that only the log axis could not show.
type Missing string

// The reasons a value may be missing. Drawn is none: the value is drawn.
const (
	Drawn       Missing = ""
	NaN         Missing = "NaN"
	PosInf      Missing = "+Inf"
	NegInf      Missing = "-Inf"
	NonPositive Missing = "zero or less" // on a log axis only
)

// Missed classifies v for an axis that is logarithmic or not.
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

// add counts every missing one of the values.
func (t tally) add(log bool, values ...float64) {
	for _, v := range values {
		if why := Missed(v, log); why != Drawn {
			t[why]++
		}
	}
}

// join adds another tally.
func (t tally) join(o tally) {
	for why, n := range o {
		t[why] += n
	}
}

// note words the tally for a caption; "" when nothing is missing.
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
