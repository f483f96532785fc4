package reference_test

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/internal/reference"
)

// A layer of ReLU and a layer of logits, small enough to check by hand.
func small() (*reference.Net, reference.Batch) {
	n := &reference.Net{
		Sizes: []int{2, 2, 2}, Activation: "relu",
		W: [][]float64{{1, -1, 0.5, -1}, {0, math.Log(3) / 2, 0, 0}},
		B: [][]float64{{0, 0}, {0, 0}},
	}
	return n, reference.Batch{X: []float64{1, 2, 2, 0}, Labels: []int{1, 0}}
}

func ExampleNet() {
	n, b := small()
	p, err := n.Forward(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	g := n.Backward(p)
	fmt.Printf("loss %.4f, accuracy %.1f\n", p.Loss, p.Accuracy)
	fmt.Printf("∂L/∂W of layer 2: %.3f\n", g.W[1])
	// Output:
	// loss 0.8370, accuracy 0.5
	// ∂L/∂W of layer 2: [-0.500 0.500 0.000 0.000]
}

func ExampleBatch() {
	n, b := small()
	b.Labels[0] = 10
	_, err := n.Forward(b)
	fmt.Println(err)
	// Output: reference: label 10 is none of the 2 classes
}

func ExamplePass() {
	n, b := small()
	p, _ := n.Forward(b)
	fmt.Println("z of layer 1:", p.Z[0])
	fmt.Println("a of layer 1:", p.A[0])
	// Output:
	// z of layer 1: [2 -3 2 -2]
	// a of layer 1: [2 0 2 0]
}

func ExampleGrads() {
	n, b := small()
	p, _ := n.Forward(b)
	fmt.Println("δ of layer 2:", apart(n.Backward(p).Delta[1]))
	// Output: δ of layer 2: 0.125 -0.125 -0.375 0.375
}

func apart(xs []float64) string { s := fmt.Sprintf("%.3f", xs); return s[1 : len(s)-1] }

func ExampleMeasures() {
	n, b := small()
	opt, _ := reference.NewOptimizer("sgd", 0.1)
	m, _ := n.Step(b, opt)
	for _, q := range []vgrad.Quantity{vgrad.Loss, vgrad.MeanAbsGrad, vgrad.Dead} {
		fmt.Printf("%s: %.3f\n", q, m[q])
	}
	// Output:
	// loss: [0.837]
	// mean_abs_grad: [0.120 0.250]
	// dead: [0.500 0.500]
}

func ExampleOptimizer() {
	opt, _ := reference.NewOptimizer("momentum", 0.01)
	for _, g := range []float64{1, 1, 1} {
		fmt.Printf("%.4f\n", opt.Updates([][]float64{{g}})[0][0])
	}
	// Output:
	// -0.0100
	// -0.0190
	// -0.0271
}

func ExampleTrain() {
	n, b := small()
	opt, _ := reference.NewOptimizer("adam", 0.1)
	steps, _ := reference.Train(n, []reference.Batch{b}, opt, 100)
	fmt.Printf("loss %.3f → %.3f\n", steps[0][vgrad.Loss][0], steps[99][vgrad.Loss][0])
	// Output: loss 0.837 → 0.002
}

func ExampleActivation() {
	for _, a := range reference.Activations(0.2) {
		fmt.Printf("%-10s φ(−1) = %7.4f  φ′(−1) = %7.4f  sup|φ′| = %.4f\n", a.Name, a.F(-1), a.D(-1), a.Sup)
	}
	// Output:
	// identity   φ(−1) = -1.0000  φ′(−1) =  1.0000  sup|φ′| = 1.0000
	// sigmoid    φ(−1) =  0.2689  φ′(−1) =  0.1966  sup|φ′| = 0.2500
	// tanh       φ(−1) = -0.7616  φ′(−1) =  0.4200  sup|φ′| = 1.0000
	// relu       φ(−1) =  0.0000  φ′(−1) =  0.0000  sup|φ′| = 1.0000
	// leaky_relu φ(−1) = -0.2000  φ′(−1) =  0.2000  sup|φ′| = 1.0000
	// elu        φ(−1) = -0.6321  φ′(−1) =  0.3679  sup|φ′| = 1.0000
	// selu       φ(−1) = -1.1113  φ′(−1) =  0.6468  sup|φ′| = 1.7581
	// gelu       φ(−1) = -0.1587  φ′(−1) = -0.0833  sup|φ′| = 1.1289
	// softplus   φ(−1) =  0.3133  φ′(−1) =  0.2689  sup|φ′| = 1.0000
	// silu       φ(−1) = -0.2689  φ′(−1) =  0.0723  sup|φ′| = 1.0998
}

func ExampleDistribution() {
	d, _ := reference.Initializer("glorot_uniform", 784, 10, 1)
	fmt.Printf("variance %.6f, within ±%.4f\n", d.Variance, d.Bound)
	// Output: variance 0.002519, within ±0.0869
}

func ExampleMeanField() {
	sigmoid, _ := reference.ActivationByName("sigmoid", 0)
	m := reference.MeanField{Activation: sigmoid, WeightVar: 1}
	q := m.FixedPoint()
	fmt.Printf("q* = %.4f, χ = %.5f, √χ = %.4f, ξ = %.3f layers\n", q, m.Chi(q), math.Sqrt(m.Chi(q)), m.DepthScale())
	// Output: q* = 0.2647, χ = 0.05572, √χ = 0.2361, ξ = 0.346 layers
}
