package backend

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// nesting is a backend on which closures nest, so that a loop's body can have a
// loop of its own. GoMLX 0.28 makes every closure a child of the main function,
// but XLA requires it to be a child of the function that uses it. Here it becomes
// a child of the function that is being built. Everything else is the backend's
// own. This file unwraps its wrappers before it passes them to the backend.
type nesting struct{ compute.Backend }

// Builder returns a builder of a new program.
func (b nesting) Builder(name string) compute.Builder {
	return &nestedBuilder{Builder: b.Backend.Builder(name), b: b}
}

// nestedBuilder keeps track of the functions that are being built.
type nestedBuilder struct {
	compute.Builder
	b    nesting
	open []compute.Function // functions without main that have not returned, the innermost last
}

func (b *nestedBuilder) Main() compute.Function { return &nestedFunction{b.Builder.Main(), b} }

func (b *nestedBuilder) NewFunction(name string) (compute.Function, error) {
	return b.begin(b.Builder.NewFunction(name))
}

// Compile returns a program that takes and gives the wrapped backend's buffers.
func (b *nestedBuilder) Compile() (compute.Executable, error) {
	e, err := b.Builder.Compile()
	if err != nil {
		return nil, err
	}
	return nestedExecutable{e, b.b}, nil
}

// begin makes f the innermost function.
func (b *nestedBuilder) begin(f compute.Function, err error) (compute.Function, error) {
	if err != nil {
		return nil, err
	}
	b.open = append(b.open, f)
	return &nestedFunction{f, b}, nil
}

// nestedFunction is a function whose closures are children of the function that
// uses them. Its methods that take other functions unwrap these for the backend.
type nestedFunction struct {
	compute.Function
	b *nestedBuilder
}

func (f *nestedFunction) Closure() (compute.Function, error) {
	parent := f.Function
	if n := len(f.b.open); n > 0 {
		parent = f.b.open[n-1]
	}
	return f.b.begin(parent.Closure())
}

func (f *nestedFunction) Return(outputs []compute.Value, shardings []*compute.ShardingSpec) error {
	if n := len(f.b.open); n > 0 && f.b.open[n-1] == f.Function {
		f.b.open = f.b.open[:n-1]
	}
	return f.Function.Return(outputs, shardings)
}

func (f *nestedFunction) Call(of compute.Function, inputs ...compute.Value) ([]compute.Value, error) {
	return f.Function.Call(own(of), inputs...)
}

func (f *nestedFunction) Sort(comparator compute.Function, axis int, isStable bool, inputs ...compute.Value) ([]compute.Value, error) {
	return f.Function.Sort(own(comparator), axis, isStable, inputs...)
}

func (f *nestedFunction) While(cond, body compute.Function, initial ...compute.Value) ([]compute.Value, error) {
	return f.Function.While(own(cond), own(body), initial...)
}

func (f *nestedFunction) If(pred compute.Value, yes, no compute.Function) ([]compute.Value, error) {
	return f.Function.If(pred, own(yes), own(no))
}

// own unwraps a function to the backend's own.
func own(f compute.Function) compute.Function {
	if n, ok := f.(*nestedFunction); ok {
		return n.Function
	}
	return f
}

// nestedBuffer is a buffer that names the wrapping backend as its own. Without it
// GoMLX would reject the buffer as one of another backend.
type nestedBuffer struct {
	compute.Buffer
	b nesting
}

func (x nestedBuffer) Backend() compute.Backend { return x.b }

func (x nestedBuffer) CopyToDevice(d compute.DeviceNum) (compute.Buffer, error) {
	return x.b.wrap(x.Buffer.CopyToDevice(d))
}

func (b nesting) wrap(x compute.Buffer, err error) (compute.Buffer, error) {
	if err != nil {
		return nil, err
	}
	return nestedBuffer{x, b}, nil
}

func (b nesting) BufferFromFlatData(d compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	return b.wrap(b.Backend.BufferFromFlatData(d, flat, shape))
}

func (b nesting) NewSharedBuffer(d compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	x, flat, err := b.Backend.NewSharedBuffer(d, shape)
	x, err = b.wrap(x, err)
	return x, flat, err
}

type nestedExecutable struct {
	compute.Executable
	b nesting
}

func (e nestedExecutable) Execute(inputs []compute.Buffer, donate []bool, d compute.DeviceNum) ([]compute.Buffer, error) {
	raw := make([]compute.Buffer, len(inputs))
	for i, x := range inputs {
		raw[i] = x
		if n, ok := x.(nestedBuffer); ok {
			raw[i] = n.Buffer
		}
	}
	out, err := e.Executable.Execute(raw, donate, d)
	for i := range out {
		out[i] = nestedBuffer{out[i], e.b}
	}
	return out, err
}
