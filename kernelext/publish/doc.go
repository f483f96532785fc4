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
// Execution stops at the first cell that fails; the error is a [CellError] that shows the
// cell and its output. A cell with the tag raises-exception is meant to fail, and does not
// stop it. Of the notebook's file, outputs and execution counts change and no other byte;
// a file that was saved by another program meanwhile is not overwritten. [Compare] lists the outputs that differ when a notebook is executed
// again.
package publish
