package meter

import (
	"maps"
	"slices"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/probe"
)

// Options describe a step apart from its sites. The zero value is a step of one
// run without quantities of the whole network.
type Options struct {
	// Network lists the quantities of the whole network that the step
	// computes itself: the loss, the accuracy. Nil: none.
	Network []vgrad.Quantity
	// Final lists the quantities of the whole network that are measured once,
	// after the last step. Nil: none.
	Final []vgrad.Quantity
	// Lanes is the number of runs on the first axis of the step's tensors.
	// Zero: one run, without such an axis.
	Lanes int
	// Apart measures each site by itself. False: small sites of one shape are
	// joined. If lanes are sharded over devices, joining sites would gather
	// the lanes on one device.
	Apart bool
	// Activation names the activation of a site in a lane. Nil: the site's own.
	Activation func(site vgrad.Site, lane int) string
}

// Meter holds which quantities are measured at which sites and steps.
type Meter struct {
	sites  []vgrad.Site
	groups []*Group
	final  []vgrad.Column
	o      Options
}

// New makes a meter for the sites of a network, variables and units, in forward
// order.
func New(m vgrad.Measure, sites []vgrad.Site, o Options) *Meter {
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
	return t
}

// number assigns each group the indices of its tables in the schema.
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

// last lists the columns that are measured after the last step: the final
// quantities of the whole network, and the mean |W| after the last update.
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

// Groups lists the groups; those that are due more often come first.
func (t *Meter) Groups() []*Group { return t.groups }

// Final lists the columns that are measured after the last step.
func (t *Meter) Final() []vgrad.Column { return t.final }

// FinalTable is the index in the schema of the table of the final columns.
func (t *Meter) FinalTable() int { return len(t.tables()) }

// width is the number of runs of the step.
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

// columns converts columns to those of a schema.
func (t *Meter) columns(cs []column) []vgrad.Column {
	var columns []vgrad.Column
	for _, c := range cs {
		columns = append(columns, vgrad.Column{Site: t.sites[c.site], Quantity: c.Quantity})
	}
	return columns
}

// Schema describes the rows of a lane; without lanes it is lane 0. Sites at which
// nothing can be measured, such as biases, are left out.
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

// inLane is a site with the activation of a lane.
func (t *Meter) inLane(s vgrad.Site, lane int) vgrad.Site {
	if t.o.Activation != nil && s.Activation != "" {
		s.Activation = t.o.Activation(s, lane)
	}
	return s
}
