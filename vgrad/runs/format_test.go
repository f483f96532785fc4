package runs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

// buffer is a sink that encodes into memory.
type buffer struct {
	encoder
	data []byte
}

func (b *buffer) Begin(s vgrad.Schema) error {
	record, err := b.define(s)
	b.data = append(b.data, record...)
	return err
}

func (b *buffer) Put(step int, rows []vgrad.Row) error {
	records, err := b.encode(step, rows)
	b.data = append(b.data, records...)
	return err
}

// recorded returns a samples.bin and where each of its steps ends.
func recorded(t testing.TB) (data []byte, ends []int) {
	t.Helper()
	b := &buffer{data: header()}
	feeder := &vgrad.Feeder{To: b}
	for step, samples := range vgradtest.Steps() {
		if err := feeder.Put(step, samples); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, len(b.data))
	}
	return b.data, ends
}

// Wherever a kill cuts the file, what was complete before is read, and the cut is told.
func TestCutAnywhere(t *testing.T) {
	data, ends := recorded(t)
	records := 0
	for cut := range data {
		f, err := parseSamples(data[:cut])
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if len(f.rows) < records || f.good+f.dropped != cut {
			t.Fatalf("cut at %d: %d rows where %d could be read before; %d bytes good, %d dropped", cut, len(f.rows), records, f.good, f.dropped)
		}
		records = len(f.rows)
		for step, end := range ends {
			if cut >= end && f.lastStep() < step {
				t.Fatalf("cut at %d: step %d is lost", cut, step)
			}
		}
		if cut < headerSize {
			continue
		}
		padded, err := parseSamples(append(bytes.Clone(data[:cut]), make([]byte, 5000)...)) // as a power failure may
		if err != nil || len(padded.rows) < len(f.rows) {
			t.Fatalf("cut at %d, then zeros: %v, %d rows, want %d or more", cut, err, len(padded.rows), len(f.rows))
		}
	}
}

// A flipped bit is noticed wherever it is: as damage that is named, or, in the last
// record, as a tail that is dropped and told.
func TestFlippedBits(t *testing.T) {
	data, ends := recorded(t)
	for at := range data {
		bad := bytes.Clone(data)
		bad[at] ^= 1 << (at % 8)
		f, err := parseSamples(bad)
		switch {
		case err == nil && f.dropped == 0:
			t.Errorf("byte %d: not noticed", at)
		case err == nil && at < ends[len(ends)-2]:
			t.Errorf("byte %d: taken for a tail of %d bytes", at, f.dropped)
		case err != nil && at >= headerSize && !strings.Contains(err.Error(), "damaged"):
			t.Errorf("byte %d: %v", at, err)
		}
	}
}

// Damage is named with file and byte, and what is before it is not deleted by trying again.
func TestDamagedFile(t *testing.T) {
	s, e := openTemp(t), vgrad.Experiment{}
	w := create(t, s, e)
	put(t, w, 100)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.path(w.Name()), samplesName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 0x10
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(e); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "byte ") {
		t.Errorf("Load: %v", err)
	}
	create(t, s, e)
	if _, err := s.Get(w.Name() + asideSuffix); err == nil || errors.Is(err, ErrNotRecorded) {
		t.Errorf("the damaged attempt aside: %v", err)
	}
}

// A finished run that lost its end is not finished any more, and says so.
func TestFinishedThenTruncated(t *testing.T) {
	for _, cut := range []int64{1, 40, 1 << 20} {
		s, e := openTemp(t), vgrad.Experiment{}
		w := create(t, s, e)
		put(t, w, 100)
		finish(t, w)
		path := filepath.Join(s.path(w.Name()), samplesName)
		if err := os.Truncate(path, max(0, w.size-cut)); err != nil {
			t.Fatal(err)
		}
		r := load(t, s, e)
		if r.Finished || !strings.Contains(r.Truncated, path) || r.LastStep >= 99 {
			t.Errorf("cut by %d: finished %v, last step %d, %q", cut, r.Finished, r.LastStep, r.Truncated)
		}
		put(t, create(t, s, e), 1) // it can be trained again
	}
}

func TestNewerSamples(t *testing.T) {
	data, _ := recorded(t)
	binary.LittleEndian.PutUint32(data[len(magic):], 3)
	if _, err := parseSamples(data); !errors.Is(err, ErrNewer) {
		t.Errorf("error %v", err)
	}
	if _, err := parseSamples([]byte("a text file, not samples")); err == nil {
		t.Error("no error for another file")
	}
}

// Any columns, in any order and any mixture of kinds, come back.
func TestRandomRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		b := &buffer{data: header()}
		feeder := &vgrad.Feeder{To: b}
		want := map[string]float64{}
		for step := range 20 {
			var samples []vgrad.Sample
			for range rng.IntN(6) {
				s := vgrad.Sample{Step: step, Site: vgrad.Site{Path: fmt.Sprint("/", rng.IntN(5)), Layer: rng.IntN(3)}, Quantity: vgrad.Quantities()[rng.IntN(14)]}
				if s.Value = rng.NormFloat64(); rng.IntN(2) == 0 {
					s.Value = float64(float32(s.Value))
				}
				samples = append(samples, s)
				want[fmt.Sprint(step, s.Site, s.Quantity)] = s.Value
			}
			if err := feeder.Put(step, samples); err != nil {
				t.Fatal(err)
			}
		}
		f, err := parseSamples(b.data)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, r := range f.rows {
			for col := range f.tables[r.table].Columns {
				s := f.tables[r.table].sample(r.at, col)
				got[fmt.Sprint(s.Step, s.Site, s.Quantity)] = s.Value
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func FuzzParseSamples(f *testing.F) {
	data, ends := recorded(f)
	f.Add(data)
	f.Add(data[:ends[0]+20])
	f.Add(append(bytes.Clone(data[:ends[0]]), make([]byte, 100)...))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseSamples(data)
		readAll(t, file)
		if err != nil {
			return
		}
		if file.good+file.dropped != len(data) {
			t.Errorf("%d bytes read, %d dropped, of %d", file.good, file.dropped, len(data))
		}
	})
}

// FuzzRecords takes the frames for granted, which the fuzzer would hardly get past.
func FuzzRecords(f *testing.F) {
	columns := func(text string) []byte { return append([]byte{columnsRecord}, text...) }
	f.Add(columns(`{"kind":"histogram","columns":[{"site":{"path":"/a","layer":1},"quantity":"weights"}]}`), []byte{rowRecord, 0, 0, 2, 0, 5, 200, 1, 1})
	f.Add(columns(`{"kind":"float32","columns":[{"site":{"path":"/"},"quantity":"loss"}]}`), []byte{rowRecord, 0, 1, 0, 0, 128, 63})
	f.Add(columns(`{"kind":"float64","columns":[]}`), []byte{rowRecord, 0, 1})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		e := encoder{records: header()}
		for _, payload := range [][]byte{first, second, second} {
			start := len(e.records)
			e.records = append(append(e.records, make([]byte, frameSize)...), payload...)
			e.end(start)
		}
		file, err := parseSamples(e.records)
		readAll(t, file)
		if err == nil && file.dropped != 0 {
			t.Errorf("%d bytes dropped of a whole file", file.dropped)
		}
	})
}

// readAll reads every sample there is, as figures would.
func readAll(t *testing.T, file *samplesFile) {
	r := &Run{file: file, sites: forwardOrder(file), rank: map[vgrad.Site]int{}}
	last := -1
	for _, q := range r.Quantities() {
		for s := range r.Samples(q) {
			if last = s.Step; s.Quantity != q || s.Step < 0 || s.Step > file.lastStep() {
				t.Errorf("%+v among the samples of %s", s, q)
			}
		}
	}
	if last > file.lastStep() {
		t.Errorf("step %d after the last", last)
	}
	if err := r.WriteCSV(&bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}
