package session

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// role is what a string is for. Each role knows which words the laboratory takes there.
type role struct {
	kind  roleKind
	field string           // of a value: the field's JSON name
	base  vgrad.Experiment // of a variant: what is varied
	known bool             // whether the base is known
	names []labWord        // of constants: their values
}

type roleKind int

const (
	noRole       roleKind = iota
	variantRole           // "depth=12 relu": Vary's words
	axisRole              // "depth=2..12", "relu,tanh": a sweep's
	fieldRole             // "depth": the name of a field
	valueRole             // "relu": the value of a field
	constantRole          // the value of one of a type's constants
)

// labWord is a word that a string may have.
type labWord struct {
	text, kind, about string
}

// wordList is which words may stand at a place of a string, and where the word begins.
type wordList struct {
	from  int
	words []labWord
}

// wordsAt lists the words for a place of a string, of which text stands before the cursor.
func (r role) wordsAt(text string) wordList {
	switch r.kind {
	case variantRole:
		return r.variantWords(text)
	case axisRole:
		return r.axisWords(text)
	case fieldRole:
		return wordList{0, fieldWords(r.bases(""), "", nil)}
	case valueRole:
		return wordList{0, valuesOf(r.field)}
	case constantRole:
		return wordList{0, r.names}
	}
	return wordList{}
}

// variantWords lists what may follow in "network=highway gate_bias=-1 re".
func (r role) variantWords(text string) wordList {
	from := strings.LastIndexAny(text, " \t\n") + 1
	word := text[from:]
	if name, _, ok := strings.Cut(word, "="); ok {
		return wordList{from + len(name) + 1, valuesOf(name)}
	}
	used := map[string]bool{}
	for _, w := range strings.Fields(text[:from]) {
		name, _, _ := strings.Cut(w, "=")
		used[name] = true
	}
	words := valuesOf("activation")
	if slices.ContainsFunc(words, func(w labWord) bool { return used[w.text] }) || used["activation"] {
		words, used["activation"] = nil, true
	}
	return wordList{from, append(words, fieldWords(r.bases(text[:from]), "=", used)...)}
}

// axisWords lists what may follow in "activation=relu,ta" and "relu,ta".
func (r role) axisWords(text string) wordList {
	name, list, ok := strings.Cut(text, "=")
	if !ok {
		name, list = "activation", text
	}
	values := wordList{len(text) - len(list) + strings.LastIndexByte(list, ',') + 1, nil}
	used := strings.Split(list[:strings.LastIndexByte(list, ',')+1], ",")
	for _, w := range valuesOf(strings.TrimSpace(name)) {
		if !slices.Contains(used, w.text) {
			values.words = append(values.words, w)
		}
	}
	if !ok && !strings.Contains(list, ",") {
		values.words = append(values.words, fieldWords(r.bases(""), "=", map[string]bool{"label": true})...)
	}
	return values
}

// bases are the experiments that the words are said of: with the families that they may
// have, where that is not known.
func (r role) bases(before string) []vgrad.Experiment {
	for _, w := range slices.Backward(strings.Fields(before)) {
		if name, family, ok := strings.Cut(w, "="); ok && name == "network" && slices.Contains(vgrad.Families(), family) {
			return []vgrad.Experiment{ofFamily(family)}
		}
	}
	if r.known {
		return []vgrad.Experiment{r.base}
	}
	var all []vgrad.Experiment
	for _, family := range vgrad.Families() {
		all = append(all, ofFamily(family))
	}
	return all
}

func ofFamily(family string) vgrad.Experiment {
	e, err := vgrad.Experiment{}.Vary("network=" + family)
	if err != nil {
		return vgrad.Experiment{}
	}
	return e
}

// fieldWords lists the fields of experiments as Vary takes them, the network's first.
func fieldWords(es []vgrad.Experiment, suffix string, used map[string]bool) (words []labWord) {
	add := func(names []string, about string) {
		for _, name := range names {
			if name != "" && name != "-" && !used[name] && !slices.ContainsFunc(words, func(w labWord) bool { return w.text == name+suffix }) {
				words = append(words, labWord{name + suffix, "field", about})
			}
		}
	}
	for _, e := range es {
		add(jsonNames(reflect.TypeOf(e.Resolved())), "parameter of "+e.Resolved().Family())
	}
	perceptron := jsonNames(reflect.TypeFor[vgrad.MLP]())
	add(slices.DeleteFunc(vgrad.Fields(), func(name string) bool { return slices.Contains(perceptron, name) }), "field of an experiment")
	return words
}

// jsonNames are the names that the fields of a struct have on disk.
func jsonNames(t reflect.Type) (names []string) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		names = append(names, jsonName(string(f.Tag)))
	}
	return names
}

func jsonName(tag string) string {
	name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
	return name
}

// valuesOf lists the values that a field can have, where they are words.
func valuesOf(field string) (words []labWord) {
	lists := map[string][]string{
		"activation": activations, "initializer": initializers, "recurrent": recurrences, "optimizer": optimizers,
		"data": datasets, "loss": losses, "network": vgrad.Families(),
	}
	for _, name := range lists[field] {
		words = append(words, labWord{name, "value", labels[field]})
	}
	return words
}

// labels say what the values of a field are.
var labels = map[string]string{
	"activation": "activation", "initializer": "initializer of the weights", "optimizer": "optimizer",
	"data": "data set", "loss": "loss", "network": "family of networks",
}

// quantityWords lists the quantities, those that were added too.
func quantityWords() (words []labWord) {
	for _, q := range quantities() {
		about := "quantity"
		if info, err := q.Info(); err == nil {
			about = info.Title
		}
		words = append(words, labWord{string(q), "value", about})
	}
	return words
}

// quantities are those of the laboratory, then those that were added. Only the error of an
// unknown one lists the latter.
func quantities() []vgrad.Quantity {
	all := vgrad.Quantities()
	_, err := vgrad.Quantity("\x00").Info()
	if err == nil {
		return all
	}
	_, list, _ := strings.Cut(err.Error(), "the known ones are ")
	for name := range strings.SplitSeq(list, ", ") {
		if q := vgrad.Quantity(name); name != "" && !slices.Contains(all, q) {
			all = append(all, q)
		}
	}
	return all
}

// roleOfText tells what the string at the end of the path is for.
func (sc *scene) roleOfText() role {
	n := 0
	for {
		if _, ok := sc.node(n + 1).(*ast.ParenExpr); !ok {
			break
		}
		n++
	}
	if r := sc.roleOfType(sc.wanted(n)); r.kind != noRole {
		return r
	}
	for { // an element is for what its list is for
		lit, ok := sc.node(n + 1).(*ast.CompositeLit)
		if !ok {
			break
		}
		if _, isStruct := underlying(sc.literalType(lit)).(*types.Struct); isStruct {
			break
		}
		n++
	}
	return sc.roleAt(n)
}

func (sc *scene) roleAt(n int) role {
	e, ok := sc.node(n).(ast.Expr)
	if !ok {
		return role{}
	}
	switch parent := sc.node(n + 1).(type) {
	case *ast.KeyValueExpr:
		lit, ok := sc.node(n + 2).(*ast.CompositeLit)
		if !ok || parent.Value != e {
			return role{}
		}
		s, _ := underlying(sc.literalType(lit)).(*types.Struct)
		id, _ := parent.Key.(*ast.Ident)
		if s != nil && id != nil {
			return roleOfField(s, id.Name)
		}
	case *ast.CompositeLit:
		s, _ := underlying(sc.literalType(parent)).(*types.Struct)
		if i := slices.Index(parent.Elts, e); s != nil && i >= 0 && i < s.NumFields() {
			return roleOfField(s, s.Field(i).Name())
		}
	case *ast.CallExpr:
		if p, f := sc.param(parent, e); p != nil && f != nil {
			return sc.roleOfParam(parent, p, f)
		}
	case *ast.BinaryExpr:
		return sc.roleOfOperand(other(parent, e))
	case *ast.AssignStmt:
		if i := slices.Index(parent.Rhs, e); i >= 0 && i < len(parent.Lhs) {
			return sc.roleOfOperand(parent.Lhs[i])
		}
	case *ast.CaseClause:
		if s, ok := sc.node(n + 3).(*ast.SwitchStmt); ok && s.Tag != nil {
			return sc.roleOfOperand(s.Tag)
		}
	}
	return role{}
}

// roleOfType is that of a type whose values are words: a quantity, or what has constants.
func (sc *scene) roleOfType(t types.Type) role {
	if t == nil {
		return role{}
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return role{}
	}
	if b, ok := named.Underlying().(*types.Basic); !ok || b.Info()&types.IsString == 0 {
		return role{}
	}
	p := named.Obj().Pkg()
	r := role{kind: constantRole}
	if p.Path() == labModule+"/vgrad" && named.Obj().Name() == "Quantity" {
		r.names = quantityWords()
		return r
	}
	for _, name := range p.Scope().Names() {
		c, ok := p.Scope().Lookup(name).(*types.Const)
		if !ok || !types.Identical(c.Type(), named) || !c.Exported() && p != sc.pkg {
			continue
		}
		r.names = append(r.names, labWord{constant.StringVal(c.Val()), "value", types.ObjectString(c, sc.qualifier)})
	}
	if len(r.names) == 0 {
		return role{}
	}
	return r
}

// roleOfOperand is that of what is compared with, or assigned to, a field.
func (sc *scene) roleOfOperand(e ast.Expr) role {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return role{}
	}
	selection := sc.info.Selections[sel]
	if selection == nil || selection.Kind() != types.FieldVal {
		return role{}
	}
	t := selection.Recv()
	for _, i := range selection.Index() {
		if p, ok := underlying(t).(*types.Pointer); ok {
			t = p.Elem()
		}
		s, ok := underlying(t).(*types.Struct)
		if !ok {
			return role{}
		}
		if s.Field(i) == selection.Obj() {
			return roleOfField(s, s.Field(i).Name())
		}
		t = s.Field(i).Type()
	}
	return role{}
}

// roleOfField is that of the value of a field of the laboratory's.
func roleOfField(s *types.Struct, name string) role {
	for i := range s.NumFields() {
		f := s.Field(i)
		if f.Name() != name || f.Pkg() == nil || !strings.HasPrefix(f.Pkg().Path(), labModule+"/") {
			continue
		}
		if field := jsonName(s.Tag(i)); len(valuesOf(field)) > 0 {
			return role{kind: valueRole, field: field}
		}
		if name == "Over" {
			return role{kind: axisRole}
		}
	}
	return role{}
}

// paramRoles are what parameters of the laboratory's functions are for, by their names.
var paramRoles = map[string]role{
	"variant": {kind: variantRole}, "variants": {kind: variantRole}, "over": {kind: axisRole},
	"field": {kind: fieldRole}, "fields": {kind: fieldRole}, "columns": {kind: fieldRole}, "rows": {kind: fieldRole},
	"activation": {kind: valueRole, field: "activation"}, "initializer": {kind: valueRole, field: "initializer"},
	"optimizer": {kind: valueRole, field: "optimizer"}, "network": {kind: valueRole, field: "network"},
	"family": {kind: valueRole, field: "network"}, "loss": {kind: valueRole, field: "loss"},
}

// nameRoles are what the parameter "name" of some functions is for, by package.
var nameRoles = map[string]string{
	"nets.NewActivation": "activation", "nets.MustActivation": "activation", "nets.NewInitializer": "initializer",
	"data.Load": "data", "data.Open": "data", "vgrad.Field": "",
}

func (sc *scene) roleOfParam(call *ast.CallExpr, p *types.Var, f types.Object) role {
	if f.Pkg() == nil || !strings.HasPrefix(f.Pkg().Path(), labModule+"/") {
		return role{}
	}
	r := paramRoles[p.Name()]
	if field, ok := nameRoles[f.Pkg().Name()+"."+f.Name()]; ok && p.Name() == "name" {
		if r = (role{kind: valueRole, field: field}); field == "" {
			r = role{kind: fieldRole}
		}
	}
	if r.kind == variantRole || r.kind == axisRole || r.kind == fieldRole {
		r.base, r.known = sc.baseOf(call)
	}
	return r
}

// baseOf is the experiment that a call varies: an argument, or what its method is of.
func (sc *scene) baseOf(call *ast.CallExpr) (vgrad.Experiment, bool) {
	for _, e := range call.Args {
		if sc.isExperiment(e) {
			return sc.baseValue(e)
		}
	}
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && sc.isExperiment(sel.X) {
		return sc.baseValue(sel.X)
	}
	return vgrad.Experiment{}, false
}

// baseValue is an experiment as far as it is known before the cell runs: of one that is
// computed, at least the family.
func (sc *scene) baseValue(e ast.Expr) (vgrad.Experiment, bool) {
	if base, ok := sc.experiment(e); ok {
		return base, true
	}
	lit, ok := ast.Unparen(e).(*ast.CompositeLit)
	if !ok {
		return vgrad.Experiment{}, false
	}
	for _, x := range lit.Elts {
		kv, ok := x.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if id, ok := kv.Key.(*ast.Ident); ok && id.Name == "Network" {
			t, ok := networkType(sc.info.TypeOf(kv.Value))
			if !ok {
				return vgrad.Experiment{}, false
			}
			return vgrad.Experiment{Network: reflect.Zero(t).Interface().(vgrad.Network)}, true
		}
	}
	return vgrad.Experiment{}, true
}

func (sc *scene) isExperiment(e ast.Expr) bool {
	t := sc.typeOfExpr(e)
	if t == nil {
		return false
	}
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == labModule+"/vgrad" && named.Obj().Name() == "Experiment"
}

// guessedRole tells from the tokens before a string what it is for, where types are not
// known yet.
func guessedRole(before []scanned) role {
	depth := 0
	for i := len(before) - 1; i > 0; i-- {
		switch t := before[i]; {
		case isClosing(t.tok):
			depth++
		case isOpening(t.tok):
			if depth > 0 {
				depth--
				continue
			}
			switch f := before[i-1]; {
			case f.tok != token.IDENT:
			case f.lit == "Compare" || f.lit == "Recorded" || f.lit == "Vary":
				return role{kind: variantRole, known: true}
			case f.lit == "Sweep":
				return role{kind: axisRole, known: true}
			}
			return role{}
		case t.tok == token.COLON && depth == 0 && before[i-1].tok == token.IDENT && i == len(before)-1:
			if f, ok := reflect.TypeFor[vgrad.Experiment]().FieldByName(before[i-1].lit); ok {
				return role{kind: valueRole, field: jsonName(string(f.Tag))}
			}
			return role{}
		}
	}
	return role{}
}

// quotedValues are the values of a field as Go strings, for where a string may begin.
func (r role) quotedValues() (list []candidate) {
	if r.kind != valueRole {
		return nil
	}
	for _, w := range valuesOf(r.field) {
		list = append(list, candidate{text: fmt.Sprintf("%q", w.text), by: w.text, kind: "value", signature: w.about})
	}
	return list
}
