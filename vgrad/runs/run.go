package runs

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/vgrad/lab/vgrad"
)

// Run holds the samples of an experiment that were recorded when it was read. It is a
// [vgrad.Recorded]. It does not change, and any number of goroutines may use it.
type Run struct {
	Name       string // of the run's folder
	Experiment vgrad.Experiment
	Provenance Provenance
	// Finished is false for a run that was killed or is being written.
	Finished bool
	// LastStep is the last step that has samples, -1 where none has.
	LastStep int
	// Truncated says what is missing at the end of the samples, for example after the
	// process was killed in a write. Empty: nothing is missing.
	Truncated string

	dir   string // the run's folder
	file  *samplesFile
	sites []vgrad.Site       // in forward order, the whole network left out
	rank  map[vgrad.Site]int // place in sites, from 1; the whole network comes first
}

var _ vgrad.Timed = (*Run)(nil)

// readRun reads the run in a folder.
func readRun(dir string) (*Run, error) {
	e, err := readEntry(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, samplesName)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file, err := parseSamples(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &Run{Name: e.Name, Experiment: e.Experiment, Provenance: e.Provenance, Finished: e.Finished, LastStep: file.lastStep(), dir: dir, file: file}
	if file.version == 1 {
		file.nameActivations(e.Experiment)
	}
	r.sites, r.rank = forwardOrder(file), map[vgrad.Site]int{}
	for i, site := range r.sites {
		r.rank[site] = i + 1
	}
	if e.recorded > 0 && e.recorded != int64(len(data)) {
		r.Truncated = fmt.Sprintf("%s: has %d bytes, %d when the run finished; the last complete step is %d", path, len(data), e.recorded, r.LastStep)
	} else if file.dropped > 0 {
		r.Truncated = fmt.Sprintf("%s: ends in %d bytes of a half-written record, dropped; the last complete step is %d", path, file.dropped, r.LastStep)
	}
	return r, nil
}

// nameActivations gives the units of a perceptron their activations. Format 1 did not
// record them.
func (f *samplesFile) nameActivations(e vgrad.Experiment) {
	n, ok := e.Resolved().(vgrad.MLP)
	for _, t := range f.tables {
		for i, c := range t.Columns {
			switch {
			case !ok || c.Site.Role != vgrad.Units:
			case c.Site.Layer < n.Depth:
				t.Columns[i].Site.Activation = n.Activation
			default:
				t.Columns[i].Site.Activation = "identity"
			}
		}
	}
}

// forwardOrder lists all declared sites, measured or not. They are sorted by layer, and
// within a layer as the model declared them.
func forwardOrder(f *samplesFile) []vgrad.Site {
	var sites []vgrad.Site
	seen := map[vgrad.Site]bool{vgrad.NetworkSite: true}
	add := func(s vgrad.Site) {
		if !seen[s] {
			seen[s], sites = true, append(sites, s)
		}
	}
	for _, schema := range f.schemas {
		for _, s := range schema.Sites {
			add(s)
		}
	}
	for _, t := range f.tables {
		for _, c := range t.Columns {
			add(c.Site)
		}
	}
	slices.SortStableFunc(sites, func(a, b vgrad.Site) int { return cmp.Compare(a.Layer, b.Layer) })
	return sites
}

// Describe returns the description of a quantity that was recorded with the run, or
// false if there is none.
func (r *Run) Describe(q vgrad.Quantity) (vgrad.Info, bool) {
	for _, s := range slices.Backward(r.file.schemas) {
		if info, ok := s.Infos[q]; ok {
			return info, true
		}
	}
	return vgrad.Info{}, false
}

// RunName returns the name of the run's folder.
func (r *Run) RunName() string { return r.Name }

// Label returns the name of the experiment.
func (r *Run) Label() string { return r.Experiment.Name() }

// Ran returns the experiment.
func (r *Run) Ran() vgrad.Experiment { return r.Experiment }

// StepsTook is [Provenance.Stepping] of a finished run, if it was recorded.
func (r *Run) StepsTook() (seconds float64, ok bool) {
	return r.Provenance.Stepping, r.Finished && r.Provenance.Stepping > 0
}

// Sites lists the layers' sites in forward order.
func (r *Run) Sites() []vgrad.Site { return slices.Clone(r.sites) }

// Samples yields the samples of q in step order, and within a step in the forward order
// of the sites. Values are exact: they have every bit that was put.
func (r *Run) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		columns := r.columnsOf(q)
		var step []vgrad.Sample
		parts := 0 // rows that the step's samples come from
		for i, at := range r.file.rows {
			for _, col := range columns[at.table] {
				step = append(step, r.file.tables[at.table].sample(at.at, col))
			}
			parts += min(1, len(columns[at.table]))
			if i+1 < len(r.file.rows) && r.file.step(r.file.rows[i+1]) == r.file.step(at) {
				continue // more of this step to come
			}
			if parts > 1 {
				slices.SortStableFunc(step, func(a, b vgrad.Sample) int { return cmp.Compare(r.rank[a.Site], r.rank[b.Site]) })
			}
			for _, s := range step {
				if !yield(s) {
					return
				}
			}
			step, parts = step[:0], 0
		}
	}
}

// columnsOf returns, for each table, its columns that hold q, in forward order.
func (r *Run) columnsOf(q vgrad.Quantity) [][]int {
	columns := make([][]int, len(r.file.tables))
	for i, t := range r.file.tables {
		for col, c := range t.Columns {
			if c.Quantity == q {
				columns[i] = append(columns[i], col)
			}
		}
		slices.SortStableFunc(columns[i], func(a, b int) int {
			return cmp.Compare(r.rank[t.Columns[a].Site], r.rank[t.Columns[b].Site])
		})
	}
	return columns
}

// Value returns the last recorded value of a scalar quantity at a layer; layer 0 is the
// whole network. If the run is finished, that is the quantity's final value. It returns
// NaN and false if no value is recorded.
func (r *Run) Value(q vgrad.Quantity, layer int) (float64, bool) {
	for _, at := range slices.Backward(r.file.rows) {
		t := r.file.tables[at.table]
		for col, c := range t.Columns {
			if c.Quantity == q && c.Site.Layer == layer && !t.Kind.hasHists() {
				return t.sample(at.at, col).Value, true
			}
		}
	}
	return math.NaN(), false
}

// WriteCSV writes every sample as comma-separated values with the columns
//
//	quantity,step,layer,site,value,low,high,count
//
// A scalar has one line with its value, in the shortest form that reads back the same. A
// histogram has one line for each bin, with its interval [low, high) and its count. It
// has further lines for zeros (low and high are 0), -Inf, +Inf and NaN if it counts any.
func (r *Run) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	err := out.Write([]string{"quantity", "step", "layer", "site", "value", "low", "high", "count"})
	for _, q := range r.Quantities() {
		for s := range r.Samples(q) {
			err = errors.Join(err, writeSample(out, s))
		}
	}
	out.Flush()
	return errors.Join(err, out.Error())
}

// Quantities lists the recorded quantities in the order of [vgrad.Quantities], followed
// by those that are not in it.
func (r *Run) Quantities() []vgrad.Quantity {
	var qs []vgrad.Quantity
	for _, t := range r.file.tables {
		for _, c := range t.Columns {
			if !slices.Contains(qs, c.Quantity) {
				qs = append(qs, c.Quantity)
			}
		}
	}
	known := vgrad.Quantities()
	place := func(q vgrad.Quantity) int {
		if i := slices.Index(known, q); i >= 0 {
			return i
		}
		return len(known)
	}
	slices.SortStableFunc(qs, func(a, b vgrad.Quantity) int { return cmp.Compare(place(a), place(b)) })
	return qs
}

func writeSample(out *csv.Writer, s vgrad.Sample) error {
	start := []string{string(s.Quantity), strconv.Itoa(s.Step), strconv.Itoa(s.Site.Layer), s.Site.Path}
	if s.Hist == nil {
		return out.Write(append(start, number(s.Value), "", "", ""))
	}
	var err error
	for b := range s.Hist.All() {
		err = errors.Join(err, out.Write(append(slices.Clip(start), "", number(b.Low), number(b.High), strconv.Itoa(b.Count))))
	}
	return err
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
