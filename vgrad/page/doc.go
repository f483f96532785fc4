// Package page writes a self-contained HTML page: prose, figures and tables in
// one file that opens from disk, offline, light and dark, on a phone and on
// paper. It stands at the end of the flow runs → figures → page: it arranges
// what package chart drew and computes nothing.
//
//	var p page.Page
//	p.Title = "The vanishing gradient"
//	p.Heading("Training accuracy")
//	p.Text("Sigmoid learns *slowly*; see `train_accuracy`.")
//	p.Figures(accuracy)
//	err := p.Write(w, page.Options{ECharts: js, Renderer: r})
//
// The library and the runtime of the figures are embedded once; the page makes
// no request. Without ECharts it says which command brings it and keeps its
// prose and tables.
package page
