package session

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// The names that packages nets, data and engine know. A kernel that linked those would
// take seconds to start; a test holds the lists together.
var (
	activations  = strings.Fields("identity sigmoid tanh relu leaky_relu elu selu gelu softplus silu")
	initializers = strings.Fields("glorot_uniform glorot_normal he_uniform he_normal he_normal_out lecun_uniform lecun_normal orthogonal uniform_fan_in")
	recurrences  = append(slices.Clone(initializers), "identity")
	optimizers   = strings.Fields("adam sgd momentum rmsprop")
	datasets     = strings.Fields("mnist fashion cifar10 synthetic regression mnist_pixels adding copy order")
	losses       = []string{"cross_entropy", "mean_squared_error"}
)

// experiments finds experiments that the laboratory would refuse: calls of package cell
// whose arguments are known before the cell runs.
func (b *build) experiments() (problems []problem) {
	if b.file == nil || len(b.errors) > 0 && b.info == nil {
		return nil
	}
	ast.Inspect(b.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 || call.Ellipsis.IsValid() {
			return true
		}
		if c, _, _ := b.text.origin(b.offsetOf(call.Pos())); c != b.p.cell {
			return true
		}
		for _, found := range b.checkCall(call) {
			c, offset, _ := b.text.origin(b.offsetOf(found.at.Pos()))
			problems = append(problems, problem{c, offset + found.skip, found.message})
		}
		return true
	})
	return problems
}

// refused is what is wrong with an argument.
type refused struct {
	at      ast.Node
	skip    int // bytes into it
	message string
}

// checkCall checks the experiments that a call of package cell is given.
func (b *build) checkCall(call *ast.CallExpr) (wrong []refused) {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	f, ok := b.info.Uses[sel.Sel].(*types.Func)
	if !ok || f.Pkg() == nil || f.Pkg().Path() != cellPath || f.Signature().Recv() != nil {
		return nil
	}
	switch f.Name() {
	case "Compare", "Recorded":
		return b.checkVariants(call)
	case "Sweep":
		return b.checkSweep(call)
	case "Train", "Run", "All":
		for _, arg := range call.Args {
			if e, ok := b.experiment(arg); ok {
				wrong = append(wrong, told(checkExperiment(e), arg)...)
			}
		}
	}
	return wrong
}

// checkVariants checks a base with each variant, as cell.Compare does. Of a base that is
// not known before the cell runs, the words are checked that are wrong with any.
func (b *build) checkVariants(call *ast.CallExpr) (wrong []refused) {
	bases := []vgrad.Experiment{{}}
	for _, family := range vgrad.Families() {
		e, _ := vgrad.Experiment{}.Vary("network=" + family) // it is one of the families
		bases = append(bases, e)
	}
	if base, ok := b.experiment(call.Args[0]); ok {
		bases = []vgrad.Experiment{base}
	}
	for _, arg := range call.Args[1:] {
		variant, ok := b.constantString(arg)
		if !ok {
			continue
		}
		var found []refused
		for _, base := range bases {
			e, err := base.Vary(variant)
			if err != nil {
				err = fmt.Errorf("variant %q: %w", variant, err)
			} else {
				err = checkExperiment(e)
			}
			if err == nil {
				found = nil
				break
			}
			if found == nil { // that of the family that an experiment has if it names none
				found = told(err, arg)
			}
		}
		wrong = append(wrong, found...)
	}
	return wrong
}

// checkSweep checks a base with each value of each field, as cell.Sweep does.
func (b *build) checkSweep(call *ast.CallExpr) (wrong []refused) {
	base, ok := b.experiment(call.Args[0])
	if !ok {
		return nil
	}
	var over []string
	for _, arg := range call.Args[1:] {
		axis, ok := b.constantString(arg)
		if !ok {
			return nil
		}
		over = append(over, axis)
	}
	if _, err := (vgrad.Sweep{Base: base, Over: over}).Varied(); err != nil {
		return told(err, call)
	}
	for i, axis := range over {
		if strings.Contains(axis, "..") {
			continue // of numbers
		}
		es, _ := vgrad.Sweep{Base: base, Over: []string{axis}}.Experiments()
		for _, e := range es {
			if found := told(checkExperiment(e), call.Args[i+1]); found != nil {
				wrong = append(wrong, found...)
			}
		}
	}
	return wrong
}

// checkExperiment is engine.Check as far as it can be known without the packages that
// know the names; its errors are those.
func checkExperiment(e vgrad.Experiment) error {
	wrong := []error{e.Validate(), checkNetwork(e)}
	for _, stage := range e.InStages() {
		wrong = append(wrong, oneOf("optimizer", stage.Optimizer, optimizers))
	}
	if e.Loss != "" && !slices.Contains(losses, e.Loss) {
		wrong = append(wrong, fmt.Errorf("loss is %q; it must be %s or %s", e.Loss, losses[0], losses[1]))
	}
	wrong = append(wrong, oneOf("data set", e.WithDefaults().Data, datasets))
	if err := errors.Join(wrong...); err != nil {
		return fmt.Errorf("%s: %w", e.Name(), err)
	}
	return nil
}

// checkNetwork checks what the builder of a network is given by name.
func checkNetwork(e vgrad.Experiment) error {
	n := e.Resolved()
	var activation, initializer, recurrence string
	switch n := n.(type) {
	case vgrad.MLP:
		activation, initializer = n.Activation, n.Initializer
	case vgrad.Highway:
		activation, initializer = n.Activation, n.Initializer
	case vgrad.RNN:
		activation, initializer, recurrence = n.Activation, n.Initializer, n.Recurrent
	case vgrad.LSTM:
		initializer, recurrence = n.Initializer, n.Recurrent
	case vgrad.GRU:
		initializer, recurrence = n.Initializer, n.Recurrent
	case vgrad.Residual:
		activation, initializer = n.Activation, n.Initializer
	case vgrad.ResNet:
		activation, initializer = n.Activation, n.Initializer
	case vgrad.Model:
		return fmt.Errorf("network is %q; the families are %s; to train a model of your own, pass its function", n.Family(), strings.Join(vgrad.Families(), ", "))
	default:
		return nil
	}
	for _, word := range []struct {
		field, value string
		known        []string
	}{{"activation", activation, activations}, {"initializer", initializer, initializers}, {"recurrent initializer", recurrence, recurrences}} {
		if word.value == "" {
			continue // the family has no such field
		}
		if err := oneOf(word.field, word.value, word.known); err != nil {
			return err
		}
	}
	return nil
}

func oneOf(what, name string, known []string) error {
	if slices.Contains(known, name) {
		return nil
	}
	return fmt.Errorf("unknown %s %q; the known ones are %s", what, name, strings.Join(known, ", "))
}

// misspelt finds the word that an error is about, and the words there are.
var misspelt = regexp.MustCompile(`(?:unknown [a-z ]+|no field|loss is|network is) ("(?:[^"\\]|\\.)*"); (?:the known ones are|it has|it must be|the families are) ([^;]*)`)

// told makes of an error what the reader is told, at the word that is meant where it can
// be found.
func told(err error, arg ast.Node) []refused {
	if err == nil {
		return nil
	}
	r := refused{at: arg, message: strings.ReplaceAll(err.Error(), "\n", "; ")}
	m := misspelt.FindStringSubmatch(r.message)
	if m == nil {
		return []refused{r}
	}
	word, _ := strconv.Unquote(m[1])
	names := strings.FieldsFunc(m[2], func(c rune) bool { return c == ',' || c == ' ' })
	if near := nearest(word, names); near != "" {
		r.message += fmt.Sprintf("; did you mean %s?", near)
	}
	ast.Inspect(arg, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || r.at != arg {
			return true
		}
		if i := strings.Index(lit.Value, word); i >= 0 {
			r.at, r.skip = lit, i
		}
		return true
	})
	return []refused{r}
}

func (b *build) constantString(e ast.Expr) (string, bool) {
	tv := b.info.Types[e]
	if tv.Value == nil || tv.Value.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(tv.Value), true
}

// experiment evaluates an expression whose value is known before the cell runs.
func (b *build) experiment(e ast.Expr) (vgrad.Experiment, bool) {
	var value vgrad.Experiment
	ok := b.evaluate(e, reflect.ValueOf(&value).Elem())
	return value, ok
}

// evaluate sets to to the value of an expression, if that is known: a constant, a literal
// of the laboratory's types, a variable of this cell that is nothing else.
func (b *build) evaluate(e ast.Expr, to reflect.Value) bool {
	e = ast.Unparen(e)
	tv := b.info.Types[e]
	if to.Kind() == reflect.Interface { // a network
		t, ok := networkType(tv.Type)
		if !ok {
			return false
		}
		v := reflect.New(t).Elem()
		if !b.evaluate(e, v) {
			return false
		}
		to.Set(v)
		return true
	}
	if tv.Value != nil {
		return setConstant(to, tv.Value)
	}
	switch e := e.(type) {
	case *ast.CompositeLit:
		return b.evaluateLiteral(e, to)
	case *ast.Ident:
		return b.evaluateVariable(e, to)
	case *ast.SelectorExpr:
		if o := b.info.Uses[e.Sel]; o != nil && o.Pkg() != nil && o.Pkg().Path() == labModule+"/vgrad" && o.Name() == "Zero" && to.Kind() == reflect.Float64 {
			to.SetFloat(vgrad.Zero)
			return true
		}
	}
	return false
}

// networkType is the family that a static type is.
func networkType(t types.Type) (reflect.Type, bool) {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != labModule+"/vgrad" {
		return nil, false
	}
	switch named.Obj().Name() {
	case "MLP":
		return reflect.TypeFor[vgrad.MLP](), true
	case "Highway":
		return reflect.TypeFor[vgrad.Highway](), true
	case "RNN":
		return reflect.TypeFor[vgrad.RNN](), true
	case "LSTM":
		return reflect.TypeFor[vgrad.LSTM](), true
	case "GRU":
		return reflect.TypeFor[vgrad.GRU](), true
	case "Model":
		return reflect.TypeFor[vgrad.Model](), true
	}
	return nil, false
}

func setConstant(to reflect.Value, v constant.Value) bool {
	switch to.Kind() {
	case reflect.String:
		if v.Kind() != constant.String {
			return false
		}
		to.SetString(constant.StringVal(v))
	case reflect.Int:
		n, ok := constant.Int64Val(constant.ToInt(v))
		if !ok {
			return false
		}
		to.SetInt(n)
	case reflect.Uint64:
		n, ok := constant.Uint64Val(constant.ToInt(v))
		if !ok {
			return false
		}
		to.SetUint(n)
	case reflect.Float64:
		x, _ := constant.Float64Val(constant.ToFloat(v))
		if math.IsNaN(x) {
			return false
		}
		to.SetFloat(x)
	default:
		return false
	}
	return true
}

// evaluateLiteral sets a struct or a slice of the laboratory's from its literal.
func (b *build) evaluateLiteral(lit *ast.CompositeLit, to reflect.Value) bool {
	switch to.Kind() {
	case reflect.Struct:
		if len(lit.Elts) > 0 && to.Type().PkgPath() != labModule+"/vgrad" {
			return false
		}
		for i, e := range lit.Elts {
			field := reflect.Value{}
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if id, ok := kv.Key.(*ast.Ident); ok {
					field = to.FieldByName(id.Name)
				}
				e = kv.Value
			} else if i < to.NumField() {
				field = to.Field(i)
			}
			if !field.IsValid() || !field.CanSet() || !b.evaluate(e, field) {
				return false
			}
		}
		return true
	case reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), len(lit.Elts), len(lit.Elts)))
		for i, e := range lit.Elts {
			if _, keyed := e.(*ast.KeyValueExpr); keyed || !b.evaluate(e, to.Index(i)) {
				return false
			}
		}
		return true
	}
	return false
}

// evaluateVariable takes the value that this cell defines a variable with, if it is
// never assigned to.
func (b *build) evaluateVariable(id *ast.Ident, to reflect.Value) bool {
	o, ok := b.info.Uses[id].(*types.Var)
	if !ok || o.Parent() != b.pkg.Scope() {
		return false
	}
	var value ast.Expr
	ast.Inspect(b.file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for i, name := range spec.Names {
				if b.info.Defs[name] == o && len(spec.Values) == len(spec.Names) {
					value = spec.Values[i]
				}
			}
		}
		return true
	})
	return value != nil && b.isFinal(o.Name()) && !b.changes(o) && b.evaluate(value, to)
}

// changes reports whether anything of the cell may change a variable after its
// definition.
func (b *build) changes(o types.Object) (changes bool) {
	ast.Inspect(b.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				changes = changes || b.isOf(left, o)
			}
		case *ast.RangeStmt:
			changes = changes || n.Key != nil && b.isOf(n.Key, o) || n.Value != nil && b.isOf(n.Value, o)
		case *ast.IncDecStmt:
			changes = changes || b.isOf(n.X, o)
		case *ast.UnaryExpr:
			changes = changes || n.Op.String() == "&" && b.isOf(n.X, o)
		}
		return true
	})
	return changes
}

// isFinal reports whether a variable of the checked text is defined but once.
func (b *build) isFinal(name string) bool {
	if original, ok := b.renamed[name]; ok {
		name = original
	}
	return b.p.versions[name] == 1 && b.merged[variable{name, 1}] == (variable{})
}

// isOf reports whether an expression is a variable or a part of it.
func (b *build) isOf(e ast.Expr, o types.Object) bool {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.Ident:
			return b.info.Uses[x] == o
		default:
			return false
		}
	}
}
