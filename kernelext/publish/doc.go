// Package publish executes notebooks and makes pages of them.
//
// It stands behind the lessons: a writer edits a notebook, and publish runs it
// from top to bottom in a kernel of its own and keeps what came out, in the
// notebook and as a page of HTML that needs no Jupyter and no network.
//
//	nb, err := publish.Execute(ctx, "notebooks/01_the_article.ipynb", publish.Options{Python: j})
//	err = nb.Write("notebooks/01_the_article.ipynb")
//	err = nb.Page(w, page.Options{ECharts: js})
//
// Execution stops at the first cell that fails; the error is a [CellError] that
// shows the cell and what it said. [Compare] tells what a notebook that is
// executed again says differently.
package publish
