package tfevents

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

var nan = math.NaN()

const (
	schemaTag       = "vgrad/schema"
	schemaPlugin    = "vgrad"
	scalarsPlugin   = "scalars"
	histogramPlugin = "histograms"
)

// events are the values of a run's event files, by tag.
type events struct {
	tags   []*series // in order of first appearance
	byTag  map[string]*series
	last   *series                       // of the value before; nil: there is none
	own    map[string]vgrad.Column       // columns by tag, as this package's files give them
	sites  []vgrad.Site                  // declared by this package's files
	infos  map[vgrad.Quantity]vgrad.Info // likewise
	others map[string]bool               // tags with values of other kinds, such as images
	faults []string                      // values that were left out, the first maxFaults

	scratch histogramProto // of the value that is being read
	more    float64        // size of the file over the part that has been read; 1: not known
}

// maxFaults bounds the list of faults.
const maxFaults = 20

// leftOut notes a value that was left out, because it is no scalar or histogram although it
// should be.
func (e *events) leftOut(tag []byte, step int64, err error) {
	if len(e.faults) < maxFaults {
		e.faults = append(e.faults, fmt.Sprintf("%q at step %d: %v", tag, step, err))
	}
}

func newEvents() *events {
	return &events{byTag: map[string]*series{}, own: map[string]vgrad.Column{}, infos: map[vgrad.Quantity]vgrad.Info{}, others: map[string]bool{}}
}

var errWire = errors.New("this is not a protocol buffer of type Event")

// add reads an Event.
func (e *events) add(b []byte) error {
	var step int64
	var time float64
	var summary []byte
	for len(b) > 0 {
		f, rest, ok := next(b)
		if !ok {
			return errWire
		}
		b = rest
		switch {
		case f.number == 1 && f.kind == fixed64Type:
			time = ofDouble(f.value)
		case f.number == 2 && f.kind == varintType:
			step = int64(f.value)
		case f.number == 5 && f.kind == bytesType:
			summary = f.data
		}
	}
	for len(summary) > 0 {
		f, rest, ok := next(summary)
		if !ok {
			return errWire
		}
		summary = rest
		if f.number == 1 && f.kind == bytesType {
			if err := e.value(step, time, f.data); err != nil {
				return err
			}
		}
	}
	return nil
}

// value is a Summary.Value. What it does not have is nil or false.
type value struct {
	tag, metadata   []byte
	scalar          float64
	isScalar        bool
	histogram, data []byte // HistogramProto, TensorProto
	hasHistogram    bool
	hasTensor       bool
}

func parseValue(b []byte) (v value, ok bool) {
	for len(b) > 0 {
		var f field
		if f, b, ok = next(b); !ok {
			return v, false
		}
		switch {
		case f.number == 1 && f.kind == bytesType:
			v.tag = f.data
		case f.number == 2 && f.kind == fixed32Type:
			v.scalar, v.isScalar = ofFloat(f.value), true
		case f.number == 5 && f.kind == bytesType:
			v.histogram, v.hasHistogram = f.data, true
		case f.number == 8 && f.kind == bytesType:
			v.data, v.hasTensor = f.data, true
		case f.number == 9 && f.kind == bytesType:
			v.metadata = f.data
		}
	}
	return v, true
}

// scalarOf reads a Summary.Value that has a short tag and a simple_value and nothing else,
// as nearly all values of a log do. Field by field they take three times as long.
func scalarOf(b []byte) (tag []byte, x float64, ok bool) {
	const tagKey, scalarKey = 1<<3 | bytesType, 2<<3 | fixed32Type
	if len(b) < 7 || b[0] != tagKey || b[1] >= 0x80 || len(b) != int(b[1])+7 || b[len(b)-5] != scalarKey {
		return nil, 0, false
	}
	return b[2 : len(b)-5], ofFloat(uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))), true
}

// value reads a Summary.Value.
func (e *events) value(step int64, time float64, b []byte) error {
	if tag, x, ok := scalarOf(b); ok {
		if s := e.series(tag); s != nil && !s.isHistogram() {
			s.number(step, time, x, e.more)
			return nil
		}
	}
	v, ok := parseValue(b)
	if !ok {
		return errWire
	}
	s := e.series(v.tag)
	if s == nil {
		return e.first(step, time, v)
	}
	return e.put(s, step, time, v)
}

// series returns the series of a tag, or nil.
func (e *events) series(tag []byte) *series {
	if e.last != nil && e.last.after != nil && string(tag) == e.last.after.tag {
		e.last = e.last.after
		return e.last
	}
	s := e.byTag[string(tag)]
	if s != nil && e.last != nil {
		e.last.after = s
	}
	if s != nil {
		e.last = s
	}
	return s
}

// first takes the first value of a tag, which says what kind of values the tag has.
func (e *events) first(step int64, time float64, v value) error {
	plugin, content, ok := parseMetadata(v.metadata)
	if !ok {
		return errWire
	}
	tag := string(v.tag)
	if plugin == schemaPlugin && tag == schemaTag {
		return e.schema(content)
	}
	s := &series{tag: tag, plugin: plugin}
	if err := e.put(s, step, time, v); err != nil || len(s.steps) == 0 {
		return err
	}
	e.tags, e.byTag[tag] = append(e.tags, s), s
	return nil
}

// put appends a value to its series. Values that are neither scalars nor histograms are
// left out, and so are those of another kind than the first of the tag.
func (e *events) put(s *series, step int64, time float64, v value) error {
	var err error
	switch {
	case v.isScalar && !s.isHistogram():
		s.number(step, time, v.scalar, e.more)
	case v.hasHistogram:
		var h *vgrad.Histogram
		if err = e.scratch.parse(v.histogram); err == nil {
			h, err = e.scratch.histogram()
		}
		if err == nil {
			s.histogram(step, time, h)
		}
	case v.hasTensor:
		err = e.tensor(s, step, time, v.data)
	default:
		e.others[string(v.tag)] = true
	}
	if err != nil && !errors.Is(err, errWire) {
		e.leftOut(v.tag, step, err)
		return nil
	}
	return err
}

// number appends a scalar. more says how many times longer than now the series will be if
// the file goes on as it began.
func (s *series) number(step int64, time, x, more float64) {
	n := len(s.steps)
	if n > 0 && s.steps[n-1] >= step {
		s.preempt(step)
	}
	if n = len(s.steps); n == cap(s.steps) { // append alone would copy a long series many times
		grow := n + 1
		if n > 1000 {
			grow = max(n/4, int(float64(n)*(more-1))+n/64)
		}
		s.steps, s.times, s.values = slices.Grow(s.steps, grow), slices.Grow(s.times, grow), slices.Grow(s.values, grow)
	}
	s.steps, s.times, s.values = append(s.steps, step), append(s.times, time), append(s.values, x)
}

func (s *series) histogram(step int64, time float64, h *vgrad.Histogram) {
	if s.values != nil {
		return
	}
	s.preempt(step)
	s.steps, s.times, s.hists = append(s.steps, step), append(s.times, time), append(s.hists, h)
}

// tensor appends a tensor of the plugins scalars and histograms. A number without a plugin
// is a scalar.
func (e *events) tensor(s *series, step int64, time float64, b []byte) error {
	t, ok := parseTensor(b)
	if !ok {
		return errWire
	}
	switch {
	case (s.plugin == scalarsPlugin || s.plugin == "") && len(t.shape) == 0 && isNumber(t.dtype):
		x, err := t.elements()
		if err != nil {
			return err
		}
		if !s.isHistogram() {
			s.number(step, time, x[0], e.more)
		}
	case s.plugin == histogramPlugin:
		x, err := t.elements()
		if err != nil {
			return err
		}
		if len(t.shape) != 2 || t.shape[1] != 3 {
			return fmt.Errorf("a histogram has shape [buckets, 3], this tensor has %v", t.shape)
		}
		h, err := ofTriples(x)
		if err != nil {
			return err
		}
		s.histogram(step, time, h)
	default:
		e.others[s.tag] = true
	}
	return nil
}

// parseMetadata reads the plugin of a SummaryMetadata.
func parseMetadata(b []byte) (plugin string, content []byte, ok bool) {
	for len(b) > 0 {
		var f field
		if f, b, ok = next(b); !ok {
			return "", nil, false
		}
		if f.number != 1 || f.kind != bytesType {
			continue
		}
		for data := f.data; len(data) > 0; {
			if f, data, ok = next(data); !ok {
				return "", nil, false
			}
			switch {
			case f.number == 1 && f.kind == bytesType:
				plugin = string(f.data)
			case f.number == 2 && f.kind == bytesType:
				content = f.data
			}
		}
	}
	return plugin, content, true
}

// schemaText is the JSON of the tag vgrad/schema.
type schemaText struct {
	Sites []vgrad.Site                  `json:"sites"`
	Infos map[vgrad.Quantity]vgrad.Info `json:"infos,omitempty"`
	Tags  []tagText                     `json:"tags"`
}

// tagText says what a tag is.
type tagText struct {
	Tag      string         `json:"tag"`
	At       int            `json:"at"` // index in the sites; -1: the whole network
	Quantity vgrad.Quantity `json:"quantity"`
}

// schema reads what the tags of a file of this package are.
func (e *events) schema(text []byte) error {
	var s schemaText
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("the tag %s: %w", schemaTag, err)
	}
	e.sites = s.Sites
	for q, info := range s.Infos {
		e.infos[q] = info
	}
	for _, t := range s.Tags {
		c := vgrad.Column{Site: vgrad.NetworkSite, Quantity: t.Quantity}
		if t.At >= len(s.Sites) || t.At < -1 {
			return fmt.Errorf("the tag %s: %q is at site %d of %d", schemaTag, t.Tag, t.At, len(s.Sites))
		}
		if t.At >= 0 {
			c.Site = s.Sites[t.At]
		}
		e.own[t.Tag] = c
	}
	return nil
}
