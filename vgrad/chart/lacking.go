package chart

import (
	"fmt"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// lack is which layers a run has a quantity of not at all, and of which in part.
type lack struct{ all, part []int }

// lackOf compares the sites at which a quantity is recorded with the kernels that
// there are: weights are measured at each of them, units behind each. Runs from
// before there were roles do not tell kernels from units; of them only layers
// without any are found.
func lackOf(src vgrad.Source, info vgrad.Info, q vgrad.Quantity) lack {
	kernels, measured := map[int]int{}, map[int]map[string]bool{}
	var layers []int
	for _, s := range src.Sites() {
		switch {
		case s.Layer == 0 || s.Role == vgrad.Bias || s.Role == vgrad.Scale || s.Role == vgrad.Stream:
			continue
		case info.Subject == vgrad.LayerWeights && (s.Role == vgrad.Units || s.Role == vgrad.Gate):
			continue
		case s.Role == vgrad.Kernel, s.Role == vgrad.RecurrentKernel && info.Subject == vgrad.LayerWeights:
			kernels[s.Layer]++
		}
		if !slices.Contains(layers, s.Layer) {
			layers = append(layers, s.Layer)
		}
	}
	for _, s := range vgrad.Measured(src, q) {
		if measured[s.Layer] == nil {
			measured[s.Layer] = map[string]bool{}
		}
		if s.Role != vgrad.Stream && s.Role != vgrad.Bias && s.Role != vgrad.Scale {
			measured[s.Layer][withoutTime(s.Path)] = true
		}
	}
	slices.Sort(layers)
	var l lack
	for _, layer := range layers {
		switch n := len(measured[layer]); {
		case n == 0:
			l.all = append(l.all, layer)
		case n < kernels[layer]:
			l.part = append(l.part, layer)
		}
	}
	return l
}

// words says what is lacking; "" for nothing.
func (l lack) words() string {
	var parts []string
	if l.all != nil {
		parts = append(parts, layersInWords(l.all))
	}
	if l.part != nil {
		parts = append(parts, "parts of "+layersInWords(l.part))
	}
	return listed(parts)
}

// lacking says in a sentence for each which layers of which groups lack a
// quantity; nil where none does.
func lacking(gs []group, info vgrad.Info, q vgrad.Quantity) []string {
	var labels []string
	words := map[string]string{}
	for _, g := range gs {
		labels = append(labels, g.label)
		words[g.label] = lackOf(g.sources[0], info, q).words()
	}
	return perText("Not recorded: "+info.Title+" of ", labels, func(label string) string { return words[label] })
}

// layersInWords names layers, ranges of them where they follow each other:
// "layer 2", "layers 1–3 and 7".
func layersInWords(layers []int) string {
	var parts []string
	for from := 0; from < len(layers); {
		to := from
		for to+1 < len(layers) && layers[to+1] == layers[to]+1 {
			to++
		}
		switch to - from {
		case 0:
			parts = append(parts, fmt.Sprint(layers[from]))
		case 1:
			parts = append(parts, fmt.Sprint(layers[from]), fmt.Sprint(layers[to]))
		default:
			parts = append(parts, fmt.Sprintf("%d–%d", layers[from], layers[to]))
		}
		from = to + 1
	}
	if len(layers) == 1 {
		return "layer " + parts[0]
	}
	return "layers " + some(parts, 8)
}

// frozen says in a sentence for each which layers of which labels are not
// trained; nil where all are.
func frozen(lines []line) []string {
	layers, labels := map[string][]int{}, []string{}
	for _, l := range lines {
		if !slices.Contains(labels, l.label) {
			labels = append(labels, l.label)
		}
		if n := l.spot.site.Layer; l.spot.site.Frozen && !slices.Contains(layers[l.label], n) {
			layers[l.label] = append(layers[l.label], n)
		}
	}
	return perText("Frozen, that is not trained: ", labels, func(label string) string {
		if layers[label] == nil {
			return ""
		}
		return layersInWords(slices.Sorted(slices.Values(layers[label])))
	})
}

// perText makes a sentence of each text that labels have, with the labels where
// not all have the same. Labels without a text are left out.
func perText(start string, labels []string, text func(label string) string) []string {
	var texts, sentences []string
	of := map[string][]string{}
	for _, label := range labels {
		t := text(label)
		if t != "" && of[t] == nil {
			texts = append(texts, t)
		}
		of[t] = append(of[t], label)
	}
	for _, t := range texts {
		who := ""
		if len(of[t]) < len(labels) {
			who = " of " + some(of[t], 6)
		}
		sentences = append(sentences, start+t+who+".")
	}
	return sentences
}
