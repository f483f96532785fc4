package table_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"gonum.org/v1/gonum/stat"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/table"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

// record stores the suite's training as the run of an experiment.
func record(t testing.TB, e vgrad.Experiment) *runs.Run {
	t.Helper()
	store, err := runs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w, err := store.Create(e, runs.Provenance{})
	if err != nil {
		t.Fatal(err)
	}
	feeder := &vgrad.Feeder{To: w}
	for step, samples := range vgradtest.Steps() {
		if err := feeder.Put(step, samples); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(runs.Provenance{}); err != nil {
		t.Fatal(err)
	}
	run, err := store.Load(e)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// cell is a row's identity with its numbers, as text.
type cell struct{ run, quantity, step, site, value, low, high, count, depth string }

func num(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// want lists the rows of runs from the samples themselves.
func want(all ...*runs.Run) map[cell]int {
	cells := map[cell]int{}
	for _, r := range all {
		for s := range table.Samples(r) {
			c := cell{run: r.Name, quantity: string(s.Quantity), step: strconv.Itoa(s.Step), site: s.Site.Path, depth: strconv.Itoa(r.Experiment.Depth)}
			if s.Hist == nil {
				c.value = num(s.Value)
				cells[c]++
				continue
			}
			add := func(low, high float64, n int) {
				if n > 0 {
					c.low, c.high, c.count = num(low), num(high), strconv.Itoa(n)
					cells[c]++
				}
			}
			for _, b := range s.Hist.Bins {
				add(b.Low, b.High, b.Count)
			}
			add(0, 0, s.Hist.Zero)
			add(math.NaN(), math.NaN(), s.Hist.NaN)
			add(math.Inf(1), math.Inf(1), s.Hist.PosInf)
			add(math.Inf(-1), math.Inf(-1), s.Hist.NegInf)
		}
	}
	return cells
}

func two(t *testing.T) []*runs.Run {
	return []*runs.Run{record(t, vgrad.Experiment{Depth: 3}), record(t, vgrad.Experiment{Depth: 4, Seed: 7})}
}

func compare(t *testing.T, got, want map[cell]int) {
	t.Helper()
	if len(got) != len(want) || len(want) < 50 {
		t.Errorf("%d different rows, want %d", len(got), len(want))
	}
	for c, n := range want {
		if got[c] != n {
			t.Errorf("%+v: %d rows, want %d", c, got[c], n)
		}
	}
}

func float(t *testing.T, text string) string {
	if text == "" {
		return ""
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return num(x)
}

func TestCSV(t *testing.T) {
	rs := two(t)
	var out bytes.Buffer
	if err := table.Write(&out, table.CSV, rs[0], rs[1]); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(lines[0], ","); got != "run,label,seed,quantity,step,layer,time,site,role,value,low,high,count,depth" {
		t.Errorf("columns %s", got)
	}
	got := map[cell]int{}
	for _, l := range lines[1:] {
		got[cell{l[0], l[3], l[4], l[7], float(t, l[9]), float(t, l[10]), float(t, l[11]), l[12], float(t, l[13])}]++
	}
	compare(t, got, want(rs...))
}

func TestJSONLines(t *testing.T) {
	rs := two(t)
	var out bytes.Buffer
	if err := table.Write(&out, table.JSONLines, rs[0], rs[1]); err != nil {
		t.Fatal(err)
	}
	got := map[cell]int{}
	for line := range strings.Lines(out.String()) {
		var l struct {
			Run, Quantity, Site string
			Step                int
			Value, Low, High    json.RawMessage
			Count               *int
			Depth               float64
			Special             string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		text := func(raw json.RawMessage) string {
			if string(raw) == "null" {
				return float(t, l.Special)
			}
			return float(t, string(raw))
		}
		c := cell{run: l.Run, quantity: l.Quantity, step: strconv.Itoa(l.Step), site: l.Site, value: text(l.Value), low: text(l.Low), high: text(l.High), depth: num(l.Depth)}
		if l.Count != nil {
			c.count = strconv.Itoa(*l.Count)
		}
		got[c]++
	}
	compare(t, got, want(rs...))
}

func TestParquet(t *testing.T) {
	rs := two(t)
	var out bytes.Buffer
	if err := table.Write(&out, table.Parquet, rs[0], rs[1]); err != nil {
		t.Fatal(err)
	}
	type line struct {
		Run      string   `parquet:"run"`
		Quantity string   `parquet:"quantity"`
		Site     string   `parquet:"site"`
		Step     int64    `parquet:"step"`
		Value    *float64 `parquet:"value,optional"`
		Low      *float64 `parquet:"low,optional"`
		High     *float64 `parquet:"high,optional"`
		Count    *int64   `parquet:"count,optional"`
		Depth    *float64 `parquet:"depth,optional"`
	}
	lines, err := parquet.Read[line](bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	text := func(x *float64) string {
		if x == nil {
			return ""
		}
		return num(*x)
	}
	got := map[cell]int{}
	for _, l := range lines {
		c := cell{l.Run, l.Quantity, strconv.FormatInt(l.Step, 10), l.Site, text(l.Value), text(l.Low), text(l.High), "", text(l.Depth)}
		if l.Count != nil {
			c.count = strconv.FormatInt(*l.Count, 10)
		}
		got[c]++
	}
	compare(t, got, want(rs...))
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestErrors(t *testing.T) {
	run := record(t, vgrad.Experiment{})
	for _, f := range []table.Format{table.CSV, table.JSONLines, table.Parquet} {
		if err := table.Write(full{}, f, run); err == nil || !strings.Contains(err.Error(), "no space") {
			t.Errorf("%s on a full disk: %v", f, err)
		}
	}
	if err := table.Write(&bytes.Buffer{}, "xlsx", run); err == nil || !strings.Contains(err.Error(), "parquet") {
		t.Errorf("an unknown format: %v", err)
	}
	if err := table.Write(&bytes.Buffer{}, table.CSV); err == nil {
		t.Error("no sources are no error")
	}
}

// decay is a source whose gradient falls by a factor of four with each layer.
type decay struct{}

func (decay) Label() string                { return "decay" }
func (decay) Sites() []vgrad.Site          { return nil }
func (decay) Quantities() []vgrad.Quantity { return []vgrad.Quantity{vgrad.MeanAbsGrad} }
func (decay) Samples(q vgrad.Quantity) iter.Seq[vgrad.Sample] {
	return func(yield func(vgrad.Sample) bool) {
		for layer := 1; layer <= 6; layer++ {
			site := vgrad.Site{Path: fmt.Sprintf("/layer%d/weights", layer), Layer: layer, Role: vgrad.Kernel}
			if !yield(vgrad.Sample{Site: site, Quantity: q, Value: math.Pow(4, float64(layer-6))}) {
				return
			}
		}
	}
}

// The samples of a run are an iterator, so gonum's statistics need no table: here the
// least-squares fit of the gradient's logarithm over the layers.
func ExampleSamples() {
	var layers, logs []float64
	for s := range table.Samples(decay{}) {
		if s.Quantity == vgrad.MeanAbsGrad && s.Step == 0 {
			layers, logs = append(layers, float64(s.Site.Layer)), append(logs, math.Log(s.Value))
		}
	}
	_, slope := stat.LinearRegression(layers, logs, nil, false)
	fmt.Printf("a factor of %.2f a layer\n", math.Exp(slope))
	// Output: a factor of 4.00 a layer
}

func ExampleWrite() {
	if err := table.Write(os.Stdout, table.CSV, decay{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// run,label,seed,quantity,step,layer,time,site,role,value,low,high,count
	// decay,decay,,mean_abs_grad,0,1,0,/layer1/weights,kernel,0.0009765625,,,
	// decay,decay,,mean_abs_grad,0,2,0,/layer2/weights,kernel,0.00390625,,,
	// decay,decay,,mean_abs_grad,0,3,0,/layer3/weights,kernel,0.015625,,,
	// decay,decay,,mean_abs_grad,0,4,0,/layer4/weights,kernel,0.0625,,,
	// decay,decay,,mean_abs_grad,0,5,0,/layer5/weights,kernel,0.25,,,
	// decay,decay,,mean_abs_grad,0,6,0,/layer6/weights,kernel,1.0,,,
}
