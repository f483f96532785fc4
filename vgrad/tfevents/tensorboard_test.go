package tfevents_test

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/tfevents"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

// python returns the Python that has TensorBoard. A test that asks for it is left out by
// -short.
func python(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs TensorBoard")
	}
	path := os.Getenv("VGRAD_PYTHON")
	if path == "" {
		t.Fatal("VGRAD_PYTHON names no Python; this test needs one with TensorBoard: python3 -m venv V && V/bin/pip install -r vgrad/tfevents/testdata/python.txt && export VGRAD_PYTHON=$PWD/V/bin/python")
	}
	return path
}

// TensorBoard's own reader finds every tag, step and value of what is written here.
func TestEventAccumulatorFindsEverything(t *testing.T) {
	for _, tags := range []tfevents.Tags{tfevents.ArticleTags, tfevents.LabTags} {
		t.Run(string(tags), func(t *testing.T) {
			dir := t.TempDir()
			e := vgrad.Experiment{Depth: 3, Activation: "tanh"}
			record(t, dir, tfevents.Options{Tags: tags, Experiment: &e}, vgradtest.Steps())
			found := accumulate(t, dir)
			if found.HParams["activation"] != "tanh" || found.HParams["depth"] != "3.0" || !strings.Contains(found.Text, "vgrad") {
				t.Errorf("parameters %v, text %q", found.HParams, found.Text)
			}
			testFound(t, found, open(t, dir).Runs()[0])
		})
	}
}

// accumulated is what accumulate.py prints.
type accumulated struct {
	Scalars    map[string][][2]any
	Histograms map[string][][2]json.RawMessage
	HParams    map[string]string
	Text       string
}

func accumulate(t *testing.T, dir string) accumulated {
	t.Helper()
	cmd := exec.Command(python(t), filepath.Join("testdata", "accumulate.py"), dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var found accumulated
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// testFound compares with the samples that were recorded.
func testFound(t *testing.T, found accumulated, run *tfevents.Run) {
	scalars, histograms := 0, 0
	tags := map[vgrad.Column]string{}
	for _, tag := range run.Tags() {
		tags[tag.Column] = tag.Name
	}
	for _, s := range slices.Concat(vgradtest.Steps()...) {
		tag := tags[vgrad.Column{Site: s.Site, Quantity: s.Quantity}]
		if s.Hist == nil {
			scalars++
			if !slices.ContainsFunc(found.Scalars[tag], func(p [2]any) bool { return isPoint(p, s.Step, s.Value) }) {
				t.Errorf("scalar %s at step %d: %v is not among %v", tag, s.Step, s.Value, found.Scalars[tag])
			}
			continue
		}
		histograms++
		at := slices.IndexFunc(found.Histograms[tag], func(p [2]json.RawMessage) bool { return string(p[0]) == strconv.Itoa(s.Step) })
		if at < 0 {
			t.Errorf("no histogram %s at step %d", tag, s.Step)
			continue
		}
		testFoundHistogram(t, found, tag, found.Histograms[tag][at][1], s)
	}
	if scalars < 50 || histograms < 12 {
		t.Errorf("%d scalars and %d histograms", scalars, histograms)
	}
}

func isPoint(p [2]any, step int, value float64) bool {
	text, _ := p[1].(string)
	x, err := strconv.ParseFloat(text, 64)
	return err == nil && p[0] == float64(step) && (x == value || math.IsNaN(x) && math.IsNaN(value))
}

func testFoundHistogram(t *testing.T, found accumulated, tag string, raw json.RawMessage, s vgrad.Sample) {
	var buckets [][3]float64
	if err := json.Unmarshal(raw, &buckets); err != nil {
		t.Fatal(err)
	}
	var want [][3]float64
	zeros := s.Hist.Zero
	for _, b := range s.Hist.Bins {
		if zeros > 0 && b.Low > 0 {
			want, zeros = append(want, [3]float64{-0x1p-126, 0x1p-126, float64(zeros)}), 0
		}
		want = append(want, [3]float64{b.Low, b.High, float64(b.Count)})
	}
	if zeros > 0 {
		want = append(want, [3]float64{-0x1p-126, 0x1p-126, float64(zeros)})
	}
	if !slices.Equal(buckets, want) {
		t.Errorf("histogram %s at step %d: %v, want %v", tag, s.Step, buckets, want)
	}
	for end, n := range map[string]int{"/NaN": s.Hist.NaN, "/+Inf": s.Hist.PosInf, "/-Inf": s.Hist.NegInf} {
		if n > 0 && !slices.ContainsFunc(found.Scalars[tag+end], func(p [2]any) bool { return isPoint(p, s.Step, float64(n)) }) {
			t.Errorf("%s at step %d: %d are not told: %v", tag+end, s.Step, n, found.Scalars[tag+end])
		}
	}
}
