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
// # Places
//
// A figure is drawn over the sites that have its quantity, in forward order. Time
// steps of a recurrent layer that is unrolled are places of their own; gates,
// streams and recurrent kernels are series of their own; frozen sites are marked;
// the caption says which layers lack the quantity. A figure of one place takes a
// layer's number, a site, or a pattern of paths, see [Place] and [At]. [Only]
// narrows the figures of all places.
//
// # Repetitions
//
// Sources are repetitions if they share a label and their experiments are equal
// but for the seed and for what is measured. A figure draws the median of
// repetitions and, behind it, the band from the 10 % to the 90 % quantile.
// Other experiments that share a label are told apart by the fields in which they
// differ: "first try: sigmoid", "first try: relu". Sources that do not say of
// which experiment they are (see [vgrad.Recorded]) are repetitions if they share
// label and sites.
//
// A label has the same colour, dash and marker in every figure it appears in; see
// [SameColours].
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
//
// # Who says what
//
// The functions of this package state axes, series and what the controls of a
// page may do, in the types of go-echarts where these can express it. Colours and
// formats of numbers go by name there ("$ink", "@log"). figure.js alone turns that
// into the option for a width, a theme and the state of the controls, in the
// browser and in the static picture alike, and it knows no figure: a new one needs
// no line in it.
package chart
