package vgrad

import (
	"math"
	"slices"
)

// Column is a quantity at a site: what a run measures again and again.
type Column struct {
	Site     Site
	Quantity Quantity
}

// Table is some columns that are measured at the same steps.
type Table struct {
	Columns    []Column
	Histograms bool // the columns hold histograms, not numbers
}

// Schema says what is measured in a training: the sites that the model declares,
// measured or not, in forward order, what the quantities are, and the columns.
type Schema struct {
	Sites  []Site
	Infos  map[Quantity]Info
	Tables []Table
}

// Row has a value for each column of a table.
type Row struct {
	Table  int          // index in the schema's tables
	Values []float64    // nil where the table holds histograms
	Hists  []*Histogram // nil where it holds numbers
}

// Sink is told once which columns there are and then takes rows of numbers: a run
// store, a live figure, a progress bar, a file of some other format. An error
// stops the training.
type Sink interface {
	// Begin says what the rows to come hold. It is called before the first Put,
	// and anew where a stage of the training measures something else.
	Begin(s Schema) error
	// Put takes the rows of a step. Steps come in order; a step may come in
	// several parts, and a table may be left out of any. The rows are the sink's
	// only until Put returns.
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

// Feeder hands single samples to a sink, as an importer has them: it finds out
// which of them are columns of one table, and tells the sink of those that are
// new. It serves one goroutine.
type Feeder struct {
	// To is the sink.
	To Sink

	schema Schema
	begun  bool
}

// Put hands on the samples of a step; their own Step is not looked at.
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

// OnStep is a sink for whoever wants single samples: f is called with those of
// each Put, which are its only until it returns.
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

// Put makes samples of the rows.
func (o *onStep) Put(step int, rows []Row) error {
	o.samples = o.samples[:0]
	o.schema.EachSample(step, rows, func(s Sample) { o.samples = append(o.samples, s) })
	return o.f(step, o.samples)
}
