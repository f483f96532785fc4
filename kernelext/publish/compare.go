package publish

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Tolerance is the relative difference up to which [Compare] takes two numbers for the
// same. A run on another machine or backend differs in the last digits, and over 2,500
// steps of training these differences grow.
const Tolerance = 0.05

// Difference is an output that differs between two executions of a notebook.
type Difference struct {
	Cell      int    // number among the code cells, from 1
	Was, Says string // text of the earlier and of the later output; "(nothing)" if there is none
}

// String shows both texts, the earlier marked with -, the later with +.
func (d Difference) String() string {
	return fmt.Sprintf("code cell %d:\n%s\n%s", d.Cell, indent(d.Was, "    - "), indent(d.Says, "    + "))
}

// Compare lists the outputs that differ between two executions of a notebook. It compares
// standard output, errors, and the plain text of each display. It ignores pictures and
// times, and takes numbers within [Tolerance] for the same.
//
// Of a cell with the tag "varies" it compares the number of outputs only. The tag is for
// what the last digits decide, in which machines differ: how far a training gets that
// stalls, or that begins with a gradient too large.
func Compare(was, is *Notebook) []Difference {
	before, now := was.texts(), is.texts()
	var ds []Difference
	for i := range max(len(before), len(now)) {
		a, b := at(before, i), at(now, i)
		for j := range max(len(a), len(b)) {
			if x, y := at(a, j), at(b, j); !alike(x, y) {
				ds = append(ds, Difference{Cell: i + 1, Was: orNothing(x), Says: orNothing(y)})
			}
		}
	}
	return ds
}

func at[T any](xs []T, i int) (x T) {
	if i < len(xs) {
		x = xs[i]
	}
	return x
}

func orNothing(text string) string {
	if text == "" {
		return "(nothing)"
	}
	return text
}

// texts lists the texts of each code cell: one per display or error, and one for all of
// standard output.
func (n *Notebook) texts() (all [][]string) {
	for _, c := range n.Cells {
		if c.Kind != "code" {
			continue
		}
		var said []string
		stdout := ""
		for _, o := range c.Outputs {
			switch {
			case o.Kind == "stream" && o.Name == "stdout":
				stdout += string(o.Text)
			case o.Kind == "error":
				said = append(said, tidy(o.Value))
			case o.Data != nil:
				said = append(said, strings.TrimSpace(string(o.Data["text/plain"])))
			}
		}
		if stdout != "" {
			said = append(said, strings.TrimSpace(stdout))
		}
		if c.varies() {
			said = slices.Repeat([]string{"(varies)"}, len(said))
		}
		all = append(all, said)
	}
	return all
}

var (
	numbers = regexp.MustCompile(`-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?`)
	times   = regexp.MustCompile(`\d+(?:\.\d+)?\s*(?:ms|µs|s|min|h|seconds?|minutes?)\b`)
	spaces  = regexp.MustCompile(`[ \t]+`)
)

// alike reports whether two texts are the same but for times and small differences of
// numbers.
func alike(a, b string) bool {
	a, b = spaces.ReplaceAllString(times.ReplaceAllString(a, "(time)"), " "), spaces.ReplaceAllString(times.ReplaceAllString(b, "(time)"), " ")
	if numbers.ReplaceAllString(a, "0") != numbers.ReplaceAllString(b, "0") {
		return false
	}
	xs, ys := numbers.FindAllString(a, -1), numbers.FindAllString(b, -1)
	for i := range xs {
		if !close(xs[i], ys[i]) {
			return false
		}
	}
	return true
}

// close reports whether two numbers agree within [Tolerance], or differ by at most one in
// the last decimal that both have.
func close(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseFloat(strings.ReplaceAll(a, ",", ""), 64)
	y, errY := strconv.ParseFloat(strings.ReplaceAll(b, ",", ""), 64)
	if errX != nil || errY != nil {
		return false
	}
	return math.Abs(x-y) <= max(Tolerance*max(math.Abs(x), math.Abs(y)), 1.001*min(lastPlace(a), lastPlace(b)))
}

// lastPlace returns the value of the last decimal, such as 0.01 for "0.25". For a whole
// number, which may be a count, it returns 0.
func lastPlace(number string) float64 {
	mantissa, exponent, _ := strings.Cut(number, "e")
	place := 0.0
	if _, decimals, ok := strings.Cut(mantissa, "."); ok {
		place = math.Pow10(-len(decimals))
	}
	if e, err := strconv.Atoi(exponent); err == nil {
		place *= math.Pow10(e)
	}
	return place
}
