package chart

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// Speed draws how many training steps a second each backend takes against a numeric field
// of the experiments, such as "width". There is a line for each backend and each
// combination of the other fields that vary: the median of the timed stretches, with a
// band from their 10 % to their 90 % quantile. The caption names the backends that were
// not measured.
//
// It fails without measurements, and for a field that does not exist or is not a number.
func Speed(speeds []vgrad.Speed, field string) (*Figure, error) {
	points, absent, err := speedPoints(speeds, field)
	if err != nil {
		return nil, fmt.Errorf("chart: speed: %w", err)
	}
	info := vgrad.Info{Title: "training steps a second", Log: true}
	trends, nan := trendsOf(points, info.Title)
	f := &Figure{
		Title:  fmt.Sprintf("%s by %s", capital(info.Title), field),
		Height: 380,
		Table:  trendTable(trends, field),
		extras: extras{Log: &logControl{On: true, Axes: []int{0}}, Tip: tip{Head: field + " {x}"}},
	}
	for _, tr := range trends {
		f.labels = append(f.labels, tr.label)
	}
	f.Caption = "Higher is faster. Compiling is not part of a step. " + strings.ReplaceAll(trendCaption(trends, nan, info), "run", "stretch of training")
	f.Caption = strings.ReplaceAll(f.Caption, "stretch of trainings", "stretches of training")
	if len(absent) > 0 {
		f.Caption += " Not measured: " + listed(absent) + "."
	}
	return f, f.trendOption(trends, info, field)
}

// speedPoints returns a point for each stretch, and what is absent with the reason up to
// its first colon.
func speedPoints(speeds []vgrad.Speed, field string) (points []point, absent []string, err error) {
	var es []vgrad.Experiment
	for _, s := range speeds {
		es = append(es, s.Experiment)
	}
	if len(es) == 0 {
		return nil, nil, errors.New("no speeds; measure at least one experiment")
	}
	others := slices.DeleteFunc(varying(es), func(f string) bool { return f == field })
	for _, s := range speeds {
		if s.Absent != "" {
			why, _, _ := strings.Cut(s.Absent, ":")
			if text := s.Backend + " (" + why + ")"; !slices.Contains(absent, text) {
				absent = append(absent, text)
			}
			continue
		}
		text, err := s.Experiment.Field(field)
		if err != nil {
			return nil, nil, err
		}
		x, err := parseAll([]string{text})
		if err != nil {
			return nil, nil, fmt.Errorf("%s is %q, which is not a number", field, text)
		}
		label := s.Backend
		if len(others) > 0 {
			label += ", " + s.Experiment.NameBy(others...)
		}
		for _, seconds := range s.Steps {
			points = append(points, point{label, x[text], 1 / seconds})
		}
	}
	if points == nil {
		return nil, nil, fmt.Errorf("nothing was measured: %s", listed(absent))
	}
	return points, absent, nil
}
