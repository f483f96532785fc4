// Package page writes prose, figures and tables as one HTML file. The file opens from
// disk without a network, has a light and a dark theme, and suits phones and paper.
// This package is the last step of the flow runs → figures → page. It arranges the
// figures of package chart and computes nothing.
//
//	var p page.Page
//	p.Title = "The vanishing gradient"
//	p.Heading("Training accuracy")
//	p.Text("Sigmoid learns *slowly*; see `train_accuracy`.")
//	p.Figures(accuracy)
//	err := p.Write(w, page.Options{ECharts: js, Renderer: r})
//
// The page contains ECharts and the runtime of the figures once, so it makes no
// request. Without [Options.ECharts] its figures are not live, and the page names
// the command that fetches ECharts.
package page
