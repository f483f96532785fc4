package tfevents

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// The check values of the format, from the CRC-32C of RFC 3720 and TensorFlow's own tests.
func TestMasked(t *testing.T) {
	if got := crc32.Checksum([]byte("123456789"), castagnoli); got != 0xe3069283 {
		t.Errorf("CRC-32C is %08x", got)
	}
	if got := masked(nil); got != 0xa282ead8 {
		t.Errorf("of nothing: %08x", got)
	}
	if got := masked([]byte{24, 0, 0, 0, 0, 0, 0, 0}); got != 0x224b7fa3 {
		t.Errorf("of the length 24: %08x", got)
	}
}

// write writes a run of so many steps with a scalar, and a histogram at each tenth, and
// returns the file's content.
func write(t testing.TB, dir string, steps int) []byte {
	t.Helper()
	w, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	feeder := &vgrad.Feeder{To: w}
	weights := vgrad.Site{Path: "/layer1/weights", Layer: 1}
	for step := range steps {
		samples := []vgrad.Sample{{Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: float64(step)}}
		if step%10 == 0 {
			samples = append(samples, vgrad.Sample{Site: weights, Quantity: vgrad.Weights, Hist: vgrad.HistogramOf([]float32{-1, 0, float32(step), 1e-30})})
		}
		if err := feeder.Put(step, samples); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A file that grows byte by byte is read as far as its events are complete, and in the end
// as a whole; nothing of it is an error.
func TestStillBeingWritten(t *testing.T) {
	data := write(t, t.TempDir(), 30)
	dir := t.TempDir()
	path := filepath.Join(dir, "events.out.tfevents.1")
	if err := os.WriteFile(path, data[:1], 0o666); err != nil {
		t.Fatal(err)
	}
	log, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	run, last := log.Runs()[0], 0
	for n := 2; n <= len(data); n += 3 {
		n = min(n, len(data))
		if err := os.WriteFile(path, data[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		if err := log.Refresh(); err != nil {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
		steps, values := vgrad.Series(run, vgrad.Loss, 0)
		if len(steps) < last {
			t.Fatalf("%d steps after %d", len(steps), last)
		}
		for i := range steps {
			if steps[i] != i || values[i] != float64(i) {
				t.Fatalf("step %d has %v", steps[i], values[i])
			}
		}
		if last = len(steps); n == len(data) && run.Waiting() != 0 {
			t.Errorf("%d bytes are waiting in a complete file", run.Waiting())
		}
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := log.Refresh(); err != nil {
		t.Fatal(err)
	}
	if steps, _ := vgrad.Series(run, vgrad.Loss, 0); len(steps) != 30 {
		t.Errorf("%d steps, want 30", len(steps))
	}
}

// The offset of the record that is damaged is told, and what stands before it is there.
func TestDamageIsToldWithItsOffset(t *testing.T) {
	data := write(t, t.TempDir(), 30)
	var offsets []int
	for at := 0; at < len(data); {
		_, n, _, _ := (&splitter{}).split(data[at:])
		offsets = append(offsets, at)
		at += n
	}
	for i, at := range offsets {
		for _, in := range []int{0, 9, headSize, headSize + 5} {
			spoilt := bytes.Clone(data)
			spoilt[at+in] ^= 0x10
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "events.out.tfevents.1"), spoilt, 0o666); err != nil {
				t.Fatal(err)
			}
			log, err := Open(dir)
			var damage *DamageError
			if !errors.As(err, &damage) || damage.Offset != int64(at) || !strings.Contains(err.Error(), "CRC-32C") {
				t.Fatalf("record %d, byte %d: %v; want damage at byte %d", i, in, err, at)
			}
			before := newRun("before", "", nil)
			if err := (&file{}).from(bytes.NewReader(data[:at]), int64(at), before.events); err != nil {
				t.Fatal(err)
			}
			steps, _ := vgrad.Series(log.Runs()[0], vgrad.Loss, 0)
			want, _ := vgrad.Series(before, vgrad.Loss, 0)
			if !slices.Equal(steps, want) || i == len(offsets)-1 && len(want) == 0 {
				t.Errorf("record %d: steps %v are kept, want %v", i, steps, want)
			}
			if err := log.Refresh(); !errors.As(err, &damage) {
				t.Errorf("the damage is told once only: %v", err)
			}
		}
	}
}

// Ten thousand damaged files: bits flipped, parts cut out, doubled or overwritten, half of
// them with checksums that fit again, so that the damage reaches the protocol buffers.
func TestTenThousandDamagedFiles(t *testing.T) {
	whole := [][]byte{write(t, t.TempDir(), 12)}
	for _, name := range []string{"tensorflow2", "tensorflow1", "restarted"} {
		data, err := os.ReadFile(filepath.Join("testdata", name, "events.out.tfevents.0.host"))
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, data)
	}
	r := rand.New(rand.NewPCG(1, 2))
	n := 10000
	if testing.Short() {
		n = 1000
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	bytesRead := 0
	for range n {
		data := spoil(r, bytes.Clone(whole[r.IntN(len(whole))]))
		if r.IntN(2) == 0 {
			resum(data)
		}
		bytesRead += len(data)
		readAll(data)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 2000*uint64(bytesRead) {
		t.Errorf("%d bytes allocated for %d bytes read", grown, bytesRead)
	}
}

// spoil damages data at some places.
func spoil(r *rand.Rand, data []byte) []byte {
	for range 1 + r.IntN(4) {
		at := r.IntN(len(data))
		to := min(len(data), at+1+r.IntN(64))
		switch r.IntN(5) {
		case 0:
			data[at] ^= 1 << r.IntN(8)
		case 1:
			data = append(data[:at:at], data[to:]...)
		case 2:
			data = append(data[:to:to], data[at:]...)
		case 3:
			for i := at; i < to; i++ {
				data[i] = byte(r.IntN(256))
			}
		case 4:
			data = data[:max(1, at)]
		}
	}
	return data
}

// resum gives records checksums that fit, as far as their lengths make sense.
func resum(data []byte) {
	for at := 0; at+headSize < len(data); {
		n := int(data[at]) | int(data[at+1])<<8 | int(data[at+2])<<16
		if at+headSize+n+footSize > len(data) {
			return
		}
		sealed := seal(bytes.Clone(data[at:at+headSize+n]), 0)
		copy(data[at:], sealed)
		at += len(sealed)
	}
}

// readAll reads a file's content and everything that the source tells of it.
func readAll(data []byte) {
	f, run := &file{path: "damaged"}, newRun("damaged", "", nil)
	if err := f.from(bytes.NewReader(data), int64(len(data)), run.events); err != nil {
		var damage *DamageError
		if !errors.As(err, &damage) || damage.Offset < 0 || damage.Offset >= int64(len(data)) {
			panic(err)
		}
	}
	run.rules, _ = compile(Rules())
	run.place()
	for _, tag := range run.Tags() {
		run.Describe(vgrad.Quantity(tag.Name))
		for p := range run.Points(tag.Name) {
			if p.Hist != nil {
				p.Hist.Quantile(0.5)
				p.Hist.CountIn(-1, 1)
			}
		}
		samples := 0
		for range run.Samples(tag.Column.Quantity) {
			if samples++; samples > len(data) {
				panic("more samples than bytes")
			}
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add(write(f, f.TempDir(), 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		readAll(data)
		resum(data)
		readAll(data)
	})
}
