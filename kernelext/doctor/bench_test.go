package doctor

import (
	"fmt"
	"slices"
	"testing"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
)

// BenchmarkCells is what a reader waits for, in the lab's kernel, which has compiled and
// trained once before: a cell that is changed and draws recorded runs, and one that is
// changed and trains the article's three scenarios. Medians of five, in seconds.
//
//	go test ./kernelext/doctor -run '^$' -bench Cells -benchtime 1x
func BenchmarkCells(b *testing.B) {
	home, err := jupyter.Open()
	if err != nil {
		b.Fatal(err)
	}
	j, err := home.Find(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv("VGRAD_RUNS", b.TempDir())
	compare := func(seed int) string {
		return fmt.Sprintf("%%%%\nruns := cell.Compare(vgrad.Experiment{Seed: %d}, \"sigmoid\", \"relu\", \"leaky_relu\")\n", seed)
	}
	cells := []string{
		"import (\"github.com/vgrad/lab/kernelext/cell\"; \"github.com/vgrad/lab/vgrad\"; \"github.com/vgrad/lab/vgrad/chart\")\n%%\ncell.Text(\"ready\")",
		compare(0) + "cell.Show(chart.Accuracy(runs))",
	}
	const turns = 5
	for n := range turns {
		cells = append(cells, compare(0)+fmt.Sprintf("cell.Show(chart.MeanGradient(runs, %d))", n+1), compare(n+1)+"cell.Show(chart.Accuracy(runs))")
	}
	for b.Loop() {
		s, err := RunCells(b.Context(), j, kernel.Name, cells...)
		if err != nil {
			b.Fatal(err)
		}
		took := make([][]float64, 2)
		for i, c := range s.Cells {
			if c.Error != "" {
				b.Fatalf("cell %d: %s: %s", i+1, c.Error, c.Stream)
			}
			if i >= 2 {
				took[i%2] = append(took[i%2], c.Seconds)
			}
		}
		for i, what := range []string{"s/chart-cell", "s/training-cell"} {
			slices.Sort(took[i])
			b.Logf("%s: %.2f", what, took[i])
			b.ReportMetric(took[i][turns/2], what)
		}
	}
}
