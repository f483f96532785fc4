package session

import (
	"context"
	"strings"
	"testing"
	"time"
)

func inspected(t testing.TB, s *Session, marked string, detail int) (text, markdown string) {
	t.Helper()
	code, cursor := cursorIn(t, marked)
	found, data := s.Inspect(context.Background(), code, cursor, detail)
	if found != (data != nil) || found && (data["text/plain"] == "" || data["text/markdown"] == "") {
		t.Errorf("%q: found %v with %v", marked, found, data)
	}
	return data["text/plain"], data["text/markdown"]
}

func TestInspect(t *testing.T) {
	s := notebook(t, earlierCells...)
	for _, c := range []struct {
		code string
		want []string // in the plain text; none: nothing is found
	}{
		{"fmt.Print|ln(1)", []string{"func fmt.Println(a ...any) (n int, err error)\n", "Println formats using the default formats"}},
		{"fmt.Println(|", []string{"func fmt.Println("}},
		{"fmt.Println(|point)", []string{"func fmt.Println("}},
		{"fmt.Println(\"a, b|c\")", []string{"func fmt.Println("}},
		{"fmt.Println(point, |)", []string{"func fmt.Println("}},
		{"fmt.Println(point, 12|)", []string{"func fmt.Println("}},
		{"fmt.Println(po|int)", []string{"var point Point\n", "Defined in cell 2."}},
		{"fmt.Println(math.Sqrt(|", []string{"func math.Sqrt(x float64) float64"}},
		{"fm|t.Println", []string{"package fmt // import \"fmt\"", "Package fmt implements formatted I/O"}},
		{"chart|", []string{"package chart // import \"github.com/vgrad/lab/vgrad/chart\"", "Package chart"}},
		{"import \"net/ht|tp\"", []string{"package http", "Package http provides HTTP client"}},
		{"chart.Gradient|Flow", []string{"func chart.GradientFlow("}},
		{"vgrad.Exper|iment{}", []string{"type vgrad.Experiment struct {\n\t// Label is the run's name", "Depth       int", "Experiment says what is to be run"}},
		{"vgrad.Experiment{De|pth: 3}", []string{"field Depth int"}},
		{"vgrad.Experiment{Bat|ch: 3}", []string{"field Batch int\n", "Batch is the number of examples of a step. Zero: 30."}},
		{"deep.Optim|izer", []string{"field Optimizer string", "Optimizer turns gradients into updates."}},
		{"dee|p", []string{"var deep vgrad.Experiment\n", "Experiment says what is to be run", "Defined in cell 2."}},
		{"point.No|rm()", []string{"func (p Point) Norm() float64\n", "Norm is the distance to the origin.", "Defined in cell 1."}},
		{"named.X|", []string{"field X float64\n", "coordinates", "cell 1"}},
		{"Poi|nt{}", []string{"type Point struct {\n\tX, Y float64 // coordinates", "Point is a place in the plane.", "cell 1"}},
		{"Re|d", []string{"const Red Color = 0"}},
		{"// twice doubles.\nfunc twice(x int) int { return 2 * x }\ntwi|ce(3)", []string{"func twice(x int) int\n", "twice doubles.", "line 2 of this cell"}},
		{"y := 3 // a number\ny|", []string{"var y int\n", "a number", "line 1 of this cell"}},
		{"appe|nd(x, 1)", []string{"func append(slice []Type, elems ...Type) []Type\n", "The append built-in function"}},
		{"var e err|or", []string{"type error interface", "The error built-in interface type"}},
		{"cell.Comp|are(vgrad.Experiment{})", []string{"func cell.Compare(base vgrad.Experiment, variants ...string) cell.Comparison", "Compare trains or loads one experiment"}},
		{"cell.Compare(vgrad.Experiment{}, |", []string{"func cell.Compare("}},
		{"comparison.Run(|", []string{"func (c cell.Comparison) Run(label string) *runs.Run"}},
		{"vgrad.MeanAbs|Grad", []string{"const vgrad.MeanAbsGrad vgrad.Quantity = \"mean_abs_grad\"", "mean |∂L/∂W|", "the weights of a layer"}},
		{"slices.Sort|Func(", []string{"func slices.SortFunc[", "SortFunc sorts the slice"}},
		{"var b strings.Builder\nb.Wri|teString", []string{"func (b *strings.Builder) WriteString(s string) (int, error)"}},
		{"time.Sec|ond", []string{"const time.Second time.Duration"}},
		{"for i := range points {\n\tpoints[i|].X", []string{"var i int"}},
		{"if poi|nt.X > (", []string{"var point Point"}},
		{"%who|", []string{"%who lists what"}},
		// Words of the laboratory.
		{`cell.Compare(vgrad.Experiment{}, "ta|nh")`, []string{`Activation: "tanh"`, "Activation of the hidden layers.", "tanh is an activation; there are identity, sigmoid"}},
		{`cell.Compare(vgrad.Experiment{}, "depth=12 initia|lizer=he_normal")`, []string{"initializer=… // field Initializer string of vgrad.MLP", "Initializer of the weights", "he_normal", "The default of mlp is glorot_uniform."}},
		{`cell.Compare(vgrad.Experiment{}, "depth=12 initializer=he_n|ormal")`, []string{`Initializer: "he_normal"`, "he_normal is an initializer of the weights"}},
		{`cell.Compare(vgrad.Experiment{}, "network=high|way")`, []string{"type vgrad.Highway struct", "Highway is the highway network of Srivastava"}},
		{`cell.Compare(vgrad.Experiment{}, "network=highway gate|_bias=-1")`, []string{"gate_bias=… // field GateBias float64 of vgrad.Highway", "gates' biases", "Zero: -2; vgrad.Zero: half open gates", "The default of highway is -2."}},
		{`vgrad.Experiment{Optimizer: "ad|am"}`, []string{`Optimizer: "adam"`, "adam is an optimizer"}},
		{`vgrad.Experiment{Initializer: "he_normal|"}`, []string{"he_normal is an initializer"}},
		{`vgrad.Measure{Quantities: []vgrad.Quantity{"satur|ated"}}`, []string{"const vgrad.Saturated vgrad.Quantity = \"saturated\"", "fraction of units and examples", "the units of a layer"}},
		{`cell.Sweep(vgrad.Experiment{}, "se|ed=0..9")`, []string{"seed=…", "Seed of the initial weights"}},
		{`cell.Compare(vgrad.Experiment{}, "nons|ense")`, []string{"func cell.Compare("}},
		// Nothing.
		{"// fmt.Print|ln", nil}, {"fo|r {}", nil}, {"unknow|n", nil}, {"|", nil}, {"x := 1|", nil}, {`x := "te|xt"`, nil}, {"%%bash\nls|", nil},
	} {
		plain, markdown := inspected(t, s, c.code, 0)
		if c.want == nil && plain != "" {
			t.Errorf("%q: found\n%s", c.code, plain)
		}
		for _, part := range c.want {
			if !strings.Contains(plain, part) {
				t.Errorf("%q: no %q in\n%s", c.code, part, plain)
				break
			}
		}
		if c.want != nil && !strings.HasPrefix(markdown, "```go\n") {
			t.Errorf("%q: Markdown begins %.20q", c.code, markdown)
		}
	}
}

// Detail 1 has the whole text, methods, and the place of the source.
func TestInspectDetail(t *testing.T) {
	s := notebook(t, earlierCells...)
	few, _ := inspected(t, s, "fm|t", 0)
	all, _ := inspected(t, s, "fm|t", 1)
	if len(few) > 2*shortDoc || len(all) < 5*len(few) || !strings.Contains(few, "…") {
		t.Errorf("%d bytes, and %d of all", len(few), len(all))
	}
	all, markdown := inspected(t, s, "vgrad.Exper|iment", 1)
	for _, part := range []string{"func (e vgrad.Experiment) Hash() string", "vgrad/experiment.go:"} {
		if !strings.Contains(all, part) || !strings.Contains(markdown, part) {
			t.Errorf("no %q in\n%s", part, all)
		}
	}
	_, markdown = inspected(t, s, "strings.Fie|lds", 1)
	if !strings.Contains(markdown, "[unicode.IsSpace](https://pkg.go.dev/unicode#IsSpace)") {
		t.Errorf("no link in\n%s", markdown)
	}
	for _, code := range []string{"fmt.Print|ln", "vgrad.Exper|iment", `cell.Compare(vgrad.Experiment{}, "ta|nh")`, "fm|t"} {
		begun := time.Now()
		inspected(t, s, code, 1)
		t.Logf("%-45q %v", code, time.Since(begun).Round(100*time.Microsecond))
	}
}

func BenchmarkInspect(b *testing.B) {
	s := notebook(b, earlierCells...)
	for _, c := range []struct{ name, code string }{{"function", "fmt.Print|ln"}, {"type", "vgrad.Exper|iment"}, {"word", `cell.Compare(vgrad.Experiment{}, "ta|nh")`}} {
		b.Run(c.name, func(b *testing.B) {
			code, cursor := cursorIn(b, c.code)
			for b.Loop() {
				s.Inspect(context.Background(), code, cursor, 0)
			}
			b.ReportMetric(0.2*float64(b.N)/b.Elapsed().Seconds(), "times-under-0.2s")
		})
	}
}
