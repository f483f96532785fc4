package vgrad

// Speed is how fast one backend trains an experiment on this machine. The numbers depend
// on the machine and on what else it does, so they are measured and not recorded with
// runs.
type Speed struct {
	// Experiment is what was trained. Its number of steps does not matter.
	Experiment Experiment
	// Backend is the name in tables and figures: "Go", "XLA on CPU", "XLA on CUDA".
	Backend string
	// Steps are the seconds a step, one entry for each timed stretch of training, in the
	// order of measuring. Nil: it was not measured, and Absent says why.
	Steps []float64 `json:",omitempty"`
	// Compile is the seconds that the first training waited for its programs. It is no part
	// of Steps.
	Compile float64 `json:",omitempty"`
	// Absent says why the backend has no numbers, such as "not on this machine". Empty: it
	// was measured.
	Absent string `json:",omitempty"`
}
