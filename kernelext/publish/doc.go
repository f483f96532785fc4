// Package publish executes notebooks and makes HTML pages of them.
//
// A page has what the notebook has: attachments, pictures and files beside it, formulas,
// links between lessons, streams as a terminal shows them, every kind of output that a page
// can show, and of HTML in prose what is safe. [Pages.Write] returns a [Warning] for
// anything else.
//
// The lessons are made with it. An author edits a notebook, and publish executes it from
// top to bottom in a new kernel. The outputs are written into the notebook, and into an
// HTML page that needs neither Jupyter nor a network.
//
//	nb, err := publish.Execute(ctx, "notebooks/01_the_article.ipynb", publish.Options{Python: j})
//	err = nb.Write("notebooks/01_the_article.ipynb")
//	warnings, err := publish.Pages{Options: page.Options{ECharts: js}, Formulas: r}.Write(w, nb)
//
// [PDF] prints a page with a browser of the machine.
//
// A [Site] is made of notebooks as they are: a front page, a page for each notebook, and
// what they share. It executes nothing.
//
//	files, warnings, err := publish.Site{ECharts: js, Formulas: r}.Build(notebooks)
//	err = files.Write(dir) // replaces only what an earlier site wrote there
//
// # The pages of a site
//
// A site opens from disk and from any web server. Its pages have a content security policy
// by which they run the site's own files and ask for nothing else. So no script stands in
// a page, and what an output brings along is left out and told, but for the laboratory's own.
// The text for the search is a script as well, because a page that is opened from disk may
// read no other file. At the foot of a page is what the notebook records of its execution:
// the version of its language, the seeds that it names, and when its cells ran. A notebook
// can say more in its metadata, under the key vgrad: version, backend, seeds and executed,
// each a text.
//
// # Live outputs
//
// A figure's data are in the page as JSON, and one file of the site makes figures live when
// they come into view. Another kind of live output works in the same way if it keeps to this:
//
//   - Its HTML is whole without scripts: it has a static picture.
//   - Its data are in script elements of the type application/json, or packed by chart as
//     application/gzip.
//   - Its script registers itself as window.vgradRuntimes[name]. Its mount function makes
//     live every element of its class in the document that is not live yet, and passes over
//     those that have the attribute data-loading.
//   - It uses neither eval nor markup with scripts or event handlers in it.
//   - It has an entry in the list lives (live.go): the class of its elements, a function
//     that recognises its script in an output and returns it as a file, and whether it needs
//     ECharts.
//
// A kind that is part of the figures' own runtime, vgrad/chart/live.js, needs no entry if its
// elements have the class of a figure.
//
// # Execution
//
// Execution stops at the first cell that fails; the error is a [CellError] that shows the
// cell and its output. A cell with the tag raises-exception is meant to fail, and does not
// stop it. Of the notebook's file, outputs and execution counts change and no other byte;
// a file that was saved by another program meanwhile is not overwritten. [Compare] lists the outputs that differ when a notebook is executed
// again.
package publish
