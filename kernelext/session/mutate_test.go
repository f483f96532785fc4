package session

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

var samples = []string{
	"x := 42; y := x * 2; y",
	"func f() int { return x + 1 }\nx := 2\nf()",
	"type P struct{ X, Y float64 }\nfunc (p *P) Len() float64 { return math.Hypot(p.X, p.Y) }\np := P{3, 4}\np.Len()",
	"const (\n\tRed C = iota\n\tGreen\n\t_\n\tBlue\n)\ntype C int\nfmt.Println(Blue)",
	"outer:\nfor i := range 3 {\n\tfor j := 0; j < 3; j++ {\n\t\tif i > 1 { break outer }\n\t}\n}",
	"import \"net/http\"\nvar (\n\ta = 1\n\tb, c = a + 1, `x\ny`\n)\nb",
	"cell.Compare(vgrad.Experiment{Depth: 3}, \"sigmoid\", \"rleu depth=5\")",
	"func Map[A, B any](xs []A, f func(A) B) (ys []B) {\n\tfor _, x := range xs {\n\t\tys = append(ys, f(x))\n\t}\n\treturn\n}\nMap([]int{1}, func(i int) string { return fmt.Sprint(i) })",
	"x := 1\nx := \"a\"\nz := map[string]int{x: 1}\nz",
	"%env A b\n!ls \\\n -l\nx := 1",
	"func g() {}\nvar v, w = 1, 2\n%%\ng()\nx := v",
	"switch x := any(3).(type) {\ncase int:\n}\nselect {\ndefault:\n}",
}

// mutate changes a text at random places.
func mutate(r *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + r.IntN(3) {
		if len(b) == 0 {
			break
		}
		at := r.IntN(len(b))
		switch r.IntN(4) {
		case 0:
			b = append(b[:at:at], b[at+1:]...)
		case 1:
			b[at] = "(){}[];,.:=\"`\n %!&*<-x1_/"[r.IntN(25)]
		case 2:
			end := at + r.IntN(len(b)-at)
			b = append(b[:at:at], b[end:]...)
		case 3:
			end := at + r.IntN(min(20, len(b)-at))
			b = append(b[:end:end], b[at:]...)
		}
	}
	return string(b)
}

// No text makes the session panic or refuse to answer.
func TestMutatedCells(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 300
	if testing.Short() {
		rounds = 60
	}
	for range rounds {
		s := newSession(t)
		for n := range 4 {
			code := mutate(r, samples[r.IntN(len(samples))])
			func() {
				defer func() {
					if e := recover(); e != nil {
						t.Errorf("%v in\n%s", e, code)
						panic(e)
					}
				}()
				s.Status(code)
				for range 5 {
					at := r.IntN(utf8.RuneCountInString(code) + 1)
					s.Complete(t.Context(), code, at)
					s.Inspect(t.Context(), code, at, 1)
				}
				p, err := s.Translate(n+1, code)
				if err != nil && strings.Contains(err.Error(), "a fault of the kernel") {
					t.Errorf("%v\n%s", err, code)
				}
				if err != nil || len(p.Missing) > 0 {
					return
				}
				if p.Plain && p.Source != "" && code[0] != '%' && code[0] != '!' {
					_, rest := Split(code)
					if compilesQuietly(s, p.Source) != nil && rest == code {
						t.Errorf("%v\n%s\n---\n%s", compilesQuietly(s, p.Source), code, p.Source)
					}
				}
				finish(t, s, p, nil)
			}()
		}
	}
}
