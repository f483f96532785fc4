package chart

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// small is one figure of every kind with few points, for golden files.
func small(t testing.TB) map[string]*Figure {
	ok := must(t)
	rnn := recurrent("RNN", 4)
	runs := article(4)
	seeds := repetitions(3, 3)
	hole := values("hole", vgrad.MeanAbsGrad, 1, 1e-3, nan, math.Inf(1), 0, 2e-3)
	return map[string]*Figure{
		"scalar": ok(Accuracy(runs)), "scalar_log": ok(MeanGradient(runs, 1)), "scalar_seeds": ok(Loss(seeds)),
		"scalar_missing": ok(MeanGradient([]vgrad.Source{hole}, 1)),
		"flow":           ok(GradientFlow(runs[:2])), "flow_seeds": ok(GradientFlow(seeds, vgrad.MeanAbsGrad)),
		"ridge": ok(Ridge(runs[0], vgrad.Weights, 4)), "heatmap": ok(Heatmap(runs[0], vgrad.Weights, 4)),
		"layermap":       ok(LayerMap(runs[0], vgrad.MeanAbsGrad)),
		"flow_recurrent": ok(GradientFlow([]vgrad.Source{rnn})), "layermap_recurrent": ok(LayerMap(rnn, vgrad.RMSDelta)),
		"scalar_recurrent": ok(Scalar([]vgrad.Source{rnn}, vgrad.RMSDelta, 1)), "flow_highway": ok(GradientFlow([]vgrad.Source{highway(4), runs[0]})),
		"layermap_scopes": ok(LayerMap(encoder(8), vgrad.MeanAbsGrad)), "ridge_zeros": ok(Ridge(zeros(10, 0), vgrad.Gradients, 1)),
		"factormap": ok(FactorMap(swept(3), "depth", "activation")), "trend": ok(FactorTrend(swept(3), "depth")),
		"remedies": ok(Remedies(remedied(), "depth")), "speed": ok(Speed(timed(), "width")),
		"lags":       ok(Lags([]vgrad.Source{through{"rnn", 0.5, 0.8, false}, through{"lstm", 0.9, 1.5, true}}, vgrad.RMSDelta, At("/layer1/state"))),
		"lags_seeds": ok(Lags([]vgrad.Source{through{"rnn", 0.5, 0, false}, through{"rnn", 0.7, 0, false}}, vgrad.RMSDelta, At("/layer1/state"))),
		"trend_one":  ok(Trend([]vgrad.Source{sweptRun(vgrad.Experiment{}, 3)}, vgrad.ValAccuracy, "learning_rate")),
	}
}

func TestGoldenOptions(t *testing.T) {
	for name, f := range small(t) {
		t.Run(name, func(t *testing.T) {
			spec, err := f.spec()
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := indent(&got, spec); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, append(got.Bytes(), '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v; go test -update writes it", err)
			}
			if got.String() != strings.TrimSuffix(string(want), "\n") {
				t.Errorf("the option of %s has changed; look at the difference after go test -update", name)
			}
		})
	}
}

// indent writes JSON as one reads it: what fits in a line stands in one.
func indent(b *bytes.Buffer, text []byte) error {
	var v any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return err
	}
	return indentValue(b, v, "")
}

func indentValue(b *bytes.Buffer, v any, margin string) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	text := strings.TrimSuffix(line.String(), "\n")
	object, isObject := v.(map[string]any)
	array, isArray := v.([]any)
	if len(text) <= 150 || !isObject && !isArray {
		b.WriteString(text)
		return nil
	}
	inner := margin + " "
	write := func(name string, v any, last bool) error {
		b.WriteString("\n" + inner + name)
		if err := indentValue(b, v, inner); err != nil {
			return err
		}
		if !last {
			b.WriteByte(',')
		}
		return nil
	}
	if isArray {
		b.WriteByte('[')
		for i, v := range array {
			if err := write("", v, i == len(array)-1); err != nil {
				return err
			}
		}
		b.WriteString("\n" + margin + "]")
		return nil
	}
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(object)) {
		if err := write(fmt.Sprintf("%q: ", name), object[name], i == len(object)-1); err != nil {
			return err
		}
	}
	b.WriteString("\n" + margin + "}")
	return nil
}
