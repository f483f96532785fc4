// Package chart draws what was recorded: pure functions from sources to
// figures. It is the last word of the flow
//
//	experiment → network → training step with probes → samples → run store → figures
//
// and knows neither training nor storing nor notebooks. A function takes
// [vgrad.Source] values and returns a [Figure]; the same figure renders live
// in a browser (ECharts, driven by figure.js of this package) and static as
// SVG (the same library in a Go JavaScript engine, see [Renderer]).
//
//	fig, err := chart.MeanGradient(runs, 1)  // mean |∂L/∂W| of layer 1, a line a run
//	svg, err := renderer.SVG(fig, chart.Light, 720, 380)
//	html, err := fig.HTML(chart.HTMLOptions{Renderer: renderer, ECharts: js})
//
// # Repetitions
//
// Sources that share a label are repetitions of one experiment: a figure
// draws their median and, behind it, the band from the 10 % to the 90 %
// quantile. A label has the same colour, dash and marker in every figure it
// appears in; see [SameColours].
//
// # Values that cannot be drawn
//
// One rule holds in every figure, see [Missing]: the value is left out, the
// line has a gap there, a mark stands at the foot of the axis, and the caption
// counts them. Nothing is left out in silence.
//
// # Size
//
// A line of more than [MaxPoints] steps is reduced to the lowest and the
// highest value of equal stretches of steps, so no spike is lost and the
// values shown are recorded ones. Smoothing does not run over those extremes
// but over the means of the stretches; see [Figure].
package chart
