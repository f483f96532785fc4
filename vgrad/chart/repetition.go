package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// group is a run or the repetitions of one experiment. It has one label in a figure.
type group struct {
	label   string // unique in a figure
	sources []vgrad.Source
}

// groups collects the repetitions among the sources, in order of first appearance.
// Two sources are repetitions of each other if they have the same label and
//
//   - both have an experiment ([vgrad.Recorded]), and the experiments are the same
//     except for Seed and Measure; or
//   - neither has an experiment, and both have the same sites.
//
// Different groups with the same label are renamed, see renameSame.
func groups(sources []vgrad.Source) []group {
	var gs []group
	at := map[string]int{}
	for _, src := range sources {
		key := src.Label() + "\x00" + identity(src)
		i, found := at[key]
		if !found {
			i, at[key] = len(gs), len(gs)
			gs = append(gs, group{label: src.Label()})
		}
		gs[i].sources = append(gs[i].sources, src)
	}
	renameSame(gs)
	return gs
}

// identity returns a text that is the same for two sources if they are repetitions.
func identity(src vgrad.Source) string {
	if run, ok := src.(vgrad.Recorded); ok {
		return experiment(run).Hash()
	}
	var paths []string
	for _, s := range src.Sites() {
		paths = append(paths, s.Path)
	}
	return strings.Join(paths, "\x00")
}

// experiment returns a run's experiment without the fields in which repetitions differ.
func experiment(run vgrad.Recorded) vgrad.Experiment {
	e := run.Ran()
	e.Seed, e.Measure = 0, vgrad.Measure{}
	return e
}

// renameSame renames groups that have the same label. It adds the fields in which
// their experiments differ: "first try: sigmoid" and "first try: relu". If those
// fields are not enough, it adds their order: "first try (2)".
func renameSame(gs []group) {
	for _, label := range repeatedLabels(gs) {
		var same []*group
		for i := range gs {
			if gs[i].label == label {
				same = append(same, &gs[i])
			}
		}
		names := differences(same)
		for i, g := range same {
			switch {
			case names == nil && i > 0:
				g.label = fmt.Sprintf("%s (%d)", label, i+1)
			case names != nil:
				g.label = label + ": " + names[i]
			}
		}
	}
}

// repeatedLabels lists the labels of more than one group.
func repeatedLabels(gs []group) []string {
	n := map[string]int{}
	var labels []string
	for _, g := range gs {
		if n[g.label]++; n[g.label] == 2 {
			labels = append(labels, g.label)
		}
	}
	return labels
}

// differences names each group by the fields in which their experiments differ. It
// returns nil if a group has no experiment or if two names are equal.
func differences(gs []*group) []string {
	var es []vgrad.Experiment
	for _, g := range gs {
		run, ok := g.sources[0].(vgrad.Recorded)
		if !ok {
			return nil
		}
		es = append(es, experiment(run))
	}
	fields := varying(es)
	var names []string
	for _, e := range es {
		name := e.NameBy(fields...)
		if name == "" || slices.Contains(names, name) {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// varying lists the fields in which experiments differ, except label and seed.
func varying(es []vgrad.Experiment) []string {
	var fields []string
	for _, field := range fieldsOf(es) {
		if field == "label" || field == "seed" {
			continue
		}
		first, _ := es[0].Field(field)
		if slices.ContainsFunc(es[1:], func(e vgrad.Experiment) bool { v, _ := e.Field(field); return v != first }) {
			fields = append(fields, field)
		}
	}
	return fields
}

// fieldsOf lists the fields that any of the experiments sets. The fields of
// [vgrad.Experiment] come first, in their order, and those of its network follow.
func fieldsOf(es []vgrad.Experiment) []string {
	set := map[string]json.RawMessage{}
	for _, e := range es {
		text, err := json.Marshal(e)
		if err == nil {
			err = json.Unmarshal(text, &set) // adds to what is there
		}
		if err != nil { // a NaN or Inf field
			return vgrad.Fields()
		}
	}
	fields := slices.DeleteFunc(vgrad.Fields(), func(f string) bool { _, ok := set[f]; return !ok })
	for _, f := range slices.Sorted(maps.Keys(set)) {
		if _, err := es[0].Field(f); !slices.Contains(fields, f) && (err == nil || len(es) > 1) {
			fields = append(fields, f)
		}
	}
	return fields
}
