// Package lab trains an experiment, or loads its run if it is recorded. It joins
// the engine, which trains, and the store, which keeps the runs:
//
//	experiment → lab (engine, run store) → run
//
//	l := &lab.Lab{}
//	defer l.Close()
//	run, err := l.Train(ctx, vgrad.Experiment{Activation: "relu"})          // seconds; the next time milliseconds
//	all, err := l.Compare(ctx, vgrad.Experiment{}, "sigmoid", "relu", "depth=20 activation=tanh")
//	err = l.Sweep(ctx, experiments, tell)                                   // thousands, none of them kept in memory
//
// A training that was interrupted or killed goes on from its last checkpoint, with the
// numbers that an undisturbed one has. Lanes of one program go on together. If most of them
// are not asked for again, or if the checkpoint is damaged, or of another backend, driver,
// data set or version of a module, they start at step 0, and Say receives the reason.
//
// Nothing is set up before it is needed: to load a recorded run, the lab opens
// neither the data nor a backend. The package draws nothing. To follow a
// training while it runs, pass a sink in Lab.Watch.
package lab
