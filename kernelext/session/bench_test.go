package session

import (
	"context"
	"testing"
	"time"
)

// What a reader waits for before a small cell is built.
func BenchmarkTranslate(b *testing.B) {
	s := newSession(b)
	p, err := s.Translate(1, "type P struct{ X, Y float64 }\nfunc (p P) Len() float64 { return math.Hypot(p.X, p.Y) }\np := P{3, 4}\ne := vgrad.Experiment{Depth: 3}")
	if err != nil {
		b.Fatal(err)
	}
	finish(b, s, p, nil)
	for b.Loop() {
		if _, err := s.Translate(2, "fmt.Println(p.Len(), e.Depth)\nxs := []float64{1, 2}\nsort.Float64s(xs)\nxs"); err != nil {
			b.Fatal(err)
		}
	}
}

// How long the index takes: as the first kernel has it with everything compiled, and as
// every later one has it.
func BenchmarkWarm(b *testing.B) {
	b.Setenv("VGRAD_CACHE", b.TempDir())
	for _, name := range []string{"first", "later"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := New(Options{Dir: b.TempDir(), Modules: []string{labRoot(b)}})
				begun := time.Now()
				go s.Warm(context.Background())
				if _, err := s.Translate(1, "fmt.Println(1)"); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(time.Since(begun).Milliseconds()), "ms-to-print")
				if err := s.Warm(context.Background()); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(time.Since(begun).Milliseconds()), "ms-to-all")
				if name == "first" {
					b.Setenv("VGRAD_CACHE", b.TempDir())
				}
			}
		})
	}
}
