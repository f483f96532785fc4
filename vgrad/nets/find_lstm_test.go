package nets_test

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/lstm"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
	"github.com/vgrad/lab/vgrad/nets"
)

// lstmOf is an LSTM in plain Go: Hochreiter and Schmidhuber 1997, with the
// gates in the order of ONNX: input, output, forget, candidate.
type lstmOf struct {
	x      [][][]float64    // [batch][step][feature]
	w, u   [4][][]float64   // [gate][unit][feature], [gate][unit][unit]
	b      [8][]float64     // [gate][unit], of the input first
	target [][]float64      // [batch][unit]
	z      [][4][][]float64 // [step][gate][batch][unit], as the last call of loss computed it
}

// loss is the mean square of last state − target, with delta added to z.
func (l *lstmOf) loss(delta func(step, gate, example, unit int) float64) float64 {
	examples, steps, units := len(l.x), len(l.x[0]), len(l.target[0])
	l.z = make([][4][][]float64, steps)
	loss := 0.0
	for e := range examples {
		h, c := make([]float64, units), make([]float64, units)
		for t := range steps {
			last := append([]float64(nil), h...)
			for j := range units {
				var a [4]float64
				for g := range 4 {
					z := l.b[g][j] + l.b[4+g][j] + dot(l.w[g][j], l.x[e][t]) + dot(l.u[g][j], last) + delta(t, g, e, j)
					if l.z[t][g] == nil {
						l.z[t][g] = make([][]float64, examples)
					}
					l.z[t][g][e] = append(l.z[t][g][e], z)
					a[g] = 1 / (1 + math.Exp(-z))
				}
				c[j] = a[2]*c[j] + a[0]*math.Tanh(l.z[t][3][e][j])
				h[j] = a[1] * math.Tanh(c[j])
			}
		}
		for j := range units {
			loss += (h[j] - l.target[e][j]) * (h[j] - l.target[e][j])
		}
	}
	return loss / float64(examples*units)
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// The pre-activations that are found in GoMLX's LSTM, and their δ, are those of
// an LSTM in plain Go, gate by gate, step by step, number by number.
func TestFindLSTM(t *testing.T) {
	b := backendtest.Go(t)
	m := build(t, b, findCase{"lstm", doubles(2, 4, 3), func(s *model.Scope, x *Node) *Node {
		_, last, _ := lstm.New(s, x, 2).Done()
		return Squeeze(last, 0)
	}})
	units := nets.Distinct(m.found)
	deltas := nets.Deltas(m.loss, units)
	var outputs []*Node
	for i, u := range units {
		outputs = append(outputs, u.Z, deltas[i])
	}
	if err := m.graph.Compile(outputs...); err != nil {
		t.Fatal(err)
	}
	results := m.graph.Run(m.inputs()...)
	plain := m.plain()
	for i, u := range units {
		gate := i % 4
		if want := [...]string{"/gate1[%d]", "/gate2[%d]", "/gate3[%d]", "/units[%d]"}[gate]; u.Path != fmt.Sprintf(want, i/4+1) {
			t.Fatalf("units %d are %s", i, u.Path)
		}
		z, delta := results[2*i].Value().([][]float64), results[2*i+1].Value().([][]float64)
		for e := range z {
			for j := range z[e] {
				wantZ, wantDelta := plain.at(u.Time-1, gate, e, j)
				near(t, fmt.Sprintf("%s: z of unit %d, example %d", u.Path, j, e), z[e][j], wantZ, 1e-12)
				near(t, fmt.Sprintf("%s: δ of unit %d, example %d", u.Path, j, e), delta[e][j], wantDelta, 1e-9)
			}
		}
	}
}

// at is one pre-activation, and δ by a central difference.
func (l *lstmOf) at(step, gate, example, unit int) (z, delta float64) {
	const h = 1e-5
	moved := func(by float64) float64 {
		return l.loss(func(t, g, e, j int) float64 {
			if t == step && g == gate && e == example && j == unit {
				return by
			}
			return 0
		})
	}
	delta = (moved(h) - moved(-h)) / (2 * h)
	moved(0)
	return l.z[step][gate][example][unit], delta
}

// plain is the LSTM with the numbers that the graph is fed.
func (m *built) plain() *lstmOf {
	value := func(path string) *tensors.Tensor { return m.feeds[m.graph.GetParameterByName(path)].(*tensors.Tensor) }
	l := &lstmOf{x: value("x").Value().([][][]float64), target: value("target").Value().([][]float64)}
	copy(l.w[:], value("/inputsW").Value().([][][][]float64)[0])
	copy(l.u[:], value("/recurrentW").Value().([][][][]float64)[0])
	copy(l.b[:], value("/biasesW").Value().([][][]float64)[0])
	return l
}
