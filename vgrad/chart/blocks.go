package chart

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

// Blocks draws the chain rule at the blocks of a residual network, from the recorded
// RMS of δ: what enters a block on the way back is drawn as "before the block", what
// the skip carries as "behind it", and what comes through the branch as "of the branch".
// For each example and unit the first is the sum of the other two. If these are not
// correlated, the squares of the RMS add up. Values are means over the recorded steps.
// Sources with one label are repetitions.
//
// Blocks fails if a source is not a recorded run of a residual network with skips, or
// if it lacks δ at a block.
func Blocks(sources []vgrad.Source) (*Figure, error) {
	info, err := vgrad.RMSDelta.Info()
	if err != nil {
		return nil, err
	}
	var points []point
	for _, src := range sources {
		of, err := blockPoints(src)
		if err != nil {
			return nil, fmt.Errorf("chart: blocks: %q: %w", src.Label(), err)
		}
		if len(labelled(sources)) > 1 {
			for i := range of {
				of[i].label = src.Label() + ", " + of[i].label
			}
		}
		points = append(points, of...)
	}
	if points == nil {
		return nil, errors.New("chart: blocks: no sources; give at least one run")
	}
	trends, nan := trendsOf(points, info.Title)
	f := &Figure{
		Title: "The chain rule at each block: RMS of δ", Height: 380, Table: trendTable(trends, "block"),
		extras: extras{Log: &logControl{On: true, Axes: []int{0}}, Tip: tip{Head: "block {x}"}},
	}
	for _, tr := range trends {
		f.labels = append(f.labels, tr.label)
	}
	f.Caption = "Block 1 is next to the input. δ before a block is δ behind it, passed on by the skip, plus the part of the branch. Means over all recorded steps. " + trendCaption(trends, nan, info)
	return f, f.trendOption(trends, info, "block")
}

// labelled lists the different labels.
func labelled(sources []vgrad.Source) []string {
	var labels []string
	for _, src := range sources {
		if !slices.Contains(labels, src.Label()) {
			labels = append(labels, src.Label())
		}
	}
	return labels
}

// blockPoints reads the three values of each block.
func blockPoints(src vgrad.Source) ([]point, error) {
	after, err := activatedAfterSum(src)
	if err != nil {
		return nil, err
	}
	means := map[string]float64{}
	sites := vgrad.Measured(src, vgrad.RMSDelta)
	for _, s := range sites {
		_, values := vgrad.SeriesAt(src, vgrad.RMSDelta, s)
		means[s.Path] = meanOf(values)
	}
	streams := slices.DeleteFunc(slices.Clone(sites), func(s vgrad.Site) bool { return s.Role != vgrad.Stream })
	var points []point
	for i := 1; i < len(streams); i++ {
		behind := streams[i].Path
		if after {
			behind = fmt.Sprintf("/layer%d/units", streams[i].Layer)
		}
		branch := fmt.Sprintf("/block%d/branch", i)
		for _, path := range []string{behind, branch} {
			if _, known := means[path]; !known {
				return nil, fmt.Errorf("δ of %s is not recorded", path)
			}
		}
		x := float64(i)
		points = append(points, point{"before the block", x, means[streams[i-1].Path]}, point{"behind it, by the skip", x, means[behind]}, point{"of the branch", x, means[branch]})
	}
	if points == nil {
		return nil, fmt.Errorf("it has no blocks with δ; record %s of a residual network with skips", vgrad.RMSDelta)
	}
	return points, nil
}

// activatedAfterSum reports whether the blocks of a run apply their activation to the
// sum, so that δ of the sum is that of the last layer's units.
func activatedAfterSum(src vgrad.Source) (bool, error) {
	run, ok := src.(vgrad.Recorded)
	if !ok {
		return false, errors.New("it has no experiment; give recorded runs")
	}
	switch n := run.Ran().Resolved().(type) {
	case vgrad.ResNet:
		return true, nil
	case vgrad.Residual:
		form, _ := n.Form()
		return form == vgrad.PostActivation || form == vgrad.Fixup, nil
	default:
		return false, fmt.Errorf("network %s has no residual blocks; residual and resnet have", n.Family())
	}
}

// meanOf is the mean of the finite values; NaN if there are none.
func meanOf(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}
