// Package scan is a loop over time whose gradient can be taken.
//
// It stands below the network families: a recurrent layer is a [Loop] whose steps
// read one time step of the inputs and the tensors that the step before passed on.
// GoMLX 0.28 has loops (graph.While), but no derivative of them, so its own LSTM
// unrolls time: the program, and the time to compile it, grow with the length. A
// Loop is compiled once for all time steps, and so is its derivative:
//
//	r := scan.Loop{
//		Xs:       []*Node{x},                          // [time, batch, units]: x·W + b of all time steps
//		Start:    []*Node{zeros},                      // [batch, units]
//		Products: []scan.Product{{Carry: 0, W: u}},    // h·U
//		Step: func(s scan.At) []*Node {
//			return []*Node{Tanh(Add(s.Xs[0], s.Products[0]))}
//		},
//	}.Run()
//	last, all := r.Last[0], r.Each[0]                      // h after the last step, and after each
//
// # The derivative
//
// The loop stores what each step began with. Its derivative is a second loop that
// runs backwards over what is stored and takes the gradient of one step at a time.
// Backpropagation through time is the same computation (Werbos 1990,
// doi:10.1109/5.58337).
//
// The products of carried tensors with weights are stated apart from the step for the
// sake of speed. The loop backwards only stores ∂L/∂(h·U) of each time step. After
// it, ∂L/∂U of all time steps is one large matrix product. Inside the loop it would
// be as many small ones, and the whole of ∂L/∂U would be read and written at each. For
// the same reason the products of the inputs belong before the loop.
//
// A backend without loops (GoMLX's Go backend) gets the unrolled form, with the same
// results.
package scan
