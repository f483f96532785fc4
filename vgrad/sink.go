package vgrad

import (
	"maps"
	"math"
	"slices"
)

// Column is a quantity at a site, measured at many steps.
type Column struct {
	Site     Site
	Quantity Quantity
}

// Table is a set of columns that are measured at the same steps.
type Table struct {
	Columns    []Column
	Histograms bool // the columns hold histograms, not numbers
}

// Schema says what is measured in a training. Sites lists all sites that the model
// declares, measured or not, in forward order. Infos describes the quantities.
// Tables has the columns.
type Schema struct {
	Sites  []Site
	Infos  map[Quantity]Info
	Tables []Table
}

// WithLoss returns the schema of a training that minimizes the loss of that name. The
// unit of a cross-entropy is nats; other losses have none.
func (s Schema) WithLoss(name string) Schema {
	s.Infos = maps.Clone(s.Infos)
	for _, q := range []Quantity{Loss, ValLoss} {
		if info, ok := s.Infos[q]; ok && name != "cross_entropy" {
			info.Unit = ""
			s.Infos[q] = info
		}
	}
	return s
}

// Row has a value for each column of a table.
type Row struct {
	Table  int          // index in the schema's tables
	Values []float64    // nil where the table holds histograms
	Hists  []*Histogram // nil where it holds numbers
}

// Sink receives the measurements of a training: a run store, a live figure, a
// progress bar, a file of some other format. It receives the columns once and
// then rows of numbers. An error stops the training.
type Sink interface {
	// Begin says what the columns of the following rows are. It is called before
	// the first Put, and again when a stage measures something else.
	Begin(s Schema) error
	// Put takes the rows of a step. Steps come in order. A step may come in
	// several calls, each with rows of some of the tables. The rows may be
	// overwritten once Put has returned.
	Put(step int, rows []Row) error
}

// EachSample calls f for each value of a step's rows.
func (s Schema) EachSample(step int, rows []Row, f func(Sample)) {
	for _, row := range rows {
		for i, c := range s.Tables[row.Table].Columns {
			sample := Sample{Step: step, Site: c.Site, Quantity: c.Quantity, Value: math.NaN()}
			if row.Hists != nil {
				sample.Hist = row.Hists[i]
			} else {
				sample.Value = row.Values[i]
			}
			f(sample)
		}
	}
}

// Feeder passes single samples to a sink, for an importer. It groups the samples
// of a step into tables and calls the sink's Begin when a table is new. One
// goroutine may use it.
type Feeder struct {
	// To is the sink.
	To Sink

	schema Schema
	begun  bool
}

// Put passes the samples of a step to the sink. It ignores the samples' own Step.
func (f *Feeder) Put(step int, samples []Sample) error {
	var rows []Row
	grown := !f.begun
	for _, hists := range []bool{false, true} {
		row := Row{}
		var columns []Column
		for _, s := range samples {
			if (s.Hist != nil) != hists {
				continue
			}
			columns = append(columns, Column{s.Site, s.Quantity})
			if hists {
				row.Hists = append(row.Hists, s.Hist)
			} else {
				row.Values = append(row.Values, s.Value)
			}
		}
		if columns == nil {
			continue
		}
		var isNew bool
		row.Table, isNew = f.table(Table{columns, hists})
		grown = grown || isNew
		rows = append(rows, row)
	}
	if grown {
		f.begun = true
		if err := f.To.Begin(f.schema); err != nil {
			return err
		}
	}
	return f.To.Put(step, rows)
}

// table returns the index of a table, and whether it is new.
func (f *Feeder) table(t Table) (index int, isNew bool) {
	same := func(have Table) bool {
		return have.Histograms == t.Histograms && slices.Equal(have.Columns, t.Columns)
	}
	if i := slices.IndexFunc(f.schema.Tables, same); i >= 0 {
		return i, false
	}
	for _, c := range t.Columns {
		if c.Site != NetworkSite && !slices.Contains(f.schema.Sites, c.Site) {
			f.schema.Sites = append(f.schema.Sites, c.Site)
		}
	}
	slices.SortStableFunc(f.schema.Sites, func(a, b Site) int { return a.Layer - b.Layer })
	f.schema.Tables = append(f.schema.Tables, t)
	return len(f.schema.Tables) - 1, true
}

// OnStep returns a sink that calls f with the single samples of each Put. The
// slice is reused once f has returned.
func OnStep(f func(step int, samples []Sample) error) Sink { return &onStep{f: f} }

type onStep struct {
	f       func(step int, samples []Sample) error
	schema  Schema
	samples []Sample
}

// Begin keeps the schema.
func (o *onStep) Begin(s Schema) error {
	o.schema = s
	return nil
}

// Put converts the rows to samples.
func (o *onStep) Put(step int, rows []Row) error {
	o.samples = o.samples[:0]
	o.schema.EachSample(step, rows, func(s Sample) { o.samples = append(o.samples, s) })
	return o.f(step, o.samples)
}
