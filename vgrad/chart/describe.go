package chart

import (
	"fmt"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// describe says what a quantity of a source is. It is the one place where
// figures ask. A quantity that nobody described is called by its name, and what it
// belongs to is read from its first sample.
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

// plural words a count: "1 run", "2 runs".
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

// some is listed for words of which there may be many: the first few and how many more.
func some(words []string, n int) string {
	if len(words) <= n {
		return listed(words)
	}
	return strings.Join(words[:n], ", ") + fmt.Sprintf(" and %d more", len(words)-n)
}
