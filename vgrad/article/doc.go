// Package article is the article's walkthrough: its scenarios, what it
// claims, whether that holds, and the page that shows it.
//
// It joins what the other packages make: a [lab.Lab] trains or loads the
// runs, [Outcomes] condenses each to a few numbers, [Judge] holds them against
// the article's claims, and [Report] makes the page. The article is
// "Vanishing Gradient Problem" by Dinesh, Great Learning Academy, 2020, whose
// experiment follows Andy Thomas, Adventures in Machine Learning.
package article
