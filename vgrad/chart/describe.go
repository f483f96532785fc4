package chart

import (
	"fmt"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// describe returns the description of a source's quantity. All figures use it.
// If a quantity is not described, its title is its name, and the first sample
// shows its subject and whether it is a histogram.
func describe(src vgrad.Source, q vgrad.Quantity) vgrad.Info {
	if info, err := vgrad.InfoOf(src, q); err == nil {
		return info
	}
	info := vgrad.Info{Title: string(q)}
	for s := range src.Samples(q) {
		info.Histogram = s.Hist != nil
		switch {
		case s.Site.Path == vgrad.NetworkSite.Path:
		case s.Site.Role.IsVariable():
			info.Subject = vgrad.LayerWeights
		default:
			info.Subject = vgrad.LayerUnits
		}
		break
	}
	return info
}

// scalarInfo describes a quantity that has one value a step.
func scalarInfo(src vgrad.Source, q vgrad.Quantity) (vgrad.Info, error) {
	info := describe(src, q)
	if info.Histogram {
		return info, fmt.Errorf("%s is a histogram; draw it with Ridge or Heatmap", q)
	}
	return info, nil
}

// axisName is a quantity's title with its unit.
func axisName(info vgrad.Info) string {
	if info.Unit == "" {
		return info.Title
	}
	return info.Title + " (" + info.Unit + ")"
}

// capital returns text with its first letter in upper case, unless it is a symbol.
func capital(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// plural formats a count: "1 run", "2 runs".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// listed joins words: "a", "a and b", "a, b and c".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// listedUpTo joins up to n words as listed does. It counts the rest: "a, b and 3 more".
func listedUpTo(words []string, n int) string {
	if len(words) <= n {
		return listed(words)
	}
	return strings.Join(words[:n], ", ") + fmt.Sprintf(" and %d more", len(words)-n)
}
