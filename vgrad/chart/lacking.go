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
		case info.Of == vgrad.LayerWeights && (s.Role == vgrad.Units || s.Role == vgrad.Gate):
			continue
		case s.Role == vgrad.Kernel, s.Role == vgrad.RecurrentKernel && info.Of == vgrad.LayerWeights:
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
	var sentences, texts []string
	of := map[string][]string{}
	for _, g := range gs {
		text := lackOf(g.sources[0], info, q).words()
		if text == "" {
			continue
		}
		if of[text] == nil {
			texts = append(texts, text)
		}
		of[text] = append(of[text], g.label)
	}
	for _, text := range texts {
		who := ""
		if len(of[text]) < len(gs) {
			who = " of " + some(of[text], 6)
		}
		sentences = append(sentences, fmt.Sprintf("Not recorded: %s of %s%s.", info.Title, text, who))
	}
	return sentences
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

// frozenLayers says which layers are not trained, of any of the groups; "" where all are.
func frozenLayers(spots []spot) string {
	var layers []int
	for _, s := range spots {
		if s.site.Frozen && !slices.Contains(layers, s.site.Layer) {
			layers = append(layers, s.site.Layer)
		}
	}
	if layers == nil {
		return ""
	}
	slices.Sort(layers)
	return "Frozen, that is not trained: " + layersInWords(layers) + "."
}
