// Package formula turns the TeX of formulas into MathML, which browsers draw without a
// script, a font or a network. A page of a notebook asks for it.
//
//	r := formula.New(func() ([]byte, error) { return assets.KaTeX(ctx) })
//	math, err := r.Document().MathML(`\tfrac14`, false)   // <math>…</math>
//
// It runs KaTeX in a JavaScript engine written in Go. KaTeX is not part of this package,
// because it is fetched and checked by its hash.
package formula

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"
)

// Renderer has KaTeX loaded. Goroutines may share one.
type Renderer struct {
	load func() ([]byte, error)

	mu     sync.Mutex
	vm     *goja.Runtime
	render goja.Callable
	failed error // of the load; it is not tried again
}

// New returns a renderer that calls load for the bytes of katex.min.js before the first
// formula, and never if there is none. If load fails, every formula fails with its error.
func New(load func() ([]byte, error)) *Renderer { return &Renderer{load: load} }

// Document is a text whose formulas share what \newcommand and \def in them define, as in
// Jupyter.
type Document struct {
	r      *Renderer
	macros *goja.Object // nil: none is defined yet
}

// Document begins a new text.
func (r *Renderer) Document() *Document { return &Document{r: r} }

// ErrTeX is the error of a formula that KaTeX does not understand. Its text says where.
var ErrTeX = errors.New("not a formula that can be drawn")

// patience is how long a formula may take. A page of them takes tenths of a second.
const patience = 10 * time.Second

// MathML returns a formula as a math element, with its TeX as an annotation. display is for
// a formula on a line of its own. The error wraps [ErrTeX] if the formula is wrong.
func (d *Document) MathML(tex string, display bool) (string, error) {
	d.r.mu.Lock()
	defer d.r.mu.Unlock()
	if err := d.r.ready(); err != nil {
		return "", err
	}
	if d.macros == nil {
		d.macros = d.r.vm.NewObject()
	}
	math, err := d.render(tex, display)
	if err == nil && strings.Contains(math, "mml-eqn-num") && explicitTag.MatchString(tex) {
		// In an environment KaTeX writes an empty cell for \tag into MathML.
		math, err = d.render(explicitTag.ReplaceAllString(tex, `\qquad\text{(${1})}`), display)
	}
	return math, err
}

// explicitTag matches the number that an author gives to a line of an environment.
var explicitTag = regexp.MustCompile(`\\tag\*?\{([^{}$]*)\}`)

// render calls KaTeX, which is loaded.
func (d *Document) render(tex string, display bool) (string, error) {
	vm := d.r.vm
	late := time.AfterFunc(patience, func() { vm.Interrupt("it takes too long") })
	v, err := d.r.render(goja.Undefined(), vm.ToValue(tex), vm.ToValue(display), d.macros)
	late.Stop()
	vm.ClearInterrupt()
	if err != nil {
		return "", fmt.Errorf("formula %q: %w: %w", tex, ErrTeX, err)
	}
	answer := v.ToObject(vm)
	if problem := answer.Get("problem"); problem != nil {
		return "", fmt.Errorf("formula %q: %w: %s", tex, ErrTeX, plain(problem.String()))
	}
	return core(alone(answer.Get("math").String())), nil
}

// plain removes what KaTeX adds to point at a place of the formula.
func plain(problem string) string {
	return strings.ReplaceAll(strings.TrimPrefix(problem, "KaTeX parse error: "), "\u0332", "")
}

// alone takes the math element out of the span that KaTeX wraps around it.
func alone(text string) string {
	from, to := strings.Index(text, "<math"), strings.LastIndex(text, "</math>")
	if from < 0 || to < from {
		return text
	}
	return text[from : to+len("</math>")]
}

// script calls KaTeX. Without trust a formula can neither link nor load anything;
// globalGroup keeps what a formula defines for those that follow.
const script = `(function (tex, display, macros) {
	try {
		return {math: katex.renderToString(tex, {output: "mathml", displayMode: display, throwOnError: true, strict: "ignore",
			trust: false, maxExpand: 1000, maxSize: 50, macros: macros, globalGroup: true})};
	} catch (e) {
		return {problem: String(e && e.message || e)};
	}
})`

// ready loads KaTeX unless it is loaded.
func (r *Renderer) ready() error {
	if r.render != nil || r.failed != nil {
		return r.failed
	}
	r.failed = r.start()
	return r.failed
}

func (r *Renderer) start() error {
	js, err := r.load()
	if err != nil {
		return fmt.Errorf("formula: KaTeX: %w", err)
	}
	vm := goja.New()
	const loader = "var module = {exports: {}}, exports = module.exports, console = {log() {}, warn() {}, error() {}};"
	for _, part := range []struct{ name, text string }{{"loader", loader}, {"katex.min.js", string(js)}, {"library", "var katex = module.exports;"}} {
		if _, err := vm.RunScript(part.name, part.text); err != nil {
			return fmt.Errorf("formula: load KaTeX: %s: %w", part.name, err)
		}
	}
	v, err := vm.RunString(script)
	if err != nil {
		return fmt.Errorf("formula: load KaTeX: %w", err)
	}
	render, ok := goja.AssertFunction(v)
	if _, there := vm.Get("katex").ToObject(vm).Get("renderToString").(*goja.Object); !ok || !there {
		return errors.New("formula: the library given is not KaTeX")
	}
	r.vm, r.render = vm, render
	return nil
}
