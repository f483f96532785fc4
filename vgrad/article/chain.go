package article

import (
	"fmt"
	"math"

	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
	"github.com/vgrad/lab/vgrad/summary"
)

// chain adds the article's second formula with numbers: the factors of the chain rule
// at each layer, measured.
func chain(p *page.Page, c runs.Comparison) error {
	p.Heading("The chain rule, with numbers")
	p.Text("The article's second formula is what it calls the full picture: the gradient of a layer is a product over all layers behind it. It then takes the derivatives of the activations for the whole of it. " +
		"There are three kinds of factors. On its way back δ is multiplied at each layer by the next layer's **weights** and by the layer's own **slopes** φ′(z); " +
		"and ∂L/∂W is δ times the layer's **input**, which the article leaves out. All three are measured here, as ratios of root mean squares, so that the products are exact.")
	for _, r := range firstOfEach(c) {
		if err := chainOf(p, r); err != nil {
			return err
		}
	}
	return nil
}

// chainOf adds the table and the figure of one run, or says why there are none.
func chainOf(p *page.Page, r *runs.Run) error {
	links, err := summary.Chain(r)
	if err != nil || len(links) < 2 {
		p.Text(fmt.Sprintf("**%s**: no factors, because %s.", r.Label(), reason(err)))
		return nil
	}
	p.Table(chainTable(r.Label(), links))
	return add(p, func() (*chart.Figure, error) { return chart.Chain(r) })
}

func reason(err error) string {
	if err == nil {
		return "the network has one layer"
	}
	return err.Error()
}

// chainTable has a row for each layer, the last first, as the signal passes them, at the
// first recorded step.
func chainTable(label string, links []summary.Link) page.Table {
	t := page.Table{Caption: fmt.Sprintf("%s: what passes at step %d", label, links[0].Steps[0]),
		Columns: []string{"layer", "RMS δ", "the next layer's weights pass", "its slopes pass", "together", "size of its input"}}
	for i := len(links) - 1; i >= 0; i-- {
		l := links[i]
		t.Rows = append(t.Rows, []string{fmt.Sprint(l.Site.Layer), number(l.Delta[0]), number(l.Weights[0]), number(l.Slopes[0]), number(l.Product(0)), number(l.Input[0])})
	}
	return t
}

// number writes three digits; "–" for a factor that there is not.
func number(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return fmt.Sprintf("%.3g", x)
}
