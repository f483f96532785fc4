package tfevents

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vgrad/lab/vgrad"
)

// Run is the events of one folder. It is a [vgrad.Source] and a [vgrad.Describer]. Any
// number of goroutines may read it, also during a [Log.Refresh].
type Run struct {
	name, dir string
	rules     []pattern

	mu      sync.RWMutex
	label   string
	files   []*file // sorted by name
	events  *events
	columns map[string]vgrad.Column // of the laboratory, by tag
	sites   []vgrad.Site            // in forward order
}

var (
	_ vgrad.Source    = (*Run)(nil)
	_ vgrad.Describer = (*Run)(nil)
)

func newRun(name, dir string, rules []pattern) *Run {
	return &Run{name: name, dir: dir, rules: rules, label: name, events: newEvents()}
}

// refresh reads what is new in the files.
func (r *Run) refresh(paths []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range paths {
		if !slices.ContainsFunc(r.files, func(f *file) bool { return f.path == p }) {
			r.files = append(r.files, &file{path: p})
		}
	}
	slices.SortFunc(r.files, func(a, b *file) int { return strings.Compare(a.path, b.path) })
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.read(r.events))
	}
	r.place()
	return errors.Join(errs...)
}

// place finds out what the tags are and where their sites stand. Sites that the files
// declare keep their order; the others are sorted by layer.
func (r *Run) place() {
	var tags []string
	for _, s := range r.events.tags {
		if _, own := r.events.own[s.tag]; !own {
			tags = append(tags, s.tag)
		}
	}
	isHistogram := func(tag string) bool { return r.events.byTag[tag].isHistogram() }
	r.columns = columnsOf(tags, isHistogram, r.rules)
	if len(r.events.own) > 0 { // such a file says itself what its tags are
		clear(r.columns)
	}
	for tag, c := range r.events.own {
		r.columns[tag] = c
	}
	r.sites = slices.Clone(r.events.sites)
	for _, s := range r.events.tags {
		if c, ok := r.columns[s.tag]; ok && c.Site != vgrad.NetworkSite && !slices.Contains(r.sites, c.Site) {
			r.sites = append(r.sites, c.Site)
		}
	}
	slices.SortStableFunc(r.sites, func(a, b vgrad.Site) int { return cmp.Compare(a.Layer, b.Layer) })
}

// Name returns the folder of the run below the log's, with slashes.
func (r *Run) Name() string { return r.name }

// Label returns the name, or what Named has set.
func (r *Run) Label() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.label
}

// Named gives the run another label and returns it.
func (r *Run) Named(label string) *Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.label = label
	return r
}

// Sites lists the sites of layers that the tags name, in forward order.
func (r *Run) Sites() []vgrad.Site {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.sites)
}

// Waiting returns how many bytes at the end of the files are not complete events yet.
func (r *Run) Waiting() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := int64(0)
	for _, f := range r.files {
		n += f.waiting
	}
	return n
}

// Faults lists values that were left out because they make no sense, such as a histogram
// whose limits do not ascend: the first 20 of them.
func (r *Run) Faults() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.events.faults)
}

// Tag describes a tag.
type Tag struct {
	Name      string
	Histogram bool
	Points    int
	// Column is what the laboratory takes the tag for. Zero: it has no name for it.
	Column vgrad.Column
}

// Tags lists the scalars and histograms, in order of first appearance.
func (r *Run) Tags() []Tag {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var tags []Tag
	for _, s := range r.events.tags {
		tags = append(tags, Tag{s.tag, s.isHistogram(), len(s.steps), r.columns[s.tag]})
	}
	return tags
}

// Find returns the names of the tags that match a pattern, sorted so that numbers count:
// layer2 comes before layer10. The pattern has the syntax of [path.Match]; without any of
// *, ? and [ it is a part of the name, in upper or lower case. It fails if no tag matches
// or the pattern is malformed.
func (r *Run) Find(pattern string) ([]string, error) {
	match := func(name string) (bool, error) {
		return strings.Contains(strings.ToLower(name), strings.ToLower(pattern)), nil
	}
	if strings.ContainsAny(pattern, "*?[") {
		match = func(name string) (bool, error) {
			ok, err := path.Match(pattern, name)
			flat, _ := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
			return ok || flat, err // a star may stand for several words
		}
	}
	var found []string
	tags := r.Tags()
	for _, t := range tags {
		ok, err := match(t.Name)
		if err != nil {
			return nil, fmt.Errorf("tfevents: the pattern %q: %w", pattern, err)
		}
		if ok {
			found = append(found, t.Name)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("tfevents: %q has no tag like %q among its %d", r.name, pattern, len(tags))
	}
	slices.SortFunc(found, compareNumbers)
	return found, nil
}

// compareNumbers compares names by their parts, and numbers in them by their value.
func compareNumbers(a, b string) int {
	for a != "" && b != "" {
		if digits(a) > 0 && digits(b) > 0 {
			na, nb := strings.TrimLeft(a[:digits(a)], "0"), strings.TrimLeft(b[:digits(b)], "0")
			if c := cmp.Or(cmp.Compare(len(na), len(nb)), strings.Compare(na, nb)); c != 0 {
				return c
			}
			a, b = a[digits(a):], b[digits(b):]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits returns how many digits a text begins with.
func digits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}

// Point is a value of a tag, as it was written.
type Point struct {
	Step  int64
	Time  time.Time
	Value float64          // NaN for a histogram
	Hist  *vgrad.Histogram // nil for a scalar
}

// Points yields the values of a tag in ascending steps. An unknown tag has none.
func (r *Run) Points(tag string) iter.Seq[Point] {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.events.byTag[tag]
	if !ok {
		return func(func(Point) bool) {}
	}
	at := s.snapshot()
	return func(yield func(Point) bool) {
		for i, step := range at.steps {
			seconds, part := math.Modf(at.times[i])
			p := Point{Step: step, Time: time.Unix(int64(seconds), int64(part*1e9)), Value: nan}
			if at.isHistogram() {
				p.Hist = at.hists[i]
			} else {
				p.Value = at.values[i]
			}
			if !yield(p) {
				return
			}
		}
	}
}
