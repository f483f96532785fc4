package cell

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/chart"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
)

// Explore shows figures with a menu, a slider or a switch for each of some fields; the
// figures follow. [vgrad.Sweep] says how fields and values are written. Explore trains what
// is not recorded, with a progress bar. The output holds the figures of all states, so the
// controls work in a saved notebook and in a published page as well, without a kernel, a
// server or a network. [chart.States] says how exactly.
//
//	cell.Explore(vgrad.Experiment{Steps: 300}, "activation=sigmoid,tanh,relu", "depth=2..12")
//
// Several seeds are repetitions: every figure shows their median and range. The experiments
// are those of [Compare], so each trains only the other's missing runs. For other figures,
// and for lines in place of a control, see [Exploration].
//
// More than [MaxStates] combinations are refused before anything is trained. If the cell is
// interrupted, what was recorded is kept, and the same cell goes on from there.
func Explore(base vgrad.Experiment, over ...string) {
	Exploration{Base: base, Over: over}.Show()
}

// MaxStates is the largest number of states of an [Exploration].
const MaxStates = 400

// maxStatesSize is the largest size of the output of an [Exploration] in bytes. Notebooks
// with larger outputs are slow to open and to save.
const maxStatesSize = 8_000_000

// Exploration is [Explore] with its options.
//
//	cell.Exploration{Over: []string{"sigmoid,relu", "depth=2..12"}, Lines: "activation"}.Show()
type Exploration struct {
	Base vgrad.Experiment // what the experiments have in common
	Over []string         // the fields and their values, as in [vgrad.Sweep]; required
	// Lines is a field of Over whose values are lines in each figure. Zero: none, each
	// field has a control.
	Lines string
	// Figures draw the figures of a state. Nil: the gradient flow, the loss and the
	// training accuracy.
	Figures []Draw
}

// Draw draws a figure of runs, as [chart.Loss] does.
type Draw func([]vgrad.Source) (*chart.Figure, error)

// Show trains what is missing and shows the figures with their controls. Outside a notebook
// it writes an HTML file and prints its name.
func (x Exploration) Show() {
	p := Must(x.plan())
	store := Must(runs.Open(""))
	if len(Must(store.Missing(p.all...))) > 0 {
		trainSweep(store, p.all)
	}
	s := Must(x.read(Context(), store, p))
	if !inNotebook() {
		writeStates(s)
		return
	}
	o := options()
	o.Renderer = renderer()
	html := Must(s.HTML(o))
	if len(html) > maxStatesSize {
		fail(fmt.Errorf("Explore: %d states take %.1f MB; at most %d MB. The runs are recorded. Leave out values or figures, or record fewer steps", len(s.List), float64(len(html))/1e6, maxStatesSize/1_000_000))
	}
	display("", string(html), plainStates(s))
}

// statePlan is what an exploration needs.
type statePlan struct {
	fields []chart.Field
	labels []string // the fields that name the runs of a state
	states [][]vgrad.Experiment
	all    []vgrad.Experiment // of all states, each once
}

// plan lists the experiments of each state, and checks them and their number.
func (x Exploration) plan() (p statePlan, err error) {
	whole := vgrad.Sweep{Base: x.Base, Over: x.Over}
	axes, err := whole.Axes()
	if err != nil {
		return p, err
	}
	var inside []string // the entries of Over that are within each state
	n, product := 1, []string{}
	for _, a := range axes {
		switch {
		case a.Field == x.Lines, a.Field == "seed", len(a.Values) == 1:
			inside = append(inside, a.Field+"="+strings.Join(a.Values, ","))
			continue
		}
		p.fields = append(p.fields, chart.Field{Name: a.Field, Values: a.Values})
		n *= len(a.Values)
		product = append(product, fmt.Sprintf("%d × %s", len(a.Values), a.Field))
	}
	switch {
	case len(p.fields) == 0:
		return p, errors.New("Explore: no field has several values to turn to, such as \"depth=2..12\"")
	case x.Lines != "" && !slices.ContainsFunc(axes, func(a vgrad.Axis) bool { return a.Field == x.Lines }):
		return p, fmt.Errorf("Explore: Lines is %q, which is not in Over", x.Lines)
	case n > MaxStates:
		return p, fmt.Errorf("Explore: %s are %d states; at most %d. Leave out values, make a field Lines, or use Sweep", strings.Join(product, ", "), n, MaxStates)
	}
	for _, f := range p.fields {
		p.labels = append(p.labels, f.Name)
	}
	if x.Lines != "" {
		p.labels = []string{x.Lines}
	}
	if p.all, err = whole.Experiments(); err != nil {
		return p, err
	}
	return p, p.list(x.Base, inside, n)
}

// list sets the experiments of the n states.
func (p *statePlan) list(base vgrad.Experiment, inside []string, n int) error {
	names := chart.States{Fields: p.fields}
	for i := range n {
		over := append(strings.Fields(names.Names(i)), inside...)
		es, err := vgrad.Sweep{Base: base, Over: over}.Experiments()
		if err != nil {
			return err
		}
		for k, e := range es {
			if err := e.Validate(); err != nil {
				return fmt.Errorf("%s: %w", names.Names(i), err)
			}
			es[k].Label = e.NameBy(p.labels...)
		}
		p.states = append(p.states, es)
	}
	return nil
}

// read reads the runs of each state and draws them.
func (x Exploration) read(ctx context.Context, store *runs.Store, p statePlan) (*chart.States, error) {
	s := &chart.States{Title: fmt.Sprintf("Explore %s: %d states", strings.Join(fieldNames(p.fields), " and "), len(p.states)), Fields: p.fields}
	if x.Lines != "" {
		s.Title += ", a line for each " + strings.ReplaceAll(x.Lines, "_", " ")
	}
	draw := x.Figures
	if draw == nil {
		draw = []Draw{func(r []vgrad.Source) (*chart.Figure, error) { return chart.GradientFlow(r, vgrad.MeanAbsGrad) }, chart.Loss, chart.Accuracy}
	}
	lacking := make([][]error, len(draw)) // why a figure could not be drawn, in each state
	for _, es := range p.states {
		c, err := loadAll(ctx, store, es)
		if err != nil {
			return nil, err
		}
		state := chart.State{Words: outcome(c)}
		for k, d := range draw {
			f, err := d(c)
			if err != nil {
				f = nil
			}
			lacking[k] = append(lacking[k], err)
			state.Figures = append(state.Figures, f)
		}
		s.List = append(s.List, state)
	}
	return s, x.leaveOut(s, lacking)
}

// loadAll loads the runs of experiments.
func loadAll(ctx context.Context, store *runs.Store, es []vgrad.Experiment) (c Comparison, err error) {
	for _, e := range es {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		run, err := store.Load(e)
		if err != nil {
			return nil, err
		}
		if !run.Finished {
			return nil, fmt.Errorf("the vgrad program trained, but %s is not finished in %s", run.Name, store.Dir())
		}
		c = append(c, run)
	}
	return c, nil
}

// leaveOut says in the states which figures they lack. A figure that no state has is an
// error if the caller asked for it, and otherwise left out.
func (x Exploration) leaveOut(s *chart.States, lacking [][]error) error {
	for k := len(lacking) - 1; k >= 0; k-- {
		if !slices.Contains(lacking[k], nil) {
			if x.Figures != nil || len(s.List[0].Figures) == 1 {
				return lacking[k][0]
			}
			for i := range s.List {
				s.List[i].Figures = slices.Delete(s.List[i].Figures, k, k+1)
			}
			continue
		}
		for i, err := range lacking[k] {
			if err != nil {
				s.List[i].Words += ". Not drawn: " + err.Error()
			}
		}
	}
	return nil
}

// fieldNames lists the names of fields as they are spoken.
func fieldNames(fields []chart.Field) (names []string) {
	for _, f := range fields {
		names = append(names, strings.ReplaceAll(f.Name, "_", " "))
	}
	return names
}

// outcome says how well the runs of a state did, by their labels.
func outcome(c Comparison) string {
	var labels, said []string
	byLabel := map[string]Comparison{}
	for _, r := range c {
		if byLabel[r.Label()] == nil {
			labels = append(labels, r.Label())
		}
		byLabel[r.Label()] = append(byLabel[r.Label()], r)
	}
	for _, l := range labels {
		var words []string
		if v, ok := byLabel[l].median(vgrad.ValAccuracy); ok {
			words = append(words, "validation accuracy "+strconv.FormatFloat(v, 'g', 3, 64))
		}
		if v, ok := byLabel[l].median(vgrad.ValLoss); ok {
			words = append(words, "validation loss "+strconv.FormatFloat(v, 'g', 3, 64))
		}
		text := strings.Join(words, ", ")
		if n := len(byLabel[l]); n > 1 {
			text = fmt.Sprintf("medians of %d runs: %s", n, text)
		}
		if len(labels) > 1 {
			text = l + ": " + text
		}
		said = append(said, text)
	}
	return strings.Join(said, "; ")
}

// median is the middle value of a quantity of the whole network at the end; false if a run
// does not have it.
func (c Comparison) median(q vgrad.Quantity) (float64, bool) {
	var values []float64
	for _, r := range c.Runs() {
		v, ok := r.Value(q, 0)
		if !ok {
			return 0, false
		}
		values = append(values, v)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2, true
}

// plainStates lists the states as text.
func plainStates(s *chart.States) string {
	lines := []string{"[figures] " + s.Title}
	for i, state := range s.List {
		lines = append(lines, s.Names(i)+": "+state.Words)
	}
	return strings.Join(lines, "\n")
}

// writeStates writes states to an HTML page and prints the file's name.
func writeStates(s *chart.States) {
	js, err := assets.ECharts(context.Background())
	if err != nil {
		fmt.Fprintf(os.Stderr, "vgrad: the figures are not live: %v\n", err)
	}
	o := chart.HTMLOptions{Bare: true}
	p, po := page.Page{Title: s.Title}, page.Options{ECharts: js}
	if js != nil {
		o.Renderer, po.Renderer = renderer(), renderer()
	}
	p.HTML(template.HTML(Must(s.HTML(o))), 1)
	files++
	name := fmt.Sprintf("figure-%d.html", files)
	f := Must(os.Create(name))
	if err := errors.Join(p.Write(f, po), f.Close()); err != nil {
		fail(fmt.Errorf("cell: write %s: %w", name, err))
	}
	fmt.Printf("%s: %s\n", name, s.Title)
}
