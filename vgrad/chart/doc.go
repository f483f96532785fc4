// Package chart draws figures of recorded runs. It is the last step of the flow
//
//	experiment → network → training step with probes → samples → run store → figures
//
// It does not depend on the packages for training, storage or notebooks. Each
// function takes [vgrad.Source] values and returns a [Figure]. A figure is live
// in a browser, where ECharts and this package's figure.js draw it. It is also
// rendered as a static SVG by the same code in a JavaScript engine written in
// Go; see [Renderer].
//
//	fig, err := chart.MeanGradient(runs, 1)  // mean |∂L/∂W| of layer 1, a line a run
//	svg, err := renderer.SVG(fig, chart.Light, 720, 380)
//	html, err := fig.HTML(chart.HTMLOptions{Renderer: renderer, ECharts: js})
//
// # Places
//
// A figure shows the sites that have its quantity, in forward order. Each time
// step of an unrolled recurrent layer is a separate place. Gates, streams and
// recurrent kernels are separate series. Frozen sites are marked, and the caption
// lists the layers without the quantity.
//
// A figure of one place takes a layer's number, a site, or a pattern of paths;
// see [Place] and [At]. [Only] restricts a figure of all places to some sites.
//
// # Repetitions
//
// Two sources are repetitions of each other if they have the same label and the
// same experiment. The seed and [vgrad.Measure] may differ. A source without an
// experiment (it is no [vgrad.Recorded]) is a repetition of another one if both
// have the same label and the same sites. A figure draws the median of the
// repetitions and a band from their 10 % to their 90 % quantile.
//
// If different experiments have the same label, the figure adds the fields in
// which they differ: "first try: sigmoid", "first try: relu".
//
// [SameColours] gives a label the same colour, dash and marker in several figures.
//
// # Values that cannot be drawn
//
// All figures follow one rule, see [Missing]. The value is left out and the line
// has a gap. A mark at the bottom of the axis shows the position of the gap, and
// the caption counts the missing values.
//
// # States
//
// [States] is a row of figures for each combination of the values of some fields, with
// controls that turn from one to another. A page holds all of them in some kilobytes each.
//
// # Size
//
// A line of more than [MaxPoints] steps is cut into equal stretches of steps. The
// figure keeps the lowest and the highest value of each stretch, so no spike is
// lost and every value shown is a recorded one. Smoothing uses the mean of each
// stretch instead; see [Figure].
//
// # Division of work between Go and figure.js
//
// The Go functions set the axes, the series and the controls of a figure. They
// use the types of go-echarts and add fields that those lack. They write a colour
// as the name of its purpose and a number format as the name of a function in
// figure.js. For example, "$ink" is the colour of text and "@log" formats the
// labels of a log axis.
//
// figure.js replaces the names and adds everything that depends on the width, the
// theme or the state of the controls. The browser and the static [Renderer] run
// the same figure.js. It has no code for any particular figure, so a new figure
// is written in Go only.
package chart
