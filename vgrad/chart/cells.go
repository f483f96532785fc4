package chart

import (
	"fmt"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// cells is a grid of coloured cells, as in a heat map, a layer map or a factor map.
type cells struct {
	columns, rows       []string
	columnName, rowName string
	down                bool // the first row is at the top
	// data has an entry for each cell: column, row, the number that sets the
	// colour, and the values for the tooltip and the label.
	data            []any
	low, high       float64 // the range of the number that sets the colour
	what            string  // the meaning of the colour
	format          string  // of the scale's numbers, the name of a function in figure.js
	blend           func(low, high float64) []string
	crosses, wedges [][2]int // cells without a number: NaN or infinite; zero or less on a log scale
}

// drawing returns the cells, their axes and their colour scale as a drawing.
func (c cells) drawing() *drawing {
	if c.data == nil {
		c.data, c.low, c.high = []any{}, 0, 1
	}
	if c.low == c.high {
		c.low, c.high = c.low-0.5, c.high+0.5
	}
	y := yAxis("category", c.rowName, "")
	y.Data, y.SplitLine.Show = c.rows, opts.Bool(false)
	if c.down {
		y.Inverse, y.NameLocation = opts.Bool(true), "start"
	}
	d := &drawing{
		trigger: "item", visual: c.scale(), x: []part{categoryAxis(c.columnName, c.columns, 0)},
		y: []part{{y, axisStyle(map[string]any{"axisTick": map[string]any{"alignWithLabel": true}})}},
	}
	d.add("", part{
		charts.SingleSeries{
			Name: c.what, Type: "heatmap", Data: c.data, Progressive: opts.Int(0),
			ItemStyle: &opts.ItemStyle{BorderWidth: 0},
			Emphasis:  &opts.Emphasis{ItemStyle: &opts.ItemStyle{BorderColor: "$ink", BorderWidth: 1}},
		}, nil,
	})
	if c.crosses != nil {
		d.add("", marks("NaN or infinite", cross, points(c.crosses)))
	}
	if c.wedges != nil {
		d.add("", marks("zero or less", wedge, points(c.wedges)))
	}
	return d
}

// scale is the legend of the colour scale.
func (c cells) scale() *part {
	v := opts.VisualMap{
		Type: "continuous", Calculable: opts.Bool(true), Dimension: "2", Orient: "vertical", Right: "6", Top: "middle",
		InRange: &opts.VisualMapInRange{Color: c.blend(c.low, c.high)}, TextStyle: &opts.TextStyle{Color: "$soft", FontSize: 11},
	}
	return &part{v, map[string]any{"min": num(c.low), "max": num(c.high), "dimension": 2, "seriesIndex": 0, "itemWidth": 14, "formatter": "@" + c.format}}
}

// ramp returns the colours of a scale of one hue.
func ramp(_, _ float64) []string {
	return []string{"$ramp0", "$ramp1", "$ramp2", "$ramp3", "$ramp4"}
}

// diverging returns the colours of a scale of two hues that meet at zero.
func diverging(low, high float64) []string {
	most := max(-low, high, 1e-9)
	var names []string
	for i := range 17 {
		names = append(names, fmt.Sprintf("$blend%.0f", 100*(low+(high-low)*float64(i)/16)/most))
	}
	return names
}

// marks is a series of small signs at positions without a number.
func marks(name, symbol string, at []any) part {
	return part{
		charts.SingleSeries{Name: name, Type: "scatter", Data: at, Symbol: symbol, SymbolSize: 7, Color: "$soft"},
		map[string]any{"z": 90, "silent": true, "tooltip": map[string]any{"show": false}, "clip": false},
	}
}

// The signs of missing values, see [Missing]. figure.js draws them.
const (
	cross = "@cross"
	wedge = "@wedge"
)

func points(at [][2]int) []any {
	var ps []any
	for _, p := range at {
		ps = append(ps, p)
	}
	return ps
}
