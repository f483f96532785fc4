package publish

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Tolerance is how far two numbers may lie apart, relative to the larger, for
// [Compare] to take them for the same: a run on another machine or backend
// gives other last digits, and 2,500 steps of training let them grow.
const Tolerance = 0.05

// Difference is something that an executed notebook says differently.
type Difference struct {
	Cell      int // among the code cells, from 1
	Was, Says string
}

// String shows both, marked as diff marks them.
func (d Difference) String() string {
	return fmt.Sprintf("code cell %d:\n%s\n%s", d.Cell, indent(d.Was, "    - "), indent(d.Says, "    + "))
}

// Compare tells what a notebook says differently from before: standard output,
// and of each display its text. Pictures are not compared, nor times, and
// numbers are the same within [Tolerance].
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

// texts lists what each code cell says, an entry a display or a stream.
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
		all = append(all, said)
	}
	return all
}

var (
	numbers = regexp.MustCompile(`-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?`)
	times   = regexp.MustCompile(`\d+(?:\.\d+)?\s*(?:ms|µs|s|min|h|seconds?|minutes?)\b`)
	spaces  = regexp.MustCompile(`[ \t]+`)
)

// alike reports whether two texts say the same.
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

// close reports whether two numbers agree within the tolerance, or differ by
// one in the last decimal that is written.
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

// lastPlace is the value of the last decimal: 0.01 of "0.25". A whole number may
// count something, so it has none.
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
