package session

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vgrad/lab/vgrad"
)

// cursorIn takes the mark of the cursor out of a cell.
func cursorIn(t testing.TB, marked string) (code string, cursor int) {
	t.Helper()
	before, after, ok := strings.Cut(marked, "|")
	if !ok {
		t.Fatalf("there is no cursor in %q", marked)
	}
	return before + after, utf8.RuneCountInString(before)
}

func completed(t testing.TB, s *Session, marked string) Completion {
	t.Helper()
	code, cursor := cursorIn(t, marked)
	return s.Complete(context.Background(), code, cursor)
}

// notebook is a session that has run some cells.
func notebook(t testing.TB, cells ...string) *Session {
	t.Helper()
	s := newSession(t)
	for i, code := range cells {
		p, err := s.Translate(i+1, code)
		if err != nil {
			t.Fatal(err)
		}
		finish(t, s, p, nil)
	}
	return s
}

var earlierCells = []string{
	`import str "strings"
// Point is a place in the plane.
type Point struct {
	X, Y float64 // coordinates
	secret int
}
// Norm is the distance to the origin.
func (p Point) Norm() float64 { return math.Hypot(p.X, p.Y) }
func (p *Point) Move(dx float64) { p.X += dx }
type Named struct {
	*Point
	Label string
}
type Color int
const (
	Red Color = iota
	Green
)
const limit = 10`,
	`point := Point{X: 3, Y: 4}
named := Named{&point, "here"}
points := []Point{point}
byName := map[string]*Point{"a": &point}
paint := func(c Color, name string) Color { return c }
deep := vgrad.Experiment{Network: vgrad.Highway{Depth: 20}}
comparison := cell.Comparison{}`,
}

// In each case | in the cell's code is the cursor. The first matches come first, then
// other matches; a text that begins with - must not be a match.
func TestComplete(t *testing.T) {
	s := notebook(t, earlierCells...)
	for _, c := range []struct {
		code string
		want string // first matches, then what else is to be there behind …, then what not behind -
	}{
		// Packages and their members.
		{"fm|", "fmt"},
		{"char|", "chart"},
		{"stri|", "string strings"},
		{"str|", "str"},
		{"str.Has|", "HasPrefix HasSuffix"},
		{"fmt.Pri|", "Print Printf Println - Fprint"},
		{"fmt.Pri|ntln(1)", "Print Printf Println"},
		{"fmt.pri|", "Print Printf Println"},
		{"chart.Gra|", "… GradientFlow"},
		{"chart.|", "… Loss MeanGradient Figure"},
		{"import \"net/http\"\nhttp.StatusTea|", "StatusTeapot"},
		{"csv.NewR|", "NewReader"},
		{"rand.Int|", "… Intn"},
		{"import r2 \"math/rand/v2\"\nr2.IntN|", "IntN"},
		{"graph.MatM|", "MatMul"},
		// Values of earlier cells and of this one.
		{"po|", "point points"},
		{"point.|", "Move Norm X Y secret"},
		{"points[0].No|", "Norm"},
		{"byName[\"a\"].No|", "Norm"},
		{"named.|", "Label Point … Move Norm X Y secret"},
		{"named.Point.M|", "Move"},
		{"p := &point\np.M|", "Move"},
		{"q := Point{}\nq.N|", "Norm"},
		{"q.N|\nq := Point{}", "Norm"},
		{"x := []Point{{}}\nx[0].Y|", "Y"},
		{"x := 1\nx := \"a\"\nfmt.Println(x)\nx|", "x"},
		{"(&point).Mo|", "Move"},
		{"paint(Red, \"\").|", ""},
		{"strings.NewReader(\"a\").Re|", "… Read ReadByte ReadRune"},
		{"func() Point { return point }().N|", "Norm"},
		{"var e error = io.EOF\ne.|", "Error"},
		{"any(point).(Point).N|", "Norm"},
		{"time.Now().Add(time.Second).Uni|", "Unix … UnixNano"},
		{"cell.Compare(vgrad.Experiment{}, \"tanh\").Run(\"tanh\").|", "… Label Experiment Samples"},
		{"comparison.Run(\"tanh\").La|", "Label"},
		{"runs := cell.Compare(vgrad.Experiment{}, \"tanh\")\nruns.Run(\"x\").La|", "Label"},
		{"Point.No|", "Norm"},
		{"limi|", "limit"},
		{"os.Stdin.Clo|", "Close"},
		{"var wg sync.WaitGroup\nwg.|", "Add Done Go Wait"},
		// Fields of literals, and values whose type is known.
		{"vgrad.Experiment{Act|", "Activation"},
		{"vgrad.Experiment{|}", "Label Network Depth … Optimizer - vgrad Hash"},
		{"vgrad.Experiment{Depth: 3, |}", "Label Network Width - Depth"},
		{"vgrad.Experiment{\n\tDepth: 3,\n\tWi|\n}", "Width"},
		{"vgrad.Experiment{\n\tWi|\n\tDepth: 3,\n}", "Width"},
		{"vgrad.Experiment{Measure: vgrad.Measure{Ev|", "Every"},
		{"vgrad.Experiment{Stages: []vgrad.Stage{{Ste|", "Steps"},
		{"[]vgrad.Experiment{{Depth: 3}, {Wi|}}", "Width"},
		{"[]*Point{{X|", "X"},
		{"map[string]Point{\"a\": {Y|}}", "Y"},
		{"cell.Train(vgrad.Experiment{Ini|", "Initializer"},
		{"&Point{se|", "secret"},
		{"Named{La|", "Label"},
		{"vgrad.Experiment{Network: |}", "vgrad.GRU vgrad.Highway vgrad.LSTM vgrad.MLP vgrad.Model vgrad.RNN vgrad.ResNet vgrad.Residual"},
		{"vgrad.Experiment{Network: vgrad.Hi|}", "Highway"},
		{"vgrad.Experiment{Activation: |}", "\"identity\" \"sigmoid\" \"tanh\" \"relu\""},
		{"vgrad.Experiment{Measure: |}", "vgrad.Measure"},
		{"vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.Los|", "Loss"},
		{"[]vgrad.Quantity{Mean|", "vgrad.MeanAbsGrad vgrad.MeanAbsWeight vgrad.MeanActivation"},
		{"paint(|)", "Green Red paint … point"},
		{"paint(Red, nam|)", "named"},
		{"var c Color = |", "Green Red paint"},
		{"color := Red\nif color == |", "color Green Red paint"},
		{"time.Sleep(|", "time.Hour time.Microsecond … time.Second limit"},
		{"time.Sleep(time.|", "Hour Microsecond Millisecond Minute Nanosecond Second … Since"},
		{"cell.Show(chart.Mean|)", "MeanGradient"},
		{"for i := rang|", "range"},
		{"x := point.X\nmath.Sqrt(|)", "x … limit point"},
		// Import paths.
		{"import \"net/ht|", "net/http … net/http/httptest"},
		{"import \"net/ht|\"", "net/http"},
		{"import (\n\t\"fmt\"\n\t\"encoding/js|\n)", "encoding/json"},
		{"import \"github.com/vgrad/lab/vgrad/cha|\"", "github.com/vgrad/lab/vgrad/chart"},
		{"import t \"text/tem|\"\nt.New(\"\")", "text/template"},
		{"import \"github.com/gomlx/gomlx/core/gr|", "github.com/gomlx/gomlx/core/graph"},
		// The language.
		{"ret|", "- return"},
		{"func f() int {\n\tret|\n}", "return"},
		{"fo|", "… for"},
		{"swi|", "switch"},
		{"appe|", "append"},
		{"var x flo|", "float32 float64"},
		{"func f(p Poi|) {}", "Point - point"},
		{"func f(p *Poi|", "Point"},
		{"func f(a int, b str|", "string"},
		{"x := make(map[string]Poi|", "Point"},
		{"type T struct {\n\tP Poi|\n}", "Point"},
		{"for {\n\tbre|\n}", "break"},
		{"var na|", ""},
		{"func na|", ""},
		// Programs that are not finished.
		{"for i := range 3 {\n\tfmt.Prin|", "Print Printf Println"},
		{"for _, q := range points {\n\tq.N|\n}", "Norm"},
		{"for _, q := range points {\n\tq.N|\ny := 3", "Norm"},
		{"if point.|", "Move Norm X Y"},
		{"if point.X > 3 && point.No|\nfmt.Println(1)", "Norm"},
		{"for i := 0; i < point.|", "secret … Norm"},
		{"switch point.N|", "Norm"},
		{"switch {\ncase point.X > 1 && poin|\n}", "point points"},
		{"fmt.Println(point.|\nx := 3\nfmt.Println(x)", "… X Norm"},
		{"x := (\n\nfmt.Prin|", "… Println"},
		{"func f(a Point) float64 {\n\ta b c\n\treturn a.|\n}", "X Y … Norm"},
		{"func f(inner Point) {\n\tinn|", "inner"},
		{"func f(inner Point) float64 {\n\treturn inn|\n}\nfunc g( {", "inner"},
		{"sort.Slice(points, func(i, j int) bool { return points[i].|", "… X Norm"},
		{"slices.SortFunc(points, func(a, b Point) int {\n\treturn int(a.|\n})", "… X"},
		{"go point.M|", "Move"},
		{"defer poin|", "point points"},
		{"y := 1\nfmt.Println(poi|)\nx := \"not ended\nz := )", "point points"},
		{"a := 1; a b\nfmt.Prin|\n} else {", "Print Printf Println"},
		{"%%\nq := point\nq.No|", "Norm"},
		{"%%\nfmt.Prin|", "Print Printf Println"},
		{"import \"fmt\"\n\nfunc main() {\n\tfmt.Prin|\n}", "Print Printf Println"},
		{"%env A b\nfmt.Prin|", "Print Printf Println"},
		{"µ := point\nfmt.Println(\"日本\", µ.No|)", "Norm"},
		{"x := []int{1}\nx = append(x, li|", "limit"},
		{"outer:\nfor {\n\tfor {\n\t\tbreak ou|\n\t}\n}", "outer"},
		// Where nothing completes.
		{"// fmt.Pri|", ""},
		{"/* fmt.Pri|ntln */", ""},
		{"fmt.Println(\"fmt.Pri|\")", ""},
		{"fmt.Println(`\nfmt.Pri|\n`)", ""},
		{"x := 12|", ""},
		{"x := 1.|", ""},
		{"x := 'a|'", ""},
		{"%%bash\nfm|", ""},
		{"!l|", ""},
		{"unknown.|", ""},
		{"fmt.unexp|", ""},
		{"point.Norm().|", ""},
		{"", ""},
		// Commands.
		{"%|", "%who %reset %% … %env"},
		{"%wh|", "%who"},
		{"%re|", "%reset %remove"},
		{"x := 1\n%res|", "%reset"},
		{"%%|", "%% %%bash"},
		{"%%wr|", "%%writefile"},
		{"x := 7 %who|", ""},
		{"%env PA|", ""},
	} {
		if c.code == "" {
			c.code = "|"
			if got := completed(t, s, c.code); len(got.Matches) == 0 {
				t.Error("an empty cell has no completions")
			}
			continue
		}
		checkMatches(t, s, c.code, c.want)
	}
}

func checkMatches(t *testing.T, s *Session, code, want string) {
	t.Helper()
	got := completed(t, s, code)
	rest, not, _ := strings.Cut(want, "- ")
	first, among, isMore := strings.Cut(rest, "…")
	for i, name := range strings.Fields(first) {
		if i >= len(got.Matches) || got.Matches[i] != name {
			t.Errorf("%q: match %d is not %s: %q", code, i, name, got.Matches[:min(len(got.Matches), 12)])
			return
		}
	}
	if want == "" && len(got.Matches) > 0 || len(got.Matches) > maxMatches {
		t.Errorf("%q: %d matches: %q", code, len(got.Matches), got.Matches[:min(len(got.Matches), 12)])
	}
	for _, name := range strings.Fields(among) {
		if !slices.Contains(got.Matches, name) {
			t.Errorf("%q: no %s in %q", code, name, got.Matches)
		}
	}
	for _, name := range strings.Fields(not) {
		if slices.Contains(got.Matches, name) {
			t.Errorf("%q: %s is in %q", code, name, got.Matches)
		}
	}
	_ = isMore
	text, _ := cursorIn(t, code)
	all := []rune(text)
	if got.Start > got.End || got.End > len(all) {
		t.Errorf("%q: from %d to %d", code, got.Start, got.End)
	}
	if kinds := got.Metadata["_jupyter_types_experimental"].([]map[string]any); len(kinds) != len(got.Matches) {
		t.Errorf("%q: %d kinds of %d matches", code, len(kinds), len(got.Matches))
	}
}

// What the laboratory knows, inside strings.
func TestCompleteLab(t *testing.T) {
	s := notebook(t, earlierCells...)
	for _, c := range []struct{ code, want string }{
		{`cell.Compare(vgrad.Experiment{}, "tan|`, "tanh"},
		{`cell.Compare(vgrad.Experiment{}, "tan|")`, "tanh"},
		{`cell.Compare(vgrad.Experiment{}, "tan|)`, "tanh"},
		{`cell.Compare(vgrad.Experiment{}, "tan|, "relu")`, "tanh"},
		{`cell.Compare(vgrad.Experiment{}, "relu", "|")`, "identity sigmoid tanh relu … depth= network= learning_rate="},
		{`runs := cell.Compare(vgrad.Experiment{Depth: 6}, "depth=12 init|`, "initializer="},
		{`cell.Compare(vgrad.Experiment{}, "depth=12 init|ializer=he_normal")`, "initializer="},
		{`cell.Compare(vgrad.Experiment{}, "optimizer=|`, "adam sgd momentum rmsprop"},
		{`cell.Compare(vgrad.Experiment{}, "optimizer=s|gd")`, "sgd"},
		{`cell.Compare(vgrad.Experiment{}, "network=|`, "mlp highway residual resnet rnn lstm gru"},
		{`cell.Compare(vgrad.Experiment{}, "network=highway gate|`, "gate_bias="},
		{`cell.Compare(vgrad.Experiment{}, "gate|`, "- gate_bias="},
		{`cell.Compare(vgrad.Experiment{Network: vgrad.Highway{}}, "gate|`, "gate_bias="},
		{`cell.Compare(deep, "gate|`, "gate_bias="},
		{`cell.Compare(vgrad.Experiment{}, "relu depth=3 |`, "width= slope= - tanh depth="},
		{`cell.Compare(vgrad.Experiment{}, "relu |`, "depth= width= - tanh activation="},
		{`cell.Compare(vgrad.Experiment{}, "initializer=he|`, "he_uniform he_normal"},
		{`cell.Compare(vgrad.Experiment{}, "data=|`, "mnist fashion cifar10 synthetic regression"},
		{`cell.Recorded(vgrad.Experiment{}, "leaky|`, "leaky_relu"},
		{`variants := []string{"relu"}
cell.Compare(vgrad.Experiment{}, append(variants, "ta|")...)`, ""},
		{`deep.Vary("gate|")`, "gate_bias="},
		{`vgrad.Experiment{}.Vary("ta|")`, "tanh"},
		{`e := vgrad.Experiment{}
e.Vary("activation=ge|")`, "gelu"},
		{`cell.Sweep(vgrad.Experiment{}, "depth=2..12", "sigmoid,re|`, "relu"},
		{`cell.Sweep(vgrad.Experiment{}, "activation=sigmoid,ta|`, "tanh"},
		{`cell.Sweep(vgrad.Experiment{}, "se|`, "selu seed="},
		{`vgrad.Sweep{Over: []string{"optimizer=adam,s|`, "sgd"},
		{`var l lab.Lab
l.Compare(ctx, vgrad.Experiment{}, "ta|`, "tanh"},
		{`chart.FactorMap(nil, "dep|", "activation")`, "depth"},
		{`chart.FactorTrend(nil, "lear|`, "learning_rate"},
		{`vgrad.Experiment{Activation: "re|"}`, "relu"},
		{`vgrad.Experiment{Activation: "re|`, "relu"},
		{`vgrad.Experiment{Initializer: "|"}`, "glorot_uniform glorot_normal"},
		{`vgrad.Experiment{Optimizer: "s|"}`, "sgd"},
		{`vgrad.Experiment{Data: "|"}`, "mnist fashion cifar10 synthetic regression"},
		{`vgrad.Experiment{Loss: "me|"}`, "mean_squared_error"},
		{`vgrad.Experiment{Network: vgrad.Highway{Activation: "re|"}}`, "relu"},
		{`vgrad.Experiment{Stages: []vgrad.Stage{{Optimizer: "a|`, "adam"},
		{`[]vgrad.Experiment{{Activation: "ta|"}}`, "tanh"},
		{`e := vgrad.Experiment{}
e.Activation = "ta|"`, "tanh"},
		{`if deep.Activation == "ta|" {`, "tanh"},
		{`switch deep.Optimizer {
case "s|":
}`, "sgd"},
		{`vgrad.Measure{Quantities: []vgrad.Quantity{"mean_abs|`, "mean_abs_grad mean_abs_weight"},
		{`chart.Trend(nil, "mean_abs|", "depth")`, "mean_abs_grad mean_abs_weight"},
		{`vgrad.Quantity("satu|")`, "saturated"},
		{`vgrad.Series(nil, "lo|", 1)`, "loss"},
		{`var q vgrad.Quantity = "lo|"`, "loss"},
		{`vgrad.Role("ker|")`, "kernel"},
		{`vgrad.Experiment{Label: "re|"}`, ""},
		{`strings.Contains("re|", "a")`, ""},
		{`x := "re|"`, ""},
		{"cell.Compare(vgrad.Experiment{}, `tan|`)", "tanh"},
	} {
		checkMatches(t, s, c.code, c.want)
	}
	got := completed(t, s, `cell.Compare(vgrad.Experiment{}, "depth=12 init|ializer=he_normal")`)
	if got.Start != 43 || got.End != 55 {
		t.Errorf("the field is replaced from %d to %d", got.Start, got.End)
	}
}

// tree is a family of another module.
type tree struct {
	vgrad.Model
	Branches int `json:"branches,omitempty"`
}

func (tree) Family() string            { return "tree_of_test" }
func (t tree) Defaults() vgrad.Network { return tree{Branches: 2} }
func (t tree) Effective() vgrad.Network {
	return t
}
func (t tree) Alike() vgrad.Network { return t }
func (t tree) Check() error         { return nil }

// A family and a quantity of another module complete once they are added.
func TestCompleteAdded(t *testing.T) {
	s := newSession(t)
	checkMatches(t, s, `cell.Compare(vgrad.Experiment{}, "network=tree|`, "")
	vgrad.Register(tree{})
	vgrad.Describe("entropy_of_test", vgrad.Info{Title: "entropy"})
	checkMatches(t, s, `cell.Compare(vgrad.Experiment{}, "network=tree|`, "tree_of_test")
	checkMatches(t, s, `cell.Compare(vgrad.Experiment{}, "network=tree_of_test bra|`, "branches=")
	checkMatches(t, s, `vgrad.Measure{Quantities: []vgrad.Quantity{"entr|`, "entropy_of_test")
}

// The commands are those that GoNB has.
func TestMagic(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/janpfeifer/gonb").Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs := map[string]bool{"%who": true}
	for _, name := range []string{"specialcmd.go", "cellmagic.go"} {
		text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "internal", "specialcmd", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range regexp.MustCompile(`(?m)^\tcase (".*):`).FindAllStringSubmatch(string(text), -1) {
			for _, word := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(line[1], -1) {
				if name := word[1]; strings.HasPrefix(name, "%%") {
					theirs[name] = true
				} else {
					theirs["%"+name] = true
				}
			}
		}
	}
	for _, m := range magic {
		if !theirs[m.name] {
			t.Errorf("GoNB has no command %s", m.name)
		}
		delete(theirs, m.name)
	}
	for name := range theirs {
		t.Errorf("command %s of GoNB is not offered", name)
	}
}

// An answer comes in time while packages are still looked for, while a cell is translated,
// and after the front end gave up.
func TestCompleteCold(t *testing.T) {
	s := New(Options{Dir: t.TempDir(), Modules: []string{labRoot(t)}})
	for _, c := range []struct{ code, want string }{
		{"fm|", "fmt"}, {"cha|", "chart"}, {"fun|", "func"}, {"point := 3\npoi|", "point"},
		{`cell.Compare(vgrad.Experiment{}, "tan|`, "tanh"}, {`vgrad.Experiment{Activation: "re|"}`, "relu"},
		{"import \"encoding/js|", "encoding/json"}, {"fmt.Pri|", ""},
	} {
		begun := time.Now()
		checkMatches(t, s, c.code, c.want)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%q took %v", c.code, took)
		}
	}
	s = newSession(t)
	s.mu.Lock()
	begun := time.Now()
	checkMatches(t, s, "fm|", "fmt")
	s.mu.Unlock()
	ctx, stop := context.WithCancel(context.Background())
	stop()
	s.Complete(ctx, "fmt.Pri", 7)
	s.Inspect(ctx, "fmt.Println", 7, 0)
	t.Logf("a busy session: %v", time.Since(begun))
}

// Where the common packages are known and the laboratory's are not, the former complete.
func TestCompleteHalfCold(t *testing.T) {
	s := New(Options{Dir: t.TempDir(), Modules: []string{labRoot(t)}})
	x, err := sharedIndex()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range common {
		s.index.pkgs[path] = x.pkgs[path]
	}
	close(s.index.common)
	checkMatches(t, s, "fmt.Pri|", "Print Printf Println")
	checkMatches(t, s, "import \"net/http\"\nx := strings.Builder{}\nx.Wri|", "Write WriteByte WriteRune WriteString")
	checkMatches(t, s, "chart.Gra|", "")
}

// How long answers take: the first one of a session that is warm, and later ones.
func TestCompleteTimes(t *testing.T) {
	s := New(Options{Dir: t.TempDir(), Modules: []string{labRoot(t)}})
	if _, err := sharedIndex(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := s.Warm(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Logf("Warm %v", time.Since(begun))
	large := strings.Repeat("for i := range 3 {\n\tfmt.Println(i, strings.Repeat(\"a\", i))\n}\n", 200)
	for _, code := range []string{
		"cell.Compare(vgrad.Experiment{}, \"tan|", "fmt.Pri|", "fm|", "|", "graph.MatM|", "csv.NewR|", "vgrad.Experiment{Act|", "import \"net/|",
		large + "fmt.Pri|", large + "for i := range 3 {\n\ta b\n\tfmt.Pri|\n" + large,
	} {
		var times []time.Duration
		for range 3 {
			begun := time.Now()
			if len(completed(t, s, code).Matches) == 0 {
				t.Errorf("%.40q: no matches", code)
			}
			times = append(times, time.Since(begun).Round(10*time.Microsecond))
		}
		t.Logf("%-45.43q %v", code, times)
	}
}

// Any cursor in any text gets an answer, with no fault inside.
func TestCompleteAnywhere(t *testing.T) {
	s := notebook(t, earlierCells...)
	code := "%env A b\nfor _, q := range points {\n\tif q.X > 3 && strings.Contains(\"a, b\", str) { // so\n\t\tfmt.Println(vgrad.Experiment{Depth: 3, Activation: \"tanh\"}, 'µ')\n\t}\n}\n" +
		"func f(a Point) (b *Point) { return &a }\nx := map[string]Point{\"a\": {X: 1}}\nswitch y := any(x).(type) {\ncase int:\n\tgo f(y)\n}\nimport (\n\t\"net/http\"\n)\ncell.Sweep(deep, \"depth=1..3\", `relu,tanh`)\nx := func() int { return 1 }()"
	all := []rune(code)
	random := rand.New(rand.NewPCG(1, 2))
	times := 300
	if testing.Short() {
		times = 100
	}
	var texts []string
	for range times {
		from := random.IntN(len(all))
		to := min(len(all), from+random.IntN(12))
		cut := slices.Concat(all[:from], all[to:])
		texts = append(texts, string(cut[:random.IntN(len(cut))]), string(cut))
	}
	ctx := context.Background()
	for _, text := range append(texts, code, "", "|", "\"", "`", "/*", "'", "%", "%%", "!", "\xff\xfe.", "a.\x00", "((((((((", "}}}}", ".", "x.(", "x[", "...") {
		at := byteOffset(text, random.IntN(utf8.RuneCountInString(text)+1))
		answer := s.propose(ctx, newSpot(text, at), text)
		if answer.from > answer.at || answer.at > answer.to || answer.to > len(text) {
			t.Fatalf("at %d of %q: from %d over %d to %d", at, text, answer.from, answer.at, answer.to)
		}
		answer.completion(text)
		if d, ok := s.explain(ctx, newSpot(text, at), text); ok {
			s.index.rendered(d, 1)
		}
	}
}

// Front ends ask while cells are translated.
func TestCompleteBeside(t *testing.T) {
	s := notebook(t, earlierCells...)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for _, code := range []string{"point.|", "x := csv.NewReader(nil)\nx.|", "cell.Compare(deep, \"ta|", "graph.|", "poi|"} {
				completed(t, s, code)
				inspected(t, s, code, 1)
			}
		})
	}
	for i := range 5 {
		p, err := s.Translate(10+i, "point.X++\nfmt.Println(point, xml.Header, html.EscapeString(\"\"))\nz := 3")
		if err != nil {
			t.Error(err)
			break
		}
		finish(t, s, p, nil)
	}
	wg.Wait()
	checkMatches(t, s, "z|", "z")
}

func BenchmarkComplete(b *testing.B) {
	s := notebook(b, earlierCells...)
	for _, c := range []struct{ name, code string }{
		{"member", "fmt.Pri|"}, {"name", "po|"}, {"literal", "vgrad.Experiment{Act|"}, {"string", `cell.Compare(vgrad.Experiment{}, "tan|`},
		{"broken", "for _, q := range points {\n\ta b c\n\tq.|"},
	} {
		b.Run(c.name, func(b *testing.B) {
			code, cursor := cursorIn(b, c.code)
			for b.Loop() {
				s.Complete(context.Background(), code, cursor)
			}
			took := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(0.2/took, "times-under-0.2s")
		})
	}
}
