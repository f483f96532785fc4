package chart

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/vgrad/lab/vgrad"
)

// explored are states of so many depths of an activation, each with the gradient flow and
// two curves of so many steps.
func explored(t testing.TB, steps int, depths ...int) *States {
	ok := must(t)
	s := &States{Title: "activation and depth", Fields: []Field{{Name: "activation", Values: []string{"sigmoid", "relu"}}, {Name: "depth"}}}
	for _, d := range depths {
		s.Fields[1].Values = append(s.Fields[1].Values, fmt.Sprint(d))
	}
	for a, decay := range []float64{5, 1.3} {
		for i, d := range depths {
			grads := make([]float64, d)
			for l := range grads {
				grads[l] = 0.02 * math.Pow(decay, float64(l+1-d))
			}
			r := []vgrad.Source{run(s.Fields[0].Values[a]+fmt.Sprintf(" depth=%d", d), uint64(100*a+i), steps, grads, 0.5+0.01*float64(i))}
			s.List = append(s.List, State{
				Figures: []*Figure{ok(GradientFlow(r, vgrad.MeanAbsGrad)), ok(Loss(r)), ok(Accuracy(r))},
				Words:   fmt.Sprintf("made by hand, %d layers", d),
			})
		}
	}
	return s
}

// unpackedStates opens what a fragment has packed, in the engine that draws static pictures.
type unpackedStates struct {
	vm     *goja.Runtime
	packed goja.Value
	decode goja.Callable
}

func unpackStates(t testing.TB, html []byte) unpackedStates {
	t.Helper()
	m := regexp.MustCompile(`class="vgrad-packed">([^<]*)<`).FindSubmatch(html)
	if m == nil {
		t.Fatal("nothing is packed")
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(m[1])))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	vm := goja.New()
	for _, js := range []string{runtime(), withVersion(stateScript)} {
		if _, err := vm.RunString(js); err != nil {
			t.Fatal(err)
		}
	}
	opened, ok := function(vm, "opened")
	decode, ok2 := function(vm, "decode")
	if !ok || !ok2 {
		t.Fatal("states.js does not decode")
	}
	array, err := vm.New(vm.Get("Uint8Array"), vm.ToValue(vm.NewArrayBuffer(text)))
	if err != nil {
		t.Fatal(err)
	}
	packed, err := opened(goja.Undefined(), array)
	if err != nil {
		t.Fatal(err)
	}
	return unpackedStates{vm, packed, decode}
}

// figures decodes the i-th state.
func (u unpackedStates) figures(t testing.TB, i int) (all []map[string]any) {
	t.Helper()
	v, err := u.decode(goja.Undefined(), u.packed, u.vm.ToValue(i))
	if err != nil {
		t.Fatal(err)
	}
	stringify, _ := goja.AssertFunction(u.vm.Get("JSON").ToObject(u.vm).Get("stringify"))
	text, err := stringify(goja.Undefined(), v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text.String()), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// unlike compares what was decoded with what was packed: texts, gaps, zeros, signs and
// the steps or layers of points exactly (whole numbers), other numbers within StateError. worst is the largest relative
// difference, values counts the numbers.
func unlike(path string, got, want any, worst *float64, values *int) (found []string) {
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(want) {
			return []string{fmt.Sprintf("%s: %T", path, got)}
		}
		for key := range want {
			found = append(found, unlike(path+"."+key, g[key], want[key], worst, values)...)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(want) {
			return []string{fmt.Sprintf("%s: %v, want %v", path, got, want)}
		}
		for i := range want {
			found = append(found, unlike(fmt.Sprint(path, "[", i, "]"), g[i], want[i], worst, values)...)
		}
	case float64:
		*values++
		g, ok := got.(float64)
		d := math.Abs(g - want)
		if !ok || d > StateError*math.Abs(want) || d > 0 && want == math.Trunc(want) && strings.HasSuffix(path, "[0]") {
			return []string{fmt.Sprintf("%s: %v, want %v", path, got, want)}
		}
		if d > 0 {
			*worst = max(*worst, d/math.Abs(want))
		}
	default:
		if !reflect.DeepEqual(got, want) {
			return []string{fmt.Sprintf("%s: %v, want %v", path, got, want)}
		}
	}
	return found
}

// Every kind of figure is decoded as it was packed, with its missing values.
func TestStatesKeepWhatTheyPack(t *testing.T) {
	ok := must(t)
	figures := small(t)
	odd := values("odd", vgrad.MeanAbsGrad, 1, 1e-300, -3e-5, 0, nan, math.Inf(1), 3.1e38, -0.125, 1e-45, 2.5)
	figures["odd"] = ok(MeanGradient([]vgrad.Source{odd}, 1))
	figures["one"] = ok(Loss(article(1)))
	figures["long"] = ok(MeanGradient(article(2500), 1))
	figures["seeds"] = ok(Loss(repetitions(3, 900)))
	for name, f := range figures {
		s := States{Title: name, Fields: []Field{{"x", []string{"a", "b"}}}, List: []State{{}, {Figures: []*Figure{f, nil}}}}
		html, err := s.HTML(HTMLOptions{})
		if err != nil {
			t.Fatal(err)
		}
		u := unpackStates(t, html)
		if all := u.figures(t, 0); all != nil {
			t.Errorf("%s: a state that is not recorded has %v", name, all)
		}
		all := u.figures(t, 1)
		if len(all) != 2 || all[1] != nil {
			t.Fatalf("%s: %d figures", name, len(all))
		}
		want, err := f.tree()
		if err != nil {
			t.Fatal(err)
		}
		got := all[0]["spec"].(map[string]any)
		if log, ok := got["log"].(map[string]any); ok {
			delete(log, "shared")
		}
		worst, n := 0.0, 0
		for _, d := range unlike("", got, want, &worst, &n) {
			t.Errorf("%s%s", name, d)
		}
		t.Logf("%s: %d numbers, the largest relative difference is %.2g", name, n, worst)
	}
}

// 200 states, each with a gradient flow of 12 layers and 25 steps and two curves of 500
// points, in at most 2 MB.
func TestStatesAreSmall(t *testing.T) {
	var depths []int
	for range 100 {
		depths = append(depths, 12)
	}
	s := explored(t, 500, depths...)
	s.Fields[1].Values = nil
	for i := range depths {
		s.Fields[1].Values = append(s.Fields[1].Values, fmt.Sprint(i))
	}
	html, err := s.HTML(HTMLOptions{Renderer: renderer(t), Packed: true})
	if err != nil {
		t.Fatal(err)
	}
	plain := 0
	for _, state := range s.List {
		for _, f := range state.Figures {
			spec, _ := f.spec()
			plain += len(spec)
		}
	}
	packed := regexp.MustCompile(`class="vgrad-packed">([^<]*)<`).FindSubmatch(html)[1]
	t.Logf("%d states: %d KB with pictures and runtime, of which the states %d KB; their specs as JSON %d KB", len(s.List), len(html)>>10, len(packed)>>10, plain>>10)
	if len(html) > 2_000_000 {
		t.Errorf("%d bytes", len(html))
	}
}

// Axes have one range in all states.
func TestStatesShareAxes(t *testing.T) {
	html, err := explored(t, 20, 2, 6, 12).HTML(HTMLOptions{})
	if err != nil {
		t.Fatal(err)
	}
	u := unpackStates(t, html)
	low, high := math.Inf(1), math.Inf(-1)
	for i := range 6 {
		eachValue(u.figures(t, i)[0]["spec"].(map[string]any), 0, func(v float64) { low, high = min(low, v), max(high, v) })
	}
	for i := range 6 {
		spec := u.figures(t, i)[0]["spec"].(map[string]any)
		shared := spec["log"].(map[string]any)["shared"].(map[string]any)["0"].([]any)
		for k, want := range []float64{low, high, low} {
			if got := shared[k].(float64); math.Abs(got-want) > 2*StateError*want {
				t.Errorf("state %d: the range is %v, want %v to %v", i, shared, low, high)
			}
		}
	}
}

func TestStatesErrors(t *testing.T) {
	f := small(t)["scalar"]
	two := Field{"x", []string{"1", "2"}}
	for want, s := range map[string]States{
		"title":        {Fields: []Field{two}, List: []State{{Figures: []*Figure{f}}, {}}},
		"field":        {Title: "t"},
		"no values":    {Title: "t", Fields: []Field{{Name: "x"}}},
		"combinations": {Title: "t", Fields: []Field{two}, List: []State{{Figures: []*Figure{f}}}},
		"recorded":     {Title: "t", Fields: []Field{two}, List: []State{{}, {}}},
	} {
		if _, err := s.HTML(HTMLOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestSomeStates(t *testing.T) {
	s := explored(t, 3, 2, 4, 6, 8, 10)
	var names []string
	for _, i := range s.some(6) {
		names = append(names, s.Names(i))
	}
	want := "activation=sigmoid depth=2, activation=sigmoid depth=6, activation=sigmoid depth=10, activation=relu depth=2, activation=relu depth=6, activation=relu depth=10"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
