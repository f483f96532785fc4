package tfevents

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Tags says how the columns of a run are called in an event file.
type Tags string

const (
	// ArticleTags are the article's own: loss, acc, and for each layer i mean_i (mean
	// |∂L/∂W|), histogram_i (of ∂L/∂W) and hist_weights_i (of W; the article fed the
	// gradient to it). What the article does not record has the laboratory's tags.
	ArticleTags Tags = "article"
	// LabTags are the laboratory's: the quantity, and behind a slash the path of the site,
	// as in "rms_delta/layer1/units".
	LabTags Tags = "vgrad"
)

// check reports an unknown value.
func (t Tags) check() error {
	if t != "" && t != ArticleTags && t != LabTags {
		return fmt.Errorf("tags are %q; they can be %q or %q", t, ArticleTags, LabTags)
	}
	return nil
}

// name returns the tag of a column. first says that the site is the first of its layer
// that has the quantity.
func (t Tags) name(c vgrad.Column, first bool) string {
	if t != LabTags {
		switch {
		case c.Site.Layer == 0 && c.Quantity == vgrad.TrainAccuracy:
			return "acc"
		case c.Site.Layer > 0 && first && articleTag[c.Quantity] != "":
			return articleTag[c.Quantity] + strconv.Itoa(c.Site.Layer)
		}
	}
	if c.Site == vgrad.NetworkSite {
		return string(c.Quantity)
	}
	return string(c.Quantity) + "/" + strings.TrimPrefix(c.Site.Path, "/")
}

var articleTag = map[vgrad.Quantity]string{
	vgrad.MeanAbsGrad: "mean_",
	vgrad.Gradients:   "histogram_",
	vgrad.Weights:     "hist_weights_",
}

// Rule says what the tags of logs of other programs mean.
type Rule struct {
	// Tag is the form of the tag, with at most one of
	//
	//	{layer}  the number of the layer, from 1
	//	{name}   the name of a layer, such as "fc1.weight"; layers count by first appearance
	//
	// as in "mean_{layer}" and "grads/{name}". Without one of them it is a quantity of the
	// whole network.
	Tag string
	// Quantity that is measured, such as [vgrad.MeanAbsGrad].
	Quantity vgrad.Quantity
}

// Rules are the rules that apply to all logs: the article's tags, and some names of the
// loss and the accuracy.
func Rules() []Rule {
	return []Rule{
		{"mean_{layer}", vgrad.MeanAbsGrad},
		{"histogram_{layer}", vgrad.Gradients},
		{"hist_weights_{layer}", vgrad.Weights},
		{"acc", vgrad.TrainAccuracy},
		{"accuracy", vgrad.TrainAccuracy},
		{"train/loss", vgrad.Loss},
		{"train/accuracy", vgrad.TrainAccuracy},
	}
}

// ParseRule reads a rule from "TAG=QUANTITY", such as "grads/{name}=mean_abs_grad".
func ParseRule(text string) (Rule, error) {
	i := strings.LastIndexByte(text, '=')
	if i < 1 {
		return Rule{}, fmt.Errorf("%q is no rule; say TAG=QUANTITY, such as grads/{name}=mean_abs_grad", text)
	}
	r := Rule{Tag: text[:i], Quantity: vgrad.Quantity(text[i+1:])}
	_, err := compile([]Rule{r})
	return r, err
}

// pattern is a rule that is ready to match.
type pattern struct {
	rule    Rule
	match   *regexp.Regexp
	numbers bool // it has {layer}
	names   bool // it has {name}
}

// compile checks rules and makes patterns of them.
func compile(rules []Rule) ([]pattern, error) {
	var ps []pattern
	for _, r := range rules {
		p := pattern{rule: r, numbers: strings.Contains(r.Tag, "{layer}"), names: strings.Contains(r.Tag, "{name}")}
		if strings.Count(r.Tag, "{") > 1 || strings.Contains(r.Tag, "{") && !p.numbers && !p.names {
			return nil, fmt.Errorf("tfevents: the rule %q; it may have {layer} or {name}, once", r.Tag)
		}
		if _, err := r.Quantity.Info(); err != nil {
			return nil, fmt.Errorf("tfevents: the rule %q: %w", r.Tag, err)
		}
		text := regexp.QuoteMeta(r.Tag)
		text = strings.Replace(text, `\{layer\}`, `([1-9][0-9]{0,5})`, 1)
		text = strings.Replace(text, `\{name\}`, `(.+)`, 1)
		p.match = regexp.MustCompile("^" + text + "$")
		ps = append(ps, p)
	}
	return ps, nil
}

// columnsOf returns what the tags are, by tag. A tag without a rule is left out.
func columnsOf(tags []string, isHistogram func(string) bool, ps []pattern) map[string]vgrad.Column {
	columns := map[string]vgrad.Column{}
	layers := map[string]int{} // by name
	taken := map[vgrad.Column]bool{}
	for _, tag := range tags {
		for _, p := range ps {
			m := p.match.FindStringSubmatch(tag)
			info, err := p.rule.Quantity.Info()
			if m == nil || err != nil || info.Histogram != isHistogram(tag) {
				continue
			}
			c := vgrad.Column{Site: vgrad.NetworkSite, Quantity: p.rule.Quantity}
			if p.numbers || p.names {
				c.Site = siteOf(m[1], p.numbers, info, layers)
			}
			if !taken[c] { // the first tag of several that mean the same
				taken[c], columns[tag] = true, c
			}
			break
		}
	}
	return columns
}

// siteOf makes the site of a layer that is given by its number or its name.
func siteOf(text string, isNumber bool, info vgrad.Info, layers map[string]int) vgrad.Site {
	s := vgrad.Site{Role: vgrad.Kernel}
	what := "weights"
	if info.Subject == vgrad.LayerUnits {
		s.Role, what = vgrad.Units, "units"
	}
	if isNumber {
		s.Layer, _ = strconv.Atoi(text) // the pattern has digits only
		s.Path = fmt.Sprintf("/layer%d/%s", s.Layer, what)
		return s
	}
	if layers[text] == 0 {
		layers[text] = len(layers) + 1
	}
	s.Layer, s.Path = layers[text], "/"+strings.Trim(text, "/")+"/"+what
	return s
}
