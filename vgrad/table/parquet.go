package table

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

// rowGroup is how many rows are written at a time.
const rowGroup = 1 << 12

// parquetEncoder writes a Parquet file. Its columns are in alphabetical order, because
// parquet-go sorts those of a schema that is made while the program runs.
type parquetEncoder struct {
	out     *parquet.GenericWriter[any]
	columns []column
	place   []int // in the file, by column
	rows    []parquet.Row
}

func newParquet(w io.Writer, columns []column) *parquetEncoder {
	group := parquet.Group{}
	for _, c := range columns {
		node := map[kind]parquet.Node{
			text:  parquet.Encoded(parquet.String(), &parquet.RLEDictionary),
			whole: parquet.Int(64),
			real:  parquet.Leaf(parquet.DoubleType),
		}[c.kind]
		if c.optional {
			node = parquet.Optional(node)
		}
		group[c.name] = node
	}
	schema := parquet.NewSchema("samples", group)
	e := &parquetEncoder{columns: columns, out: parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Snappy))}
	for _, c := range columns {
		leaf, _ := schema.Lookup(c.name) // it is in the group
		e.place = append(e.place, leaf.ColumnIndex)
	}
	return e
}

func (e *parquetEncoder) write(cells []any) error {
	row := make(parquet.Row, len(cells))
	for i, cell := range cells {
		level := 0
		if e.columns[i].optional && cell != nil {
			level = 1
		}
		row[e.place[i]] = valueOf(cell).Level(0, level, e.place[i])
	}
	if e.rows = append(e.rows, row); len(e.rows) == rowGroup {
		return e.flush()
	}
	return nil
}

func valueOf(cell any) parquet.Value {
	switch x := cell.(type) {
	case string:
		return parquet.ByteArrayValue([]byte(x))
	case int:
		return parquet.Int64Value(int64(x))
	case float64:
		return parquet.DoubleValue(x)
	}
	return parquet.NullValue()
}

func (e *parquetEncoder) flush() error {
	_, err := e.out.WriteRows(e.rows)
	e.rows = e.rows[:0]
	return err
}

func (e *parquetEncoder) close() error {
	if err := e.flush(); err != nil {
		return err
	}
	return e.out.Close()
}
