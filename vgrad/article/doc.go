// Package article repeats the article's experiment, checks the article's claims
// and writes the page that shows the result.
//
// A [lab.Lab] trains or loads the runs of a [Walkthrough]. [Outcomes] condenses
// each run to a few numbers, [Judge] compares them with the claims, and
// [Report] writes the page:
//
//	Walkthrough → lab → Outcomes → Judge → Report
//
// The article is "Vanishing Gradient Problem" by Dinesh, Great Learning
// Academy, 2020. Its experiment follows Andy Thomas, Adventures in Machine
// Learning.
package article
