package nets_test

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/attention"
	"github.com/gomlx/gomlx/ml/layers/attention/pos"
	"github.com/gomlx/gomlx/ml/layers/fnn"
	"github.com/gomlx/gomlx/ml/layers/lstm"
	"github.com/gomlx/gomlx/ml/layers/norm"
	"github.com/gomlx/gomlx/ml/layers/rational"
	"github.com/gomlx/gomlx/ml/layers/regularizer"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/nn"
	"github.com/gomlx/gomlx/ml/zoo/transformer"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/nets"
)

// findCase is a model without taps. What is to be found in it lies in
// testdata/find, a line for each use of a variable.
type findCase struct {
	name  string
	input shapes.Shape
	build func(s *model.Scope, x *Node) *Node
}

func doubles(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float64, dims...) }

// findCases are built in float64, so that finite differences tell.
var findCases = []findCase{
	{"dense", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		for i := range 4 {
			x = Tanh(layers.Dense(s.In("layer%d", i+1), x, i != 2, 5))
		}
		return layers.Dense(s.In("logits"), x, true, 3)
	}},
	{"dense_rank3", doubles(2, 3, 4), func(s *model.Scope, x *Node) *Node {
		x = activation.Relu(layers.Dense(s.In("heads"), x, true, 2, 3)) // reshaped before the function
		return layers.Dense(s.In("logits"), Reshape(x, 2, 3, 6), false, 2)
	}},
	{"activations", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		var as []*Node
		for _, name := range nets.Activations() {
			as = append(as, nets.MustActivation(name, 0.2).Apply(layers.Dense(s.In("vgrad_%s", name), x, true, 4)))
		}
		for _, act := range activation.TypeValues() {
			as = append(as, activation.Apply(act, layers.Dense(s.In("gomlx_%s", act), x, true, 4)))
		}
		as = append(as, Softplus(layers.Dense(s.In("gomlx_softplus"), x, true, 4)))
		as = append(as, activation.LeakyReluWith(layers.Dense(s.In("gomlx_leaky"), x, true, 4), 0.01))
		return Concatenate(as, -1)
	}},
	{"other_functions", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		dense := func(name string) *Node { return layers.Dense(s.In("%s", name), x, true, 4) }
		softsign, mish, elu, prelu := dense("softsign"), dense("mish"), dense("elu_2"), dense("prelu")
		slope := InsertAxes(s.In("prelu_slope").VariableWithShape("alpha", doubles(4)).NodeValue(x), 0)
		return Concatenate([]*Node{
			ClipScalar(dense("relu6"), 0, 6),
			ClipScalar(dense("hard_tanh"), -1, 1),
			Div(softsign, OnePlus(Abs(softsign))),
			Mul(mish, Tanh(Softplus(mish))),
			Where(GreaterThan(elu, ZerosLike(elu)), elu, MulScalar(MinusOne(Exp(Min(elu, ZerosLike(elu)))), 2)),
			MulScalar(Tanh(MulScalar(dense("lecun_tanh"), 2.0/3)), 1.7159),
			Log1p(Exp(dense("naive_softplus"))),
			Sin(MulScalar(dense("sine"), 3)),
			Add(Max(prelu, ZerosLike(prelu)), Mul(slope, Min(prelu, ZerosLike(prelu)))),
			Square(dense("squared")),
		}, -1)
	}},
	{"own_products", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		w := weight(s, x, "dot", 4, 5)
		b := weight(s, x, "shift", 5)
		x = Tanh(Add(Dot(x, w).Product(), BroadcastToDims(InsertAxes(b, 0), 3, 5)))
		x = Sigmoid(Einsum("bi,oi->bo", x, weight(s, x, "einsum", 6, 5)))
		x = activation.Relu(Add(Const(x.Graph(), [][]float64{{.1, .2}}), MulScalar(Dot(x, Transpose(weight(s, x, "scaled", 2, 6), 0, 1)).Product(), 0.5)))
		return x
	}},
	{"prepared_weights", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		v := weight(s, x, "direction", 4, 5) // weight normalization: Salimans and Kingma 2016
		length := Sqrt(ReduceAndKeep(Square(v), ReduceSum, 0))
		x = Tanh(Dot(x, Mul(Div(v, length), InsertAxes(weight(s, x, "length", 5), 0))).Product())
		lora := Dot(weight(s, x, "lora_a", 5, 2), weight(s, x, "lora_b", 2, 4)).Product()
		x = Tanh(Dot(x, Add(StopGradient(weight(s, x, "frozen", 5, 4)), lora)).Product())
		half := ConvertDType(ConvertDType(weight(s, x, "half", 3, 8), dtypes.Float32), dtypes.Float64)
		joined := Concatenate([]*Node{half, weight(s, x, "one_more", 1, 8)}, 0)
		return Dot(x, Reshape(Transpose(joined, 0, 1), 4, 8)).Product()
	}},
	{"cnn", doubles(2, 6, 6, 3), func(s *model.Scope, x *Node) *Node {
		x = layers.Convolution(s.In("conv1"), x).Channels(4).KernelSize(3).PadSame().Done()
		x = norm.BatchNorm(s.In("norm1"), x, -1).UseBackendInference(false).Done()
		x = activation.Relu(x)
		skip := x
		x = layers.Convolution(s.In("conv2"), x).Channels(4).KernelSize(3).UseBias(false).PadSame().Done()
		x = norm.LayerNorm(s.In("norm2"), x, -1).Done()
		x = Add(skip, activation.Gelu(x))
		x = layers.Convolution(s.In("conv3"), x).Channels(4).KernelSize(1).Done()
		x = activation.Relu(Add(x, skip))
		x = MeanPool(x).Window(2).Done() // the Go backend has no gradient of MaxPool
		return layers.Dense(s.In("logits"), Reshape(x, 2, -1), true, 3)
	}},
	{"preactivation_resnet", doubles(2, 5, 5, 3), func(s *model.Scope, x *Node) *Node { // He et al. 2016, arXiv:1603.05027
		convolve := func(name string, x *Node) *Node {
			return layers.Convolution(s.In("%s", name), x).Channels(4).KernelSize(3).PadSame().UseBias(false).Done()
		}
		x = convolve("stem", x)
		for i := range 2 {
			h := activation.Relu(norm.BatchNorm(s.In("norm%da", i+1), x, -1).UseBackendInference(false).Done())
			h = activation.Relu(norm.BatchNorm(s.In("norm%db", i+1), convolve(fmt.Sprintf("conv%da", i+1), h), -1).UseBackendInference(false).Done())
			x = Add(x, convolve(fmt.Sprintf("conv%db", i+1), h))
		}
		return layers.Dense(s.In("logits"), ReduceMean(x, 1, 2), true, 3)
	}},
	{"normalizations", doubles(2, 4, 6), func(s *model.Scope, x *Node) *Node {
		x = layers.Convolution(s.In("stored"), x).Channels(6).KernelSize(1).Done()
		x = activation.HardSigmoid(norm.BatchNorm(s.In("averages"), x, -1).UseBackendInference(false).FrozenAverages(true).Done())
		x = layers.Convolution(s.In("grouped"), x).Channels(6).KernelSize(1).Done()
		groups := Reshape(x, 2, 4, 2, 3)
		centred := Sub(groups, ReduceAndKeep(groups, ReduceMean, 1, 3))
		groups = Div(centred, Sqrt(AddScalar(ReduceAndKeep(Square(centred), ReduceMean, 1, 3), 1e-5)))
		gain, offset := weight(s, x, "gain", 1, 1, 6), weight(s, x, "offset", 1, 1, 6)
		x = activation.Swish(Add(Mul(Reshape(groups, 2, 4, 6), gain), offset))
		return norm.DynamicTanh(s.In("dynamic"), layers.Dense(s.In("dense"), x, true, 4)).Done()
	}},
	{"mixer", doubles(2, 5, 3), func(s *model.Scope, x *Node) *Node { // Tolstikhin et al. 2021: tokens are mixed across
		y := activation.Gelu(layers.Dense(s.In("tokens1"), Transpose(x, 1, 2), true, 4))
		x = Add(x, Transpose(layers.Dense(s.In("tokens2"), y, true, 5), 1, 2))
		return activation.Gelu(Transpose(layers.Dense(s.In("channels"), x, true, 4), 1, 2))
	}},
	{"conv1d", doubles(2, 7, 3), func(s *model.Scope, x *Node) *Node {
		x = layers.Convolution(s.In("conv"), x).Channels(4).KernelSize(3).Strides(2).Done()
		x = norm.RMSNorm(s.In("norm"), x).Done()
		return layers.Dense(s.In("logits"), ReduceMean(Tanh(x), 1), true, 2)
	}},
	{"projection_shortcut", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		h := activation.Relu(layers.Dense(s.In("inner"), x, true, 5))
		return activation.Relu(Add(layers.Dense(s.In("outer"), h, true, 6), layers.Dense(s.In("shortcut"), x, false, 6)))
	}},
	{"linear_residual", doubles(3, 4), func(s *model.Scope, x *Node) *Node { // the skip is read by the next block as well
		x = layers.Dense(s.In("first"), x, true, 5)
		for i := range 2 {
			x = Add(x, layers.Dense(s.In("block%d", i+1), x, true, 5))
		}
		return x
	}},
	{"fnn", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		return fnn.New(s, x, 2).NumHiddenLayers(3, 4).Activation(activation.TypeSilu).Normalization("layer").Residual(true).Dropout(0.3).
			Regularizer(regularizer.L2(0.1)).Done()
	}},
	{"ensemble", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		return fnn.New(s, x, 2).NumHiddenLayers(2, 4).WithEnsembleSize(3).Done()
	}},
	{"lanes", shapes.Make(dtypes.Float32, 3, 4), func(s *model.Scope, x *Node) *Node {
		var lanes []vgrad.Experiment
		for _, act := range []string{"tanh", "tanh", "relu"} {
			lanes = append(lanes, vgrad.Experiment{Depth: 3, Width: 5, Activation: act})
		}
		net, err := nets.NewLanes(lanes, 2)
		if err != nil {
			panic(err)
		}
		return net(s, x)
	}},
	{"lstm", doubles(2, 4, 3), func(s *model.Scope, x *Node) *Node {
		_, last, _ := lstm.New(s.In("lstm"), x, 2).Done()
		return layers.Dense(s.In("logits"), Reshape(last, 2, 2), true, 3)
	}},
	{"lstm_both_ways", doubles(2, 2, 3), func(s *model.Scope, x *Node) *Node {
		all, _, _ := lstm.New(s.In("lstm"), x, 2).Direction(lstm.DirBidirectional).UsePeephole(true).Done()
		return layers.Dense(s.In("logits"), ReduceMean(all, 0, 1), true, 3)
	}},
	{"rnn", doubles(2, 4, 3), func(s *model.Scope, x *Node) *Node {
		w, u, b := weight(s, x, "input", 3, 5), weight(s, x, "recurrent", 5, 5), weight(s, x, "bias", 5)
		var h *Node
		for t := range 4 {
			z := Add(Dot(Squeeze(Slice(x, AxisRange(), AxisElem(t)), 1), w).Product(), InsertAxes(b, 0))
			if h != nil {
				z = Add(z, Dot(h, u).Product())
			}
			h = Tanh(z)
		}
		return layers.Dense(s.In("logits"), h, true, 2)
	}},
	{"rnn_of_layers", doubles(2, 3, 3), func(s *model.Scope, x *Node) *Node {
		input, recurrent := s.In("input"), s.In("recurrent")
		h := Zeros(x.Graph(), doubles(2, 4))
		for t := range 3 {
			xt := Squeeze(Slice(x, AxisRange(), AxisElem(t)), 1)
			h = Tanh(Add(layers.Dense(input, xt, true, 4), layers.Dense(recurrent, h, false, 4)))
			input, recurrent = input.ResetVisited(), recurrent.ResetVisited()
		}
		return h
	}},
	{"rnn_joined", doubles(2, 3, 3), func(s *model.Scope, x *Node) *Node { // one kernel for [x, h], a learned first state
		w := weight(s, x, "kernel", 3+4, 4)
		h := BroadcastToDims(weight(s, x, "first", 1, 4), 2, 4)
		outputs := make([]*Node, 3)
		readout := weight(s, x, "readout", 4, 2)
		for t := range 3 {
			xt := Squeeze(Slice(x, AxisRange(), AxisElem(t)), 1)
			h = activation.Relu(Dot(Concatenate([]*Node{xt, h}, -1), w).Product())
			outputs[t] = Dot(h, readout).Product()
		}
		return Stack(outputs, 1)
	}},
	{"gru", doubles(2, 3, 3), func(s *model.Scope, x *Node) *Node {
		h := BroadcastToDims(weight(s, x, "first", 1, 4), 2, 4)
		layer := func(name string, x, h *Node) *Node {
			return Add(Dot(x, weight(s, x, name+"_input", 3, 4)).Product(), Dot(h, weight(s, x, name+"_recurrent", 4, 4)).Product())
		}
		for t := range 3 {
			xt := Squeeze(Slice(x, AxisRange(), AxisElem(t)), 1)
			reset, update := Sigmoid(layer("reset", xt, h)), Sigmoid(layer("update", xt, h))
			candidate := Tanh(layer("candidate", xt, Mul(reset, h)))
			h = Add(Mul(update, h), Mul(OneMinus(update), candidate))
		}
		return layers.Dense(s.In("logits"), h, true, 2)
	}},
	{"gru_joined", doubles(2, 3, 3), func(s *model.Scope, x *Node) *Node { // as in cuDNN: one kernel each, the reset behind it
		w, u, b := weight(s, x, "input", 3, 12), weight(s, x, "recurrent", 4, 12), weight(s, x, "bias", 12)
		h := Zeros(x.Graph(), doubles(2, 4))
		for t := range 3 {
			ofX := Split(Add(Dot(Squeeze(Slice(x, AxisRange(), AxisElem(t)), 1), w).Product(), InsertAxes(b, 0)), 1, 3)
			ofH := Split(Dot(h, u).Product(), 1, 3)
			reset, update := Sigmoid(Add(ofX[0], ofH[0])), Sigmoid(Add(ofX[1], ofH[1]))
			candidate := Tanh(Add(ofX[2], Mul(reset, ofH[2])))
			h = Add(Mul(update, h), Mul(OneMinus(update), candidate))
		}
		return h
	}},
	{"decoder", doubles(2, 3), func(s *model.Scope, x *Node) *Node { // what it says is what it hears next
		w, u, v := weight(s, x, "input", 3, 4), weight(s, x, "recurrent", 4, 4), weight(s, x, "output", 4, 3)
		h := Zeros(x.Graph(), doubles(2, 4))
		for range 3 {
			h = Tanh(Add(Dot(x, w).Product(), Dot(h, u).Product()))
			x = Dot(h, v).Product()
		}
		return x
	}},
	{"highway", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		for i := range 2 {
			h := activation.Relu(layers.Dense(s.In("carry%d", i+1), x, true, 4))
			gate := Sigmoid(layers.Dense(s.In("transform%d", i+1), x, true, 4))
			x = Add(Mul(gate, h), Mul(OneMinus(gate), x))
		}
		return layers.Dense(s.In("logits"), x, true, 2)
	}},
	{"gated_units", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		x = Mul(layers.Dense(s.In("glu_value"), x, true, 4), Sigmoid(layers.Dense(s.In("glu_gate"), x, true, 4)))
		x = Mul(activation.Relu(layers.Dense(s.In("reglu_gate"), x, true, 4)), layers.Dense(s.In("reglu_value"), x, true, 4))
		x = activation.SwiGLU(layers.Dense(s.In("swiglu"), x, true, 8))
		x = Mul(layers.Dense(s.In("bilinear_left"), x, true, 4), layers.Dense(s.In("bilinear_right"), x, true, 4))
		excited := activation.Relu(layers.Dense(s.In("excited"), x, true, 4))
		squeeze := activation.Relu(layers.Dense(s.In("squeeze"), ReduceAndKeep(excited, ReduceMean, 0), true, 2))
		return Mul(excited, Sigmoid(layers.Dense(s.In("excite"), squeeze, true, 4)))
	}},
	{"siamese", doubles(4, 4), func(s *model.Scope, x *Node) *Node {
		w, v := weight(s, x, "tower1", 4, 5), weight(s, x, "tower2", 5, 5)
		tower := func(x *Node) *Node { return Tanh(Dot(Tanh(Dot(x, w).Product()), v).Product()) }
		return Sub(tower(SliceAxis(x, 0, AxisRange(0, 2))), tower(SliceAxis(x, 0, AxisRange(2, 4))))
	}},
	{"tied_in_depth", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		w := weight(s, x, "shared", 4, 4)
		for range 3 {
			x = Tanh(Dot(x, w).Product())
		}
		return x
	}},
	{"autoencoder", doubles(3, 4), func(s *model.Scope, x *Node) *Node { // tied, as decoder and encoder
		w := weight(s, x, "shared", 4, 4)
		return Dot(Sigmoid(Dot(x, w).Product()), Transpose(w, 0, 1)).Product()
	}},
	{"frozen", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		x = Tanh(layers.Dense(s.In("layer1"), x, true, 4))
		frozen := s.In("layer2").VariableWithShape("weights", doubles(4, 4)).SetTrainable(false)
		x = Tanh(Dot(x, frozen.NodeValue(x)).Product())
		return layers.Dense(s.In("logits"), x, true, 2)
	}},
	{"dropout", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		x = layers.DropoutStatic(s.In("drop1"), activation.Relu(layers.Dense(s.In("layer1"), x, true, 4)), 0.5)
		w := layers.DropoutStatic(s.In("connect"), weight(s, x, "dropped", 4, 3), 0.5)
		return layers.DropoutStatic(s.In("drop2"), Sigmoid(Dot(x, w).Product()), 0.5)
	}},
	{"fused_activation", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		w, b := weight(s, x, "weights", 4, 5), weight(s, x, "biases", 5)
		x = nn.Dense(x, w, b, compute.DenseLayoutInputOutputs, activation.TypeSilu)
		return nn.Dense(x, weight(s, x, "out", 2, 5), nil, compute.DenseLayoutOutputsInput, activation.TypeTanh)
	}},
	{"attention", doubles(2, 3, 8), func(s *model.Scope, x *Node) *Node {
		x = attention.SelfAttention(s.In("rotary"), x, 2, 4).WithPositionalEncoder(pos.NewRoPE(100)).Done()
		return attention.SelfAttention(s.In("joined"), x, 2, 4).UseQKVProjection().WithCausalMask(true).Done()
	}},
	{"transformer", shapes.Make(dtypes.Int32, 2, 3), func(s *model.Scope, x *Node) *Node {
		return transformer.New(s).WithVocabSize(7).WithEmbedDim(4).WithNumLayers(2).WithNumHeads(2).WithHeadDim(2).WithFFNDim(6).
			WithMaxPosEmbed(8).WithDType(dtypes.Float64).Logits(x, transformer.CallOptions{})
	}},
	{"gemma", shapes.Make(dtypes.Int32, 2, 3), func(s *model.Scope, x *Node) *Node {
		return transformer.New(s).WithVocabSize(7).WithEmbedDim(4).WithNumLayers(1).WithNumHeads(2).WithHeadDim(2).WithFFNDim(6).
			WithDType(dtypes.Float64).WithArchitecture(transformer.ArchitectureGemma3).WithNormalization("rms").WithActivation(activation.TypeGeluApprox).
			Logits(x, transformer.CallOptions{})
	}},
	{"additive_attention", doubles(2, 5, 3), func(s *model.Scope, x *Node) *Node { // Bahdanau et al. 2015
		query := InsertAxes(Dot(ReduceMean(x, 1), weight(s, x, "query", 3, 4)).Product(), 1)
		keys := Einsum("btd,dh->bth", x, weight(s, x, "key", 3, 4))
		scores := Dot(Tanh(Add(query, keys)), weight(s, x, "score", 4)).General([]int{2}, nil, []int{0}, nil)
		return Einsum("bt,btd->bd", Softmax(scores, -1), x)
	}},
	{"embeddings", shapes.Make(dtypes.Int32, 2, 3), func(s *model.Scope, x *Node) *Node { // one table looked up and multiplied with, one multiplied with
		table := layers.Embedding(s.In("tied"), x, dtypes.Float64, 7, 4)
		hot := Dot(OneHot(x, 7, dtypes.Float64), weight(s, x, "one_hot", 7, 4)).General([]int{2}, nil, []int{0}, nil)
		h := Tanh(layers.Dense(s.In("hidden"), Add(hot, table), true, 4))
		return Dot(h, s.Store().GetVariable("/tied/embeddings").NodeValue(x)).General([]int{2}, nil, []int{1}, nil)
	}},
	{"masked", doubles(3, 4), func(s *model.Scope, x *Node) *Node { // a mask from the data is no state that a gate lets through
		mask := GreaterThan(x, ZerosLike(x))
		x = Mul(Sigmoid(layers.Dense(s.In("layer1"), x, true, 4)), ConvertDType(mask, x.DType()))
		return Where(mask, Tanh(layers.Dense(s.In("layer2"), x, true, 4)), ZerosLike(x))
	}},
	{"entropy", doubles(3, 4), func(s *model.Scope, x *Node) *Node { // nor is what is computed from the gate
		p := Sigmoid(layers.Dense(s.In("logits"), x, true, 4))
		return Add(Mul(p, Log(p)), Mul(OneMinus(p), Log(OneMinus(p))))
	}},
	{"settings_and_noise", doubles(3, 4), func(s *model.Scope, x *Node) *Node { // neither is data
		temperature := Parameter(x.Graph(), "temperature", doubles())
		x = Tanh(Mul(layers.Dense(s.In("tempered"), x, true, 4), temperature))
		z := layers.Dense(s.In("noisy"), x, true, 4)
		x = Sigmoid(Add(z, s.RandomNormal(x.Graph(), z.Shape())))
		x = Mul(x, s.RandomBernoulli(Scalar(x.Graph(), x.DType(), 0.5), x.Shape())) // no gate
		z = Transpose(layers.Dense(s.In("transposed"), x, true, 4), 0, 1)
		return activation.Relu(norm.LayerNorm(s.In("norm"), z, -1).Done())
	}},
	{"checkpointed", doubles(3, 4), func(s *model.Scope, x *Node) *Node {
		x = Tanh(layers.Dense(s.In("layer1"), x.Checkpoint(), true, 4)).StopCheckpoint()
		return Sigmoid(layers.Dense(s.In("layer2"), x, true, 4).Checkpoint())
	}},
	{"not_seen", doubles(3, 4), func(s *model.Scope, x *Node) *Node { // see the package doc
		sum := ReduceSum(Mul(InsertAxes(x, -1), InsertAxes(weight(s, x, "summed", 4, 4), 0)), 1)
		left := layers.Dense(s.In("left"), sum, true, 4)
		x = Tanh(Concatenate([]*Node{left, layers.Dense(s.In("right"), sum, true, 4)}, -1))
		z := layers.Dense(s.In("penalized"), x, true, 4)
		x = Concatenate([]*Node{Tanh(z), Square(z)}, -1)
		router := Softmax(layers.Dense(s.In("router"), x, false, 2), -1)
		expert := Gather(weight(s, x, "experts", 2, 8, 4), InsertAxes(ArgMax(router, -1), -1))
		return Mul(Einsum("bi,bio->bo", x, expert), ReduceAndKeep(router, ReduceMax, -1))
	}},
	{"rational", doubles(3, 2), func(s *model.Scope, x *Node) *Node {
		return ReduceSum(rational.New(s, x).WithMultipleOutputs(3).Version("B").Done(), -1)
	}},
}

// weight returns a variable's value; asked again, that of the same variable.
func weight(s *model.Scope, x *Node, name string, dims ...int) *Node {
	v := s.GetVariable(name)
	if v == nil {
		v = s.VariableWithShape(name, doubles(dims...))
	}
	return v.NodeValue(x)
}

func (c findCase) String() string { return fmt.Sprint(c.name, " ", c.input) }
