package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/internal/backendtest"
)

// stackNet is a dense residual stack in plain Go and float64, written from the papers'
// equations. v has the variables by their paths, row by row.
type stackNet struct {
	vgrad.Residual
	v map[string][]float64
	// training takes the statistics of batch normalization from the batch.
	training bool
}

type table64 [][]float64 // [batch][units]

// mapped applies f to each element.
func (x table64) mapped(f func(example, unit int, v float64) float64) table64 {
	y := make(table64, len(x))
	for i, row := range x {
		for j, v := range row {
			y[i] = append(y[i], f(i, j, v))
		}
	}
	return y
}

// linear is x·W + b.
func (n stackNet) linear(layer int, x table64) table64 {
	w, b := n.v[fmt.Sprintf("/layer%d/weights", layer)], n.v[fmt.Sprintf("/layer%d/biases", layer)]
	out := len(w) / len(x[0])
	y := make(table64, len(x))
	for i, row := range x {
		for j := range out {
			sum := 0.0
			if b != nil {
				sum = b[j]
			}
			for k, v := range row {
				sum += v * w[k*out+j]
			}
			y[i] = append(y[i], sum)
		}
	}
	return y
}

// moments are mean and variance of values.
func moments(values []float64) (mean, variance float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		variance += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, variance
}

func column(x table64, j int) (values []float64) {
	for _, row := range x {
		values = append(values, row[j])
	}
	return values
}

// normed is N(x) with the variables of a scope.
func (n stackNet) normed(scope string, x table64) table64 {
	scale, offset := n.v[scope+"/scale"], n.v[scope+"/offset"]
	return x.mapped(func(i, j int, v float64) float64 {
		var mean, variance float64
		switch n.Norm {
		case vgrad.NoNorm:
			return v
		case vgrad.BatchNorm:
			mean, variance = moments(column(x, j))
			if !n.training {
				mean, variance = n.v[scope+"/mean"][j], n.v[scope+"/variance"][j]
			}
		case vgrad.LayerNorm:
			mean, variance = moments(x[i])
		case vgrad.RMSNorm:
			m, v := moments(x[i])
			return scale[j] * x[i][j] / math.Sqrt(v+m*m+1e-5)
		}
		return scale[j]*(v-mean)/math.Sqrt(variance+1e-5) + offset[j]
	})
}

func (n stackNet) act(x table64) table64 {
	return x.mapped(func(_, _ int, v float64) float64 { return math.Tanh(v) })
}

// unit is N(x·W + b).
func (n stackNet) unit(layer int, x table64) table64 {
	return n.normed(fmt.Sprintf("/layer%d/norm", layer), n.linear(layer, x))
}

// block is the block with number i, from 1.
func (n stackNet) block(i int, x table64) table64 {
	first := 2 + (i-1)*n.BlockLayers
	last := first + n.BlockLayers - 1
	h := x
	factor := 1.0
	add := func(f table64) table64 {
		return f.mapped(func(i, j int, v float64) float64 {
			if n.Skip == vgrad.Off || n.Block == vgrad.Plain {
				return v
			}
			return x[i][j] + factor*v
		})
	}
	switch n.Block {
	case vgrad.PreActivation:
		for l := first; l <= last; l++ {
			h = n.linear(l, n.act(n.normed(fmt.Sprintf("/layer%d/norm", l), h)))
		}
		return add(h)
	case vgrad.ReZero:
		factor = n.v[fmt.Sprintf("/block%d/alpha", i)][0]
		for l := first; l <= last; l++ {
			h = n.act(n.unit(l, h))
		}
		return add(h)
	case vgrad.Fixup:
		factor = n.v[fmt.Sprintf("/block%d/multiplier", i)][0]
	}
	for l := first; l < last; l++ {
		h = n.act(n.unit(l, h))
	}
	return n.act(add(n.unit(last, h)))
}

// logits are the outputs of a batch.
func (n stackNet) logits(x table64) table64 {
	if n.Block == vgrad.PreActivation {
		x = n.linear(1, x)
	} else {
		x = n.act(n.unit(1, x))
	}
	for i := range n.Blocks() {
		x = n.block(i+1, x)
	}
	if n.Block == vgrad.PreActivation {
		x = n.act(n.normed("/norm", x))
	}
	return n.linear(n.Depth, x)
}

func (n stackNet) loss(x table64, labels []int) float64 {
	loss := 0.0
	for i, row := range n.logits(x) {
		sum := 0.0
		for _, z := range row {
			sum += math.Exp(z)
		}
		loss += (math.Log(sum) - row[labels[i]]) / float64(len(x))
	}
	return loss
}

// stacks are the forms and normalizations that the tests go through.
func stacks(t *testing.T) map[string]vgrad.Residual {
	base := vgrad.Residual{Depth: 6, Width: 7, Activation: "tanh", Initializer: "glorot_uniform"}
	all := map[string]vgrad.Residual{}
	for _, variant := range []string{"residual", "residual batch", "residual batch false", "plain", "preactivation", "preactivation layer",
		"preactivation batch false", "rezero", "rezero rms", "fixup", "preactivation batch"} {
		n := base
		words := strings.Fields(variant)
		n.Block = words[0]
		if len(words) > 1 {
			n.Norm = words[1]
		}
		if len(words) > 2 {
			n.Skip = vgrad.Off
		}
		if err := (vgrad.Experiment{Network: n}).Validate(); err != nil {
			t.Fatal(err)
		}
		all[variant] = n
	}
	return all
}

// stackPlan plans a stack on the synthetic data, with all variables moved a little, so
// that nothing is zero or one.
func stackPlan(t *testing.T, b *backend.Backend, n vgrad.Residual) (*plan, stackNet) {
	t.Helper()
	e := vgrad.Experiment{Network: n, Data: "synthetic", Batch: 5}
	p, err := newPlan(b, Job{Experiment: e, Data: synthetic(t)})
	if err != nil {
		t.Fatal(err)
	}
	net := stackNet{e.Resolved().(vgrad.Residual), map[string][]float64{}, true}
	for k, v := range p.variables {
		values := tensors.MustCopyFlatData[float32](must(v.Value()))
		for i := range values {
			values[i] += 0.2 * float32(math.Sin(float64(3*i+5*k)))
			if strings.HasSuffix(v.Path(), "/variance") {
				values[i] = float32(math.Abs(float64(values[i])))
			}
			net.v[v.Path()] = append(net.v[v.Path()], float64(values[i]))
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	return p, net
}

// Loss and gradients of every form agree with an independent forward pass in float64 and
// with its central differences, while training; and the loss with running averages, as
// the validation has it, agrees too.
func TestResidualGradients(t *testing.T) {
	set, batch := synthetic(t), upTo(5)
	in := referenceBatch(set.Train, set.Features, batch)
	xs := table64(slices.Collect(slices.Chunk(in.X, set.Features)))
	for name, n := range stacks(t) {
		t.Run(name, func(t *testing.T) {
			p, net := stackPlan(t, backendtest.Go(t), n)
			g := NewGraph(p.target, "gradients")
			defer g.Finalize()
			state := p.parameters(g)
			validation := p.forward(g, batchOf(p, g, batch), false).loss // first: training moves the running averages
			s := p.forward(g, batchOf(p, g, batch), true)
			grads, _ := p.gradients(s, state)
			out := []*Node{s.loss, validation}
			for _, i := range p.trainable {
				out = append(out, grads[i])
			}
			if err := g.Compile(out...); err != nil {
				t.Fatal(err)
			}
			values := g.Run(p.donate(p.initial(), 0)...)
			for i, training := range []bool{true, false} {
				net.training = training
				if got, want := values[i].Value().(float32), net.loss(xs, in.Labels); math.Abs(float64(got)-want) > 1e-5*want {
					t.Errorf("training %v: the loss is %v, want %v", training, got, want)
				}
			}
			net.training = true
			for k, i := range p.trainable {
				path := p.variables[i].Path()
				compareDifferences(t, path, net.v[path], tensors.MustCopyFlatData[float32](values[2+k]), func() float64 { return net.loss(xs, in.Labels) })
			}
		})
	}
}

// compareDifferences compares some elements of a gradient with central differences.
func compareDifferences(t *testing.T, path string, v []float64, grad []float32, loss func() float64) {
	t.Helper()
	for i := 0; i < len(grad); i += 1 + len(grad)/5 {
		const h = 1e-5
		old := v[i]
		v[i] = old + h
		above := loss()
		v[i] = old - h
		below := loss()
		v[i] = old
		if want := (above - below) / (2 * h); math.Abs(float64(grad[i])-want) > 2e-4*math.Abs(want)+2e-6 {
			t.Errorf("∂L/∂ %s [%d] is %v; the finite difference is %v", path, i, grad[i], want)
		}
	}
}

// At every block, for every example and unit, δ of what enters is δ of what leaves plus
// δ of the branch: the chain rule, with a 1 for the skip.
func TestChainRuleAtABlock(t *testing.T) {
	for name, n := range stacks(t) {
		net := (vgrad.Experiment{Network: n}).Resolved().(vgrad.Residual)
		form, skip := net.Form()
		if !skip {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p, _ := stackPlan(t, backendtest.Go(t), n)
			deltas := deltasOf(p, upTo(5))
			for block := 1; block <= net.Blocks(); block++ {
				before, behind := fmt.Sprintf("/block%d/stream", block-1), fmt.Sprintf("/block%d/stream", block)
				if block == 1 {
					before = "/layer1/stream"
				}
				if form == vgrad.PostActivation || form == vgrad.Fixup {
					behind = fmt.Sprintf("/layer%d/units", 1+block*net.BlockLayers)
				}
				enters, leaves, branch := deltas[before], deltas[behind], deltas[fmt.Sprintf("/block%d/branch", block)]
				if enters == nil || leaves == nil || branch == nil {
					t.Fatalf("block %d lacks a site; there are %d", block, len(deltas))
				}
				for i, d := range enters {
					if want := leaves[i] + branch[i]; math.Abs(float64(d-want)) > 1e-6*math.Abs(float64(d))+1e-8 || branch[i] == 0 {
						t.Fatalf("block %d: δ entering is %v; leaving %v, of the branch %v", block, d, leaves[i], branch[i])
					}
				}
			}
		})
	}
}

// deltasOf evaluates δ of all units on a batch, by path.
func deltasOf(p *plan, indices []int32) map[string][]float32 {
	g := NewGraph(p.target, "deltas")
	defer g.Finalize()
	state := p.parameters(g)
	s := p.forward(g, batchOf(p, g, indices), true)
	_, signals := p.gradients(s, state)
	var deltas []*Node
	for _, signal := range signals {
		deltas = append(deltas, signal.Delta)
	}
	if err := g.Compile(deltas...); err != nil {
		panic(err)
	}
	all := map[string][]float32{}
	for i, x := range g.Run(p.donate(p.initial(), 0)...) {
		all[s.Units[i].Path] = tensors.MustCopyFlatData[float32](x)
	}
	return all
}

// One update moves the running averages as PyTorch does: a tenth of the way towards the
// batch's mean and its unbiased variance.
func TestRunningAverages(t *testing.T) {
	p, net := stackPlan(t, backendtest.Go(t), vgrad.Residual{Depth: 4, Width: 7, Norm: vgrad.BatchNorm, Activation: "tanh"})
	in := referenceBatch(synthetic(t).Train, synthetic(t).Features, upTo(5))
	z := net.linear(1, table64(slices.Collect(slices.Chunk(in.X, 64))))
	g := NewGraph(p.target, "averages")
	defer g.Finalize()
	for i, x := range p.parameters(g)[:len(p.variables)] {
		p.variables[i].SetNodeValue(x)
	}
	p.forward(g, batchOf(p, g, upTo(5)), true)
	at := func(path string) *Node {
		for _, v := range p.variables {
			if v.Path() == path {
				return v.NodeValue(g)
			}
		}
		t.Fatalf("no variable %s", path)
		return nil
	}
	if err := g.Compile(at("/layer1/norm/mean"), at("/layer1/norm/variance")); err != nil {
		t.Fatal(err)
	}
	out := g.Run(p.donate(p.initial(), 0)...)
	for j := range 7 {
		mean, variance := moments(column(z, j))
		for i, want := range []float64{0.9*net.v["/layer1/norm/mean"][j] + 0.1*mean, 0.9*net.v["/layer1/norm/variance"][j] + 0.1*variance*5/4} {
			if got := tensors.MustCopyFlatData[float32](out[i])[j]; math.Abs(float64(got)-want) > 1e-5 {
				t.Errorf("unit %d: %s is %v, want %v", j, []string{"mean", "variance"}[i], got, want)
			}
		}
	}
}

// Lanes of residual stacks give what each gives alone, in every form; and XLA gives what
// the Go backend gives.
func TestResidualLanes(t *testing.T) {
	measure := vgrad.Measure{Quantities: []vgrad.Quantity{vgrad.MeanAbsGrad, vgrad.RMSDelta}, HistogramEvery: -1}
	for name, n := range stacks(t) {
		t.Run(name, func(t *testing.T) {
			var es []vgrad.Experiment
			for i, activation := range []string{"tanh", "relu"} {
				n.Activation, n.Gain = activation, 0.8+0.1*float64(i)
				es = append(es, vgrad.Experiment{Network: n, Seed: uint64(i), Data: "synthetic", Steps: 5, Measure: measure})
			}
			var alone []*recording
			for _, e := range es {
				alone = append(alone, trained(t, backendtest.Go(t), Host, e))
			}
			alike(t, trainLanes(t, backendtest.Go(t), Host, es...), alone)
			if name == "preactivation batch" || name == "rezero rms" {
				alike(t, trainLanes(t, backendtest.XLA(t), Device, es...), alone)
			}
		})
	}
}

// alike compares the scalars of recordings. Five steps of a small network leave room for
// rounding to grow to 1e-3.
func alike(t *testing.T, got, want []*recording) {
	t.Helper()
	for i, r := range got {
		if len(want[i].scalars) < 10 || len(r.scalars) != len(want[i].scalars) {
			t.Fatalf("run %d has %d columns, want %d", i, len(r.scalars), len(want[i].scalars))
		}
		for key, values := range want[i].scalars {
			for k, v := range values {
				if got := r.scalars[key][k]; math.Abs(got-v) > 1e-3*math.Abs(v)+1e-6 {
					t.Fatalf("run %d: %s at step %d is %v, want %v", i, key, k, got, v)
				}
			}
		}
	}
}

// At first all blocks of ReZero see the same δ, because α is zero: the Jacobian of a
// block is the identity exactly.
func TestReZeroKeepsDelta(t *testing.T) {
	e := vgrad.Experiment{Network: vgrad.Residual{Depth: 50, Block: vgrad.ReZero}, Data: "synthetic"}
	p, err := newPlan(backendtest.Go(t), Job{Experiment: e, Data: synthetic(t)})
	if err != nil {
		t.Fatal(err)
	}
	deltas := deltasOf(p, upTo(30))
	for block := 1; block <= 24; block++ {
		if !slices.Equal(deltas[fmt.Sprintf("/block%d/stream", block)], deltas["/layer1/stream"]) {
			t.Fatalf("δ behind block %d differs from δ behind layer 1", block)
		}
	}
	if deltas["/layer1/stream"][0] == 0 && deltas["/layer1/stream"][1] == 0 {
		t.Error("δ is zero")
	}
}

// At initialization ‖δ‖² of residual blocks x + W·φ(x) with He's weights doubles a block
// on its way back: χ = 1 + σ_w²/2 with σ_w² = 2, within 4 % (median of 8 seeds).
func TestResidualGrowth(t *testing.T) {
	var factors []float64
	for seed := range uint64(8) {
		e := vgrad.Experiment{Seed: seed, Data: "synthetic", Network: vgrad.Residual{Depth: 8, Width: 512, Block: vgrad.PreActivation, BlockLayers: 1}}
		p, err := newPlan(backendtest.Go(t), Job{Experiment: e, Data: synthetic(t)})
		if err != nil {
			t.Fatal(err)
		}
		deltas := deltasOf(p, upTo(30))
		factors = append(factors, math.Pow(euclid(deltas["/block1/stream"])/euclid(deltas["/block5/stream"]), 2.0/4))
	}
	if got := median(factors); math.Abs(got/2-1) > 0.04 {
		t.Errorf("‖δ‖² grows by %.3f a block; theory says 2", got)
	}
}

func euclid(xs []float32) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// Without skips batch normalization makes gradients explode: at initialization ‖δ‖² of a
// ReLU stack grows by π/(π − 1) a layer on its way back (Yang et al. 2019,
// arXiv:1902.08129). Within 5 %, median of 3 seeds of width 256, batch 256. With a skip
// around every layer it does not explode: the stream grows from block to block, so the
// branch of block l adds a part of about 1/l, and between blocks 6 and 10 the factor is
// below 1.25.
func TestBatchNormExplodesWithoutSkips(t *testing.T) {
	factor := func(n vgrad.Residual, first, last string, layers float64) float64 {
		var factors []float64
		n.Depth, n.Width, n.Norm = 14, 256, vgrad.BatchNorm
		for seed := range uint64(3) {
			e := vgrad.Experiment{Seed: seed, Data: "synthetic", Batch: 256, Network: n}
			p, err := newPlan(backendtest.Go(t), Job{Experiment: e, Data: synthetic(t)})
			if err != nil {
				t.Fatal(err)
			}
			deltas := deltasOf(p, upTo(256))
			factors = append(factors, math.Pow(euclid(deltas[first])/euclid(deltas[last]), 2/layers))
		}
		return median(factors)
	}
	want := math.Pi / (math.Pi - 1)
	if got := factor(vgrad.Residual{Block: vgrad.Plain}, "/layer3/units", "/layer11/units", 8); math.Abs(got/want-1) > 0.05 {
		t.Errorf("‖δ‖² grows by %.3f a layer; theory says %.3f", got, want)
	}
	bridged := vgrad.Residual{Block: vgrad.PreActivation, BlockLayers: 1}
	if got := factor(bridged, "/block6/stream", "/block10/stream", 4); got < 1 || got > 1.25 {
		t.Errorf("with skips ‖δ‖² grows by %.3f a layer", got)
	}
}
