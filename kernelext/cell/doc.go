// Package cell is what the cells of a notebook call: it trains, shows figures,
// findings, tables and prose, and follows what takes long. It is the last word of the flow
//
//	experiment → network → samples → run store → findings, figures → cell
//
// and the only package that knows GoNB, the notebook's kernel.
//
//	%%
//	runs := cell.Compare(vgrad.Experiment{}, "sigmoid", "relu") // trains with a live figure, or loads
//	cell.Show(chart.MeanGradient(runs, 1))
//	cell.Side(cell.Must(chart.Loss(runs)), cell.Must(chart.Accuracy(runs)))
//	cell.Findings(diagnose.Of(runs[0]))
//	s := cell.Sweep(vgrad.Experiment{}, "depth=2..12", "sigmoid,relu", "seed=0..9") // with a progress bar
//	cell.Show(chart.FactorMap(s.Sources(), "depth", "activation"))
//
// # Errors
//
// A cell has no use for an error value: what goes wrong ends the cell with one
// line on standard error and exit status 1, which stops a notebook that is
// executed from top to bottom. What was shown and recorded before stays. A panic
// ends it likewise, and its line says where in the cell, and in which function if that
// is another package's; %env GOTRACEBACK=single in a cell before it brings the whole
// trace back.
//
// # Where it runs
//
// In a notebook an output is one piece of HTML that needs neither a network nor
// a browser that is watching: a figure is a static picture that becomes live
// where scripts run and ECharts is served or in the page. Each output is with
// the kernel before the call that made it returns, so none is lost when a cell
// ends, however it ends. Outside a notebook a figure becomes an HTML file in the
// working folder, whose name is printed, and the rest is text.
//
// # Who trains
//
// Cells are linked each time they run, and what trains is large, so it is the
// vgrad program that trains and a cell follows it; see package wire. The program
// is $VGRAD_PROGRAM, or what go run makes of this module. A network that is a
// Go function trains in the cell itself, by package lab:
//
//	l := &lab.Lab{Model: mine, Watch: cell.Watch}
//	run := cell.Must(l.Train(cell.Context(), vgrad.Experiment{Network: vgrad.Model("mine")}))
package cell
