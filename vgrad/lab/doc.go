// Package lab trains an experiment, or loads it where it is recorded: it joins
// the engine that trains to the store that keeps.
//
//	l := &lab.Lab{}
//	defer l.Close()
//	run, err := l.Train(ctx, vgrad.Experiment{Activation: "relu"})          // seconds; the next time milliseconds
//	all, err := l.Compare(ctx, vgrad.Experiment{}, "sigmoid", "relu", "depth=20 activation=tanh")
//	err = l.Sweep(ctx, experiments, tell)                                   // thousands, none of them kept in memory
//
// Nothing is set up before it is needed: an experiment that is recorded opens
// neither the data nor a backend. The package knows nothing of how anything is
// drawn; whoever wants to see a training as it goes hands in a sink, see
// [Lab.Watch].
package lab
