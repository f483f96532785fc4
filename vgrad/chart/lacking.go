package chart

import (
	"fmt"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// lack lists the layers at which a run lacks a quantity: at all sites, or at some.
type lack struct{ all, part []int }

// lackOf compares the number of sites at which a layer's quantity is recorded with
// the number of its kernels. A quantity of weights is measured at each kernel, and
// a quantity of units once for each kernel. The sites of old runs have no roles,
// so kernels cannot be counted. For such a run lackOf finds only the layers at
// which nothing is recorded.
func lackOf(src vgrad.Source, info vgrad.Info, q vgrad.Quantity) lack {
	kernels, measured := map[int]int{}, map[int]map[string]bool{}
	var layers []int
	seen := map[string]bool{} // a stage that freezes a site lists it again
	for _, s := range src.Sites() {
		if seen[s.Path] {
			continue
		}
		seen[s.Path] = true
		switch {
		case s.Layer == 0 || s.Role == vgrad.Bias || s.Role == vgrad.Scale || s.Role == vgrad.Stream || s.Role == vgrad.Branch:
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
		if s.Role != vgrad.Stream && s.Role != vgrad.Branch && s.Role != vgrad.Bias && s.Role != vgrad.Scale {
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

// words names the layers: "layer 2 and parts of layer 3". It is "" if none lacks
// the quantity.
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

// lacking returns sentences that name the layers and labels without a quantity;
// nil if none lacks it.
func lacking(gs []group, info vgrad.Info, q vgrad.Quantity) []string {
	var labels []string
	words := map[string]string{}
	for _, g := range gs {
		labels = append(labels, g.label)
		words[g.label] = lackOf(g.sources[0], info, q).words()
	}
	return sentencesByText("Not recorded: "+info.Title+" of ", labels, func(label string) string { return words[label] })
}

// layersInWords names layers in ascending order, three or more successive ones as
// a range: "layer 2", "layers 1–3 and 7".
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
	return "layers " + listedUpTo(parts, 8)
}

// frozen returns sentences that name the layers and labels that are not trained;
// nil if all are.
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
	return sentencesByText("Frozen, that is not trained: ", labels, func(label string) string {
		if layers[label] == nil {
			return ""
		}
		return layersInWords(slices.Sorted(slices.Values(layers[label])))
	})
}

// sentencesByText returns a sentence for each different text. It adds the labels
// with that text unless all labels have it. A label with text "" has no sentence.
func sentencesByText(start string, labels []string, text func(label string) string) []string {
	var texts, sentences []string
	with := map[string][]string{} // labels by text
	for _, label := range labels {
		t := text(label)
		if t != "" && with[t] == nil {
			texts = append(texts, t)
		}
		with[t] = append(with[t], label)
	}
	for _, t := range texts {
		ofLabels := ""
		if len(with[t]) < len(labels) {
			ofLabels = " of " + listedUpTo(with[t], 6)
		}
		sentences = append(sentences, start+t+ofLabels+".")
	}
	return sentences
}
