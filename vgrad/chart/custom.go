package chart

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// GoEChart is a chart of go-echarts, such as a *charts.Bar.
type GoEChart interface {
	Validate()
	JSON() map[string]any
}

// Custom makes a figure of a chart that is built with go-echarts. It takes the
// chart's series and the names of its axes, and draws them in this package's
// style. The name of a series is its label, and it gets that label's colour, dash
// and marker. Custom fails if the chart has no axes or no series, or if a value is
// NaN or infinite: one such value blanks a whole ECharts chart.
//
//	bar := charts.NewBar()
//	bar.SetXAxis(names).AddSeries("sigmoid", values)
//	fig, err := chart.Custom("Largest singular value", "By layer, at the end.", bar)
func Custom(title, caption string, c GoEChart) (*Figure, error) {
	c.Validate()
	option := c.JSON()
	f := &Figure{Title: title, Caption: caption, Height: 360}
	d := &drawing{trigger: "axis"}
	x, err := axisOf(option["xAxis"])
	if err != nil {
		return nil, fmt.Errorf("chart: %s: %w", title, err)
	}
	y, err := axisOf(option["yAxis"])
	if err != nil {
		return nil, fmt.Errorf("chart: %s: %w", title, err)
	}
	if d.x = []part{{xAxis("value", x.Name, "number"), axisStyle(nil)}}; x.Data != nil {
		d.x = []part{categoryAxis(x.Name, x.Data, 0)}
	}
	d.y = []part{valueAxis(y.Name, y.Type == "log", 0)}
	for _, s := range list(option["series"]) {
		p := part{value: s, more: map[string]any{"color": own}}
		plain, err := p.plain()
		if err != nil {
			return nil, fmt.Errorf("chart: %s: %w", title, err)
		}
		if plain["type"] == "line" {
			merge(p.more, map[string]any{"symbol": own, "symbolSize": 8, "lineStyle": map[string]any{"type": own, "width": 2}})
		}
		name, _ := plain["name"].(string)
		f.label(name)
		d.add(name, p)
	}
	if len(d.series) == 0 {
		return nil, fmt.Errorf("chart: %s: %w", title, errors.New("the chart has no series"))
	}
	d.legend = len(d.series) > 1
	f.extras.Tip.Head = "{x}"
	return f, f.finish(d)
}

// axis holds the fields that Custom reads of a go-echarts axis.
type axis struct {
	Name, Type string
	Data       []string
}

// axisOf reads the first of a chart's axes. It fails if the axis' data are not strings.
func axisOf(of any) (a axis, err error) {
	axes := list(of)
	if len(axes) == 0 {
		return a, errors.New("the chart has no axes")
	}
	text, err := json.Marshal(axes[0])
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	return a, err
}

// list converts a slice of any type. It returns nil for anything else.
func list(of any) []any {
	v := reflect.ValueOf(of)
	if !v.IsValid() || v.Kind() != reflect.Slice {
		return nil
	}
	var all []any
	for i := range v.Len() {
		all = append(all, v.Index(i).Interface())
	}
	return all
}
