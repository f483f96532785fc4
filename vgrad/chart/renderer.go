package chart

import (
	"errors"
	"fmt"
	"sync"

	"github.com/dop251/goja"

	engine "github.com/vgrad/lab/vgrad/echarts"
)

// Renderer draws figures as SVG without a browser. It runs ECharts in a JavaScript
// engine written in Go. Loading ECharts takes some tenths of a second, so a program
// may do it in the background while it trains. Goroutines may share a Renderer; it
// draws one picture at a time. The zero value has no ECharts, and drawing fails.
type Renderer struct {
	mu   sync.Mutex
	svg  goja.Callable
	vm   *goja.Runtime
	load func() ([]byte, error) // returns ECharts; nil unless the renderer is lazy
	dir  string                 // the folder of kept pictures; "" for none
}

// NewRenderer returns a renderer that runs the given echarts.min.js, version 5.5 or
// later. The tests use 6.1.0. It fails if the bytes are empty or are not ECharts.
func NewRenderer(js []byte) (*Renderer, error) {
	r := &Renderer{}
	if err := r.start(js); err != nil {
		return nil, err
	}
	return r, nil
}

// LazyRenderer returns a renderer that keeps its pictures in the folder dir. If a
// picture is there, it returns it without loading ECharts. Otherwise it calls load
// for the bytes of ECharts before it draws. If load fails, drawing fails with its
// error, and the next drawing calls load again. When a picture is written, those
// older than 30 days are removed. With dir "" it keeps none.
func LazyRenderer(load func() ([]byte, error), dir string) *Renderer {
	return &Renderer{load: load, dir: dir}
}

// start loads the library and the runtime.
func (r *Renderer) start(js []byte) error {
	vm, err := engine.Load(js, engine.Script{Name: "figure.js", Text: runtime()})
	if err != nil {
		return fmt.Errorf("chart: renderer: %w", err)
	}
	svg, ok := function(vm, "svg")
	if !ok {
		return errors.New("chart: renderer: figure.js has no function svg")
	}
	r.vm, r.svg = vm, svg
	return nil
}

// function returns a function of figure.js by its name.
func function(vm *goja.Runtime, name string) (goja.Callable, bool) {
	return goja.AssertFunction(vm.Get("vgradRuntimes").ToObject(vm).Get(version()).ToObject(vm).Get(name))
}

// SVG draws the figure with its title. width and height are in CSS pixels. A width
// of 0 is 720, and a height of 0 is the height that the figure needs. The picture is
// higher than height if long names leave too little room for the drawing. SVG fails
// if the theme is unknown or ECharts cannot be loaded or cannot draw the figure.
func (r *Renderer) SVG(f *Figure, theme Theme, width, height int) ([]byte, error) {
	return r.draw(f, theme, width, height, true)
}

// draw draws the figure, with its title or without.
func (r *Renderer) draw(f *Figure, theme Theme, width, height int, titled bool) ([]byte, error) {
	if theme != Light && theme != Dark {
		return nil, fmt.Errorf("chart: SVG of %q: unknown theme %q; the themes are %s and %s", f.Title, theme, Light, Dark)
	}
	if width <= 0 {
		width = defaultWidth
	}
	height = max(0, height)
	spec, err := f.spec()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	path := r.path(spec, theme, width, height, titled)
	if svg := kept(path); svg != nil {
		return svg, nil
	}
	if err := r.ready(); err != nil {
		return nil, fmt.Errorf("chart: SVG of %q: %w", f.Title, err)
	}
	v, err := r.svg(goja.Undefined(), r.vm.ToValue(string(spec)), r.vm.ToValue(string(theme)),
		r.vm.ToValue(width), r.vm.ToValue(height), r.vm.ToValue(titled))
	if err != nil {
		return nil, fmt.Errorf("chart: SVG of %q: %w", f.Title, err)
	}
	svg := []byte(v.String())
	r.keep(path, svg)
	return svg, nil
}

// Warm loads ECharts into a lazy renderer, so that the first drawing is faster. It
// ignores an error: drawing tries again and returns it.
func (r *Renderer) Warm() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.ready() // drawing calls it again
}

// ready loads ECharts into a lazy renderer unless it is loaded.
func (r *Renderer) ready() error {
	if r.svg != nil {
		return nil
	}
	if r.load == nil {
		return errors.New("the renderer has no ECharts; make it with NewRenderer or LazyRenderer")
	}
	js, err := r.load()
	if err != nil {
		return err
	}
	return r.start(js)
}

// defaultWidth is the width of a static picture in CSS pixels.
const defaultWidth = 720
