package main

import "context"

// compileOptions are options of XLA that may make compiling cheaper. Each is measured in a
// process of its own, because XLA reads its options only when the plugin is loaded.
var compileOptions = []string{
	"--xla_backend_optimization_level=0", "--xla_backend_optimization_level=2", "--xla_backend_optimization_level=3",
	"--xla_llvm_disable_expensive_passes=true", "--xla_cpu_parallel_codegen_split_count=1", "--xla_cpu_parallel_codegen_split_count=4",
}

// compiling is part (f): the three scenarios with different options of XLA. Compiling
// takes most of their time.
func (b *bench) compiling(ctx context.Context) (table, error) {
	flags := []string{"-backend", "xla", "-measure", sharedMeasure}
	cs := []contestant{b.walkthrough("vgrad: --xla_backend_optimization_level=1", false, flags...)}
	for _, option := range compileOptions {
		cs = append(cs, b.walkthroughIn([]string{"XLA_FLAGS=" + option}, option, false, flags...))
	}
	results, err := b.rounds(ctx, 1, b.n, cs)
	if err != nil {
		return table{}, err
	}
	t := table{head: []string{"options", "seconds, median (min–max)", "÷ the first"}}
	for _, r := range results {
		t.row(r.name, spreadOf(r.times).times(1).String(), digits(ratio(r, results[0])))
	}
	t.note("The three scenarios, from the start of the process to its end, with mean |∂L/∂W| of every layer at every step.")
	return t, nil
}
