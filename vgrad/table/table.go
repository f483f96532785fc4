package table

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"

	"github.com/vgrad/lab/vgrad"
)

// Source is a source that lists its quantities, such as a *runs.Run or a *tfevents.Run.
type Source interface {
	vgrad.Source
	Quantities() []vgrad.Quantity
}

// Format is a file format.
type Format string

// The formats.
const (
	CSV       Format = "csv"
	JSONLines Format = "jsonl"
	Parquet   Format = "parquet"
)

// Samples yields all samples of a source, quantity by quantity.
func Samples(src Source) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for _, q := range src.Quantities() {
			for s := range src.Samples(q) {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// kind is the type of a column.
type kind int

const (
	text kind = iota
	whole
	real
)

// column is a column of a table. Its cells are a string, an int or a float64, or nil where
// they are optional.
type column struct {
	name     string
	kind     kind
	optional bool
}

// fixed are the columns of every table.
var fixed = []column{
	{"run", text, false}, {"label", text, false}, {"seed", whole, true}, {"quantity", text, false},
	{"step", whole, false}, {"layer", whole, false}, {"time", whole, false}, {"site", text, false}, {"role", text, false},
	{"value", real, true}, {"low", real, true}, {"high", real, true}, {"count", whole, true},
}

// The places of the cells that differ from row to row.
const (
	quantityCell = 3
	valueCell    = 9
)

// encoder writes rows in a format.
type encoder interface {
	write(cells []any) error
	close() error
}

// Write writes the samples of sources as one table. It fails with the error of the writer,
// and if there is no source or the format is unknown.
func Write(w io.Writer, f Format, sources ...Source) error {
	if len(sources) == 0 {
		return errors.New("table: no sources; give at least one run")
	}
	fields := varying(sources)
	columns := append(slices.Clone(fixed), fields...)
	var e encoder
	switch f {
	case CSV:
		e = newCSV(w, columns)
	case JSONLines:
		e = newJSONLines(w, columns)
	case Parquet:
		e = newParquet(w, columns)
	default:
		return fmt.Errorf("table: the format is %q; it can be %s, %s or %s", f, CSV, JSONLines, Parquet)
	}
	for _, src := range sources {
		if err := rows(e, src, fields); err != nil {
			return fmt.Errorf("table: write %q as %s: %w", src.Label(), f, errors.Join(err, e.close()))
		}
	}
	if err := e.close(); err != nil {
		return fmt.Errorf("table: write %s: %w", f, err)
	}
	return nil
}

// varying returns columns for the fields in which the experiments of sources differ. Label
// and seed have columns of their own.
func varying(sources []Source) []column {
	values := map[string][]string{} // by field
	var names []string
	for _, src := range sources {
		run, ok := src.(vgrad.Recorded)
		if !ok {
			continue
		}
		for _, name := range run.Ran().FieldNames() {
			if name == "label" || name == "seed" || slices.ContainsFunc(fixed, func(c column) bool { return c.name == name }) {
				continue
			}
			if values[name] == nil {
				names = append(names, name)
			}
			value, _ := run.Ran().Field(name)
			values[name] = append(values[name], value)
		}
	}
	var columns []column
	for _, name := range names {
		vs := values[name]
		if len(vs) == len(sources) && !slices.ContainsFunc(vs, func(v string) bool { return v != vs[0] }) {
			continue
		}
		c := column{name, real, true}
		if slices.ContainsFunc(vs, func(v string) bool { _, err := strconv.ParseFloat(v, 64); return err != nil }) {
			c.kind = text
		}
		columns = append(columns, c)
	}
	return columns
}

// rows writes the rows of a source.
func rows(e encoder, src Source, fields []column) error {
	cells := make([]any, len(fixed), len(fixed)+len(fields))
	cells[0], cells[1] = nameOf(src), src.Label()
	run, recorded := src.(vgrad.Recorded)
	if recorded {
		cells[2] = int(run.Ran().Seed)
	}
	for _, f := range fields {
		var cell any
		if recorded {
			cell = fieldOf(run.Ran(), f)
		}
		cells = append(cells, cell)
	}
	for s := range Samples(src) {
		copy(cells[quantityCell:], []any{string(s.Quantity), s.Step, s.Site.Layer, s.Site.Time, s.Site.Path, string(s.Site.Role)})
		for _, end := range ends(s) {
			copy(cells[valueCell:], end[:])
			if err := e.write(cells); err != nil {
				return err
			}
		}
	}
	return nil
}

// nameOf returns the name of a run, or its label where it has none.
func nameOf(src Source) string {
	switch src := src.(type) {
	case interface{ RunName() string }:
		return src.RunName()
	case interface{ Name() string }:
		return src.Name()
	}
	return src.Label()
}

func fieldOf(e vgrad.Experiment, c column) any {
	value, err := e.Field(c.name)
	if err != nil {
		return nil // a field of another family
	}
	if c.kind == text {
		return value
	}
	x, _ := strconv.ParseFloat(value, 64) // varying has tried it
	return x
}

// ends returns the value, low, high and count of each row of a sample.
func ends(s vgrad.Sample) [][4]any {
	if s.Hist == nil {
		return [][4]any{{s.Value, nil, nil, nil}}
	}
	var all [][4]any
	for b := range s.Hist.All() {
		all = append(all, [4]any{nil, b.Low, b.High, b.Count})
	}
	return all
}
