package meter

import (
	"maps"
	"slices"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/probe"
)

// Options are what a meter has to know of the step beside its sites. The zero
// value is a step of one run.
type Options struct {
	// Network lists the quantities of the whole network that the step
	// computes itself: the loss, the accuracy.
	Network []vgrad.Quantity
	// Final lists those that are measured once, after the last step.
	Final []vgrad.Quantity
	// Lanes is how many runs the step's tensors carry on their first axis.
	// Zero: one run, without such an axis.
	Lanes int
	// Apart has each site measured by itself, not side by side with others of
	// its shape: where lanes are spread over devices, joining sites would
	// bring these together.
	Apart bool
	// Activation names the activation of a site in a lane. Nil: the site's own.
	Activation func(site vgrad.Site, lane int) string
}

// Meter knows what is measured where and when.
type Meter struct {
	sites  []vgrad.Site
	groups []*Group
	final  []vgrad.Column
	o      Options
}

// New makes a meter for the sites of a network, in forward order, variables and
// units. It fails on a quantity that nothing measures.
func New(m vgrad.Measure, sites []vgrad.Site, o Options) (*Meter, error) {
	if m.Every == 0 {
		m.Every = 1
	}
	if m.HistogramEvery == 0 {
		m.HistogramEvery = vgrad.Defaults().Measure.HistogramEvery
	}
	t := &Meter{sites: sites, o: o}
	byEvery := map[int]*Group{}
	group := func(every int) *Group {
		if byEvery[every] == nil {
			byEvery[every] = &Group{Every: every, meter: t, at: make([][]int, len(sites))}
		}
		return byEvery[every]
	}
	group(m.Every).network = slices.DeleteFunc(slices.Clone(o.Network), func(q vgrad.Quantity) bool { return !m.Measures(q) })
	for _, p := range probe.All() {
		if !m.Measures(p.Quantity) {
			continue
		}
		every := m.Every
		if p.Graph == nil {
			every = m.HistogramEvery
		}
		if every > 0 {
			group(every).add(p, m)
		}
	}
	for _, every := range slices.Sorted(maps.Keys(byEvery)) {
		byEvery[every].finish()
		t.groups = append(t.groups, byEvery[every])
	}
	t.number()
	t.last(m)
	return t, nil
}

// number gives each group the numbers of its tables.
func (t *Meter) number() {
	n := 0
	for _, g := range t.groups {
		if g.numbersTable = -1; g.Numbers()+len(g.fetched) > 0 {
			g.numbersTable, n = n, n+1
		}
		if g.histogramsTable = -1; len(g.histograms) > 0 {
			g.histogramsTable, n = n, n+1
		}
	}
	t.groups = slices.DeleteFunc(t.groups, func(g *Group) bool { return g.numbersTable < 0 && g.histogramsTable < 0 })
}

// last lists what is measured after the last step: the quantities of the whole
// network that are final, and the mean |W| that the last update left.
func (t *Meter) last(m vgrad.Measure) {
	for _, q := range t.o.Final {
		t.final = append(t.final, vgrad.Column{Site: vgrad.NetworkSite, Quantity: q})
	}
	if !m.Measures(vgrad.MeanAbsWeight) {
		return
	}
	p, _ := probe.Find(vgrad.MeanAbsWeight) // the laboratory's own
	for _, s := range t.sites {
		if p.At(s) && vgrad.MatchPath(m.Sites, s.Path) {
			t.final = append(t.final, vgrad.Column{Site: s, Quantity: vgrad.MeanAbsWeight})
		}
	}
}

// Groups lists the groups, those that are due most often first.
func (t *Meter) Groups() []*Group { return t.groups }

// Final lists the columns that are measured after the last step.
func (t *Meter) Final() []vgrad.Column { return t.final }

// FinalTable is the number of their table in the schema.
func (t *Meter) FinalTable() int { return len(t.tables()) }

// width is how many runs the step has.
func (t *Meter) width() int { return max(1, t.o.Lanes) }

// tables lists the groups' tables.
func (t *Meter) tables() []vgrad.Table {
	var tables []vgrad.Table
	for _, g := range t.groups {
		if g.numbersTable >= 0 {
			columns := []vgrad.Column{}
			for _, q := range g.network {
				columns = append(columns, vgrad.Column{Site: vgrad.NetworkSite, Quantity: q})
			}
			tables = append(tables, vgrad.Table{Columns: append(columns, t.columns(slices.Concat(g.numbers, g.fetched))...)})
		}
		if g.histogramsTable >= 0 {
			tables = append(tables, vgrad.Table{Columns: t.columns(g.histograms), Histograms: true})
		}
	}
	return tables
}

// columns names columns by their sites.
func (t *Meter) columns(cs []column) []vgrad.Column {
	var columns []vgrad.Column
	for _, c := range cs {
		columns = append(columns, vgrad.Column{Site: t.sites[c.site], Quantity: c.Quantity})
	}
	return columns
}

// Schema says what the rows of a lane hold; without lanes it is lane 0. Sites at
// which nothing can be measured, as biases, are left out.
func (t *Meter) Schema(lane int) vgrad.Schema {
	s := vgrad.Schema{Infos: map[vgrad.Quantity]vgrad.Info{}, Tables: append(t.tables(), vgrad.Table{Columns: slices.Clone(t.final)})}
	for _, site := range t.sites {
		measured := func(p probe.Probe) bool { return p.At(site) }
		if slices.ContainsFunc(probe.All(), measured) {
			s.Sites = append(s.Sites, t.inLane(site, lane))
		}
	}
	for i := range s.Tables {
		for k, c := range s.Tables[i].Columns {
			s.Tables[i].Columns[k].Site = t.inLane(c.Site, lane)
			s.Infos[c.Quantity], _ = c.Quantity.Info() // a meter measures nothing that has no description
		}
	}
	return s
}

// inLane is a site as a lane has it.
func (t *Meter) inLane(s vgrad.Site, lane int) vgrad.Site {
	if t.o.Activation != nil && s.Activation != "" {
		s.Activation = t.o.Activation(s, lane)
	}
	return s
}
