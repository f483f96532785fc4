// Package cell is what the cells of a notebook call. It trains networks, shows figures,
// findings, tables and prose, and draws the progress of long work. It is the last step of
// the flow
//
//	experiment → network → samples → run store → findings, figures → cell
//
// and the only package that knows GoNB, which runs the cells.
//
//	runs := cell.Compare(vgrad.Experiment{}, "sigmoid", "relu") // trains with a live figure, or loads
//	cell.Show(chart.MeanGradient(runs, 1))
//	cell.Side(cell.Must(chart.Loss(runs)), cell.Must(chart.Accuracy(runs)))
//	cell.Findings(diagnose.Of(runs[0]))
//	s := cell.Sweep(vgrad.Experiment{}, "depth=2..12", "sigmoid,relu", "seed=0..9") // with a progress bar
//	cell.Show(chart.FactorMap(s.Sources(), "depth", "activation"))
//	cell.Explore(vgrad.Experiment{Steps: 300}, "sigmoid,relu", "depth=2..12") // controls; the figures follow
//
// In a plain cell the value of the last line is the cell's result, so a figure, a run or
// findings need no call of this package: the kernel calls [Result] with it.
//
// # Errors
//
// The functions return no errors. An error ends the cell, and the kernel shows it as the
// cell's error; outside a notebook it is one line on standard error, with exit status 1.
// What was shown, defined and recorded before stays.
//
// # Outputs
//
// In a notebook an output is one piece of HTML that needs neither a network nor an
// open browser. A figure is a static picture; it becomes live where scripts run and
// ECharts is served or part of the page. A call returns only after the kernel has
// received its output, so no output is lost when the cell ends. Outside a notebook a
// figure is written to an HTML file in the working folder, and its name is printed.
// Everything else is printed as text.
//
// [Explore] puts the figures of all combinations of some fields into one output, with a
// control for each field. It needs ECharts to be live, as every figure does; otherwise it
// is static pictures of some of the combinations.
//
// # Training
//
// A cell is linked each time it runs, and linking the training code takes seconds.
// Therefore the vgrad program trains, and the cell follows it; see package wire. The
// program is $VGRAD_PROGRAM, or what go run builds from this module.
//
// A model function that is written in the cell has to train in the cell. Package
// [github.com/vgrad/lab/kernelext/cell/incell] does that. It links GoMLX, so a cell
// that imports it takes some seconds longer to build:
//
//	run := incell.Train("mine", mine, vgrad.Experiment{Steps: 300})
package cell
