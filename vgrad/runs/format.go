package runs

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"

	"github.com/vgrad/lab/vgrad"
)

const (
	magic         = "vgradsmp"
	formatVersion = 2 // of samples.bin, run.json and the store alike
	headerSize    = len(magic) + 4
	frameSize     = 12

	columnsRecord = 1
	rowRecord     = 2
	schemaRecord  = 3
)

// kind says what the columns of a set hold.
type kind string

const (
	float32Kind   kind = "float32"
	float64Kind   kind = "float64"
	histogramKind kind = "histogram"
	binsKind      kind = "bins" // histograms with bins of their own
)

// hasHists reports whether the columns hold histograms.
func (k kind) hasHists() bool { return k == histogramKind || k == binsKind }

// column is a quantity at a site. Since format 2 a file lists its sites once, and a
// column holds the site's index in that list.
type column struct {
	Site     *vgrad.Site    `json:"site,omitempty"` // format 1
	At       *int           `json:"at,omitempty"`   // index in the sites of the schema before it; -1: the whole network
	Quantity vgrad.Quantity `json:"quantity"`
}

// columnSet describes the columns of some rows.
type columnSet struct {
	Kind    kind     `json:"kind"`
	Columns []column `json:"columns"`
}

// schema lists the sites and quantities of the column sets that follow it.
type schema struct {
	Sites []vgrad.Site                  `json:"sites"`
	Infos map[vgrad.Quantity]vgrad.Info `json:"infos"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header returns the beginning of samples.bin.
func header() []byte {
	return binary.LittleEndian.AppendUint32([]byte(magic), formatVersion)
}

// encoder turns rows into records.
type encoder struct {
	schema  vgrad.Schema
	numbers map[setKey]int // of the column sets that were defined for this schema
	sets    int            // defined in the file
	records []byte         // of the current call
}

// setKey identifies a column set: a table of the schema, stored in one kind.
type setKey struct {
	table int
	kind  kind
}

// define returns the record of a schema, valid until the next call.
func (e *encoder) define(s vgrad.Schema) ([]byte, error) {
	text, err := json.Marshal(schema{s.Sites, s.Infos})
	if err != nil {
		return nil, err
	}
	e.schema, e.numbers, e.records = s, map[setKey]int{}, e.records[:0]
	start := e.begin(schemaRecord)
	e.records = append(e.records, text...)
	e.end(start)
	return e.records, nil
}

// encode returns the records of one step's rows, valid until the next call.
func (e *encoder) encode(step int, rows []vgrad.Row) ([]byte, error) {
	e.records = e.records[:0]
	for _, row := range rows {
		if err := e.row(step, row); err != nil {
			return nil, err
		}
	}
	return e.records, nil
}

// kindOf returns the narrowest kind that changes no value.
func kindOf(row vgrad.Row) kind {
	if row.Hists != nil {
		if slices.ContainsFunc(row.Hists, func(h *vgrad.Histogram) bool { return !h.IsRaw() }) {
			return binsKind
		}
		return histogramKind
	}
	for _, v := range row.Values {
		if float64(float32(v)) != v && !math.IsNaN(v) {
			return float64Kind
		}
	}
	return float32Kind
}

// row appends a row. If its column set is new, the set's definition comes first.
func (e *encoder) row(step int, row vgrad.Row) error {
	if row.Table < 0 || row.Table >= len(e.schema.Tables) {
		return fmt.Errorf("a row of table %d; the schema has %d", row.Table, len(e.schema.Tables))
	}
	columns := e.schema.Tables[row.Table].Columns
	if n := max(len(row.Values), len(row.Hists)); n != len(columns) {
		return fmt.Errorf("a row of %d values; table %d has %d columns", n, row.Table, len(columns))
	}
	k := kindOf(row)
	set, err := e.set(setKey{row.Table, k})
	if err != nil {
		return err
	}
	start := e.begin(rowRecord)
	e.records = binary.AppendUvarint(e.records, uint64(set))
	e.records = binary.AppendUvarint(e.records, uint64(step))
	for _, v := range row.Values {
		if k == float32Kind {
			e.records = binary.LittleEndian.AppendUint32(e.records, math.Float32bits(float32(v)))
		} else {
			e.records = binary.LittleEndian.AppendUint64(e.records, math.Float64bits(v))
		}
	}
	for i, h := range row.Hists {
		encode := appendHistogram
		if k == binsKind {
			encode = appendBins
		}
		if e.records, err = encode(e.records, h); err != nil {
			return fmt.Errorf("%s of %s: %w", columns[i].Quantity, columns[i].Site.Path, err)
		}
	}
	e.end(start)
	return nil
}

// set returns the number of a table's column set, defining it where it is new.
func (e *encoder) set(key setKey) (int, error) {
	if n, ok := e.numbers[key]; ok {
		return n, nil
	}
	set := columnSet{Kind: key.kind}
	for _, c := range e.schema.Tables[key.table].Columns {
		at := -1
		if c.Site != vgrad.NetworkSite {
			if at = slices.Index(e.schema.Sites, c.Site); at < 0 {
				return 0, fmt.Errorf("%s is measured at %s, which is not among the sites", c.Quantity, c.Site.Path)
			}
		}
		set.Columns = append(set.Columns, column{At: &at, Quantity: c.Quantity})
	}
	text, err := json.Marshal(set)
	if err != nil {
		return 0, err
	}
	start := e.begin(columnsRecord)
	e.records = append(e.records, text...)
	e.end(start)
	n := e.sets
	e.numbers[key], e.sets = n, n+1
	return n, nil
}

// begin reserves room for a frame and returns its place; end fills the frame in.
func (e *encoder) begin(record byte) int {
	start := len(e.records)
	e.records = append(append(e.records, make([]byte, frameSize)...), record)
	return start
}

func (e *encoder) end(start int) {
	frame, payload := e.records[start:start+frameSize], e.records[start+frameSize:]
	binary.LittleEndian.PutUint32(frame[0:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[4:], ^uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[8:], crc32.Checksum(payload, castagnoli))
}

func appendHistogram(b []byte, h *vgrad.Histogram) ([]byte, error) {
	raw := h.Raw()
	b = binary.AppendUvarint(b, uint64(len(raw)))
	last := 0
	for _, bin := range slices.Sorted(maps.Keys(raw)) {
		if n := raw[bin]; n < 0 || n > math.MaxInt32 {
			return b, fmt.Errorf("a histogram's bin counts %d; it can be 0 to %d", n, math.MaxInt32)
		}
		b = binary.AppendUvarint(b, uint64(bin-last))
		b = binary.AppendUvarint(b, uint64(raw[bin]))
		last = bin
	}
	return b, nil
}

// table holds the rows of one column set.
type table struct {
	Kind    kind
	Columns []vgrad.Column
	steps   []int
	float32 []float32 // [rows, columns] if the kind is float32Kind; else nil
	float64 []float64 // [rows, columns] if the kind is float64Kind; else nil
	hists   [][]byte  // [rows, columns], encoded, if the kind has histograms; else nil
}

// row locates a row: its table and its index there.
type row struct{ table, at int }

// samplesFile is the content of samples.bin.
type samplesFile struct {
	version int
	schemas []schema // in file order; format 1 has none
	// lastSchema is the text of the last schema; before is how many tables stand before it.
	lastSchema []byte
	before     int
	tables     []*table
	rows       []row // in file order, which is step order
	// good is the length of the part that was read. dropped is the length of the
	// half-written tail after it.
	good, dropped int
}

// errNewer is the cause of an error about a format of a later version.
func errNewer(version int) error {
	return fmt.Errorf("%w: it has format %d, this program reads up to %d; update the program", ErrNewer, version, formatVersion)
}

// parseSamples reads samples.bin. The result refers to data.
//
// A killed process may leave a half-written record at the end, and a power failure may
// fill the end with zeros. Such a tail is dropped, and so is a last record whose checksum
// is wrong. Any other damage is an error that names the byte where it begins; the samples
// before it are returned with the error.
func parseSamples(data []byte) (*samplesFile, error) {
	f := &samplesFile{}
	if len(data) < headerSize || allZero(data) {
		f.dropped = len(data)
		return f, nil
	}
	if string(data[:len(magic)]) != magic {
		return f, errors.New("byte 0: this is not a samples file")
	}
	if f.version = int(binary.LittleEndian.Uint32(data[len(magic):])); f.version < 1 || f.version > formatVersion {
		return f, errNewer(f.version)
	}
	for f.good = headerSize; f.good < len(data); {
		n, err := f.record(data[f.good:])
		if err != nil {
			return f, fmt.Errorf("byte %d: %w", f.good, err)
		} else if n == 0 {
			break
		}
		f.good += n
	}
	f.dropped = len(data) - f.good
	return f, nil
}

func allZero(data []byte) bool { return len(bytes.TrimLeft(data, "\x00")) == 0 }

// record reads the record at the beginning of data and returns its length, or 0 if data
// is a half-written tail.
func (f *samplesFile) record(data []byte) (int, error) {
	if len(data) < frameSize || allZero(data) {
		return 0, nil
	}
	length := binary.LittleEndian.Uint32(data)
	if length != ^binary.LittleEndian.Uint32(data[4:]) {
		if allZero(data[frameSize:]) {
			return 0, nil
		}
		return 0, errors.New("damaged: no record begins here")
	}
	if uint64(length) > uint64(len(data)-frameSize) {
		return 0, nil
	}
	end := frameSize + int(length)
	payload := data[frameSize:end]
	if sum := binary.LittleEndian.Uint32(data[8:]); crc32.Checksum(payload, castagnoli) != sum {
		if allZero(data[end:]) {
			return 0, nil
		}
		return 0, fmt.Errorf("damaged: CRC-32C of the record is %08x, expected %08x", crc32.Checksum(payload, castagnoli), sum)
	}
	return end, f.payload(payload, len(data)/end)
}

// payload reads a payload. The argument more is about how many records of its length the
// rest of the file holds.
func (f *samplesFile) payload(payload []byte, more int) error {
	switch {
	case len(payload) == 0:
		return errors.New("a record is empty")
	case payload[0] == columnsRecord:
		return f.columns(payload[1:])
	case payload[0] == rowRecord:
		return f.row(payload[1:], more)
	case payload[0] == schemaRecord && f.version > 1:
		return f.schema(payload[1:])
	}
	return fmt.Errorf("a record of unknown kind %d", payload[0])
}

// schema reads the sites and quantities of the column sets that follow.
func (f *samplesFile) schema(text []byte) error {
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("a schema: %w", err)
	}
	f.schemas = append(f.schemas, s)
	f.lastSchema, f.before = text, len(f.tables)
	return nil
}

func (f *samplesFile) columns(text []byte) error {
	var set columnSet
	if err := json.Unmarshal(text, &set); err != nil {
		return fmt.Errorf("a column set: %w", err)
	}
	if set.Kind != float32Kind && set.Kind != float64Kind && !set.Kind.hasHists() {
		return fmt.Errorf("a column set of unknown kind %q", set.Kind)
	}
	t := &table{Kind: set.Kind}
	for _, c := range set.Columns {
		site, err := f.site(c)
		if err != nil {
			return fmt.Errorf("a column set: %w", err)
		}
		t.Columns = append(t.Columns, vgrad.Column{Site: site, Quantity: c.Quantity})
	}
	f.tables = append(f.tables, t)
	return nil
}

// site returns a column's site. Format 1 writes it out; later formats hold its index.
func (f *samplesFile) site(c column) (vgrad.Site, error) {
	switch {
	case f.version == 1 && c.Site != nil:
		return inRole(*c.Site, c.Quantity), nil
	case f.version == 1 || c.At == nil:
		return vgrad.Site{}, fmt.Errorf("%s has no site", c.Quantity)
	case *c.At == -1:
		return vgrad.NetworkSite, nil
	case len(f.schemas) == 0 || *c.At < -1 || *c.At >= len(f.schemas[len(f.schemas)-1].Sites):
		return vgrad.Site{}, fmt.Errorf("%s is at site %d, which is not listed", c.Quantity, *c.At)
	}
	return f.schemas[len(f.schemas)-1].Sites[*c.At], nil
}

// inRole gives a site of format 1 its role. That format has no roles, so the quantity
// that is measured at the site tells whether it is a kernel or units.
func inRole(s vgrad.Site, q vgrad.Quantity) vgrad.Site {
	info, err := q.Info()
	switch {
	case err != nil:
	case info.Subject == vgrad.LayerWeights:
		s.Role = vgrad.Kernel
	case info.Subject == vgrad.LayerUnits:
		s.Role = vgrad.Units
	}
	return s
}

func (f *samplesFile) row(data []byte, more int) error {
	set, data, err := uvarint(data, uint64(len(f.tables)))
	if err != nil {
		return fmt.Errorf("a row's column set: %w", err)
	}
	step, data, err := uvarint(data, math.MaxInt)
	if err != nil {
		return fmt.Errorf("a row's step: %w", err)
	}
	t := f.tables[set]
	if last := len(f.rows) - 1; last >= 0 && step < f.step(f.rows[last]) {
		return fmt.Errorf("step %d comes after step %d", step, f.step(f.rows[last]))
	}
	if err := t.append(step, data); err != nil {
		return fmt.Errorf("a row of step %d: %w", step, err)
	}
	// A training has few tables, and most rows belong to one of them. With many tables,
	// room for all rows in each would waste memory.
	if len(t.steps) == 1 && len(f.tables) <= 8 {
		f.rows = slices.Grow(f.rows, more)
		t.grow(more)
	}
	f.rows = append(f.rows, row{set, len(t.steps) - 1})
	return nil
}

func (f *samplesFile) step(r row) int { return f.tables[r.table].steps[r.at] }

// lastStep returns -1 where nothing is recorded.
func (f *samplesFile) lastStep() int {
	if len(f.rows) == 0 {
		return -1
	}
	return f.step(f.rows[len(f.rows)-1])
}

// grow makes room for rows. Most files hold one long table, and growing it bit by bit
// would take longer than reading it.
func (t *table) grow(rows int) {
	t.steps = slices.Grow(t.steps, rows)
	switch n := rows * len(t.Columns); t.Kind {
	case float32Kind:
		t.float32 = slices.Grow(t.float32, n)
	case float64Kind:
		t.float64 = slices.Grow(t.float64, n)
	case histogramKind, binsKind:
		t.hists = slices.Grow(t.hists, n)
	}
}

// append adds the values of a row.
func (t *table) append(step int, data []byte) error {
	n := len(t.Columns)
	switch {
	case t.Kind == float32Kind && len(data) == 4*n:
		for i := 0; i < len(data); i += 4 {
			t.float32 = append(t.float32, math.Float32frombits(binary.LittleEndian.Uint32(data[i:])))
		}
	case t.Kind == float64Kind && len(data) == 8*n:
		for i := 0; i < len(data); i += 8 {
			t.float64 = append(t.float64, math.Float64frombits(binary.LittleEndian.Uint64(data[i:])))
		}
	case t.Kind.hasHists():
		for range n {
			rest, err := t.Kind.skip(data)
			if err != nil {
				return err
			}
			t.hists = append(t.hists, data[:len(data)-len(rest)])
			data = rest
		}
		if len(data) > 0 {
			return fmt.Errorf("%d bytes too many", len(data))
		}
	default:
		return fmt.Errorf("%d bytes do not fit %d columns of %s", len(data), n, t.Kind)
	}
	t.steps = append(t.steps, step)
	return nil
}

// sample makes the sample of a row and a column.
func (t *table) sample(at, col int) vgrad.Sample {
	c := t.Columns[col]
	s := vgrad.Sample{Step: t.steps[at], Site: c.Site, Quantity: c.Quantity, Value: math.NaN()}
	switch i := at*len(t.Columns) + col; t.Kind {
	case float32Kind:
		s.Value = float64(t.float32[i])
	case float64Kind:
		s.Value = t.float64[i]
	case histogramKind:
		s.Hist = decodeHistogram(t.hists[i])
	case binsKind:
		s.Hist = decodeBins(t.hists[i])
	}
	return s
}

// skip returns what follows the histogram at the beginning of data.
func (k kind) skip(data []byte) ([]byte, error) {
	if k == binsKind {
		_, rest, err := readBins(data)
		return rest, err
	}
	return readHistogram(data, func(int, int) {})
}

// decodeHistogram decodes a histogram that readHistogram has read before without an error.
func decodeHistogram(data []byte) *vgrad.Histogram {
	var counts [vgrad.RawBins]int32
	if _, err := readHistogram(data, func(bin, n int) { counts[bin] = int32(n) }); err != nil {
		panic(err) // parseSamples would have failed
	}
	return vgrad.NewHistogram(counts[:])
}

// readHistogram calls each for every bin and returns what follows the histogram.
func readHistogram(data []byte, each func(bin, n int)) ([]byte, error) {
	bins, data, err := uvarint(data, vgrad.RawBins+1)
	if err != nil {
		return nil, fmt.Errorf("a histogram's size: %w", err)
	}
	bin := 0
	for range bins {
		var step, n int
		if step, data, err = uvarint(data, uint64(vgrad.RawBins-bin)); err != nil {
			return nil, fmt.Errorf("a histogram's bin: %w", err)
		}
		if n, data, err = uvarint(data, math.MaxInt32+1); err != nil {
			return nil, fmt.Errorf("a histogram's count: %w", err)
		}
		bin += step
		each(bin, n)
	}
	return data, nil
}

// uvarint reads a number below limit and returns what follows it.
func uvarint(data []byte, limit uint64) (int, []byte, error) {
	x, n := binary.Uvarint(data)
	if n <= 0 || x >= limit {
		return 0, nil, fmt.Errorf("no number below %d", limit)
	}
	return int(x), data[n:], nil
}
