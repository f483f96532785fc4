package vgrad

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Experiment says what is to be run: a network, its task, how it is trained and
// what is measured. It is a plain value: copy it, change a field, compare.
//
// A field left at its zero value takes the default stated beside it. The
// defaults are the article's experiment. [Experiment.Hash] does not depend on
// whether a default is written out. To set a number to zero, use [Zero].
type Experiment struct {
	// Label is the run's name in figures. It is not part of the hash.
	// Zero: the fields in which the experiment differs from the article's; see Name.
	Label string `json:"label,omitempty"`

	// Network is the family with its parameters, such as Highway{Depth: 20}, or
	// the name of a [Model] whose function the caller supplies. Zero: the
	// perceptron that the next six fields describe. These are the fields of
	// [MLP]; with another family they must be unset.
	Network     Network `json:"-"`
	Depth       int     `json:"depth,omitempty"`
	Width       int     `json:"width,omitempty"`
	Activation  string  `json:"activation,omitempty"`
	Slope       float64 `json:"slope,omitempty"`
	Initializer string  `json:"initializer,omitempty"`
	Gain        float64 `json:"gain,omitempty"`

	// Data names the data set. Zero: "mnist".
	Data string `json:"data,omitempty"`
	// Length is the number of time steps of a sequence, for data that are drawn: how far
	// back an answer lies. Zero: the data set's own.
	Length int `json:"length,omitempty"`
	// Batch is the number of examples of a step. Zero: 30.
	Batch int `json:"batch,omitempty"`
	// Loss is what is minimized, "cross_entropy" or "mean_squared_error".
	// Zero: the data set's own loss.
	Loss string `json:"loss,omitempty"`

	// Optimizer turns gradients into updates. Zero: "adam".
	Optimizer string `json:"optimizer,omitempty"`
	// LearningRate is the optimizer's. Zero: 0.001.
	LearningRate float64 `json:"learning_rate,omitempty"`
	// Steps is the number of training steps. Zero: the sum over the stages, or
	// 2500 without stages.
	Steps int `json:"steps,omitempty"`
	// Stages are the parts of the training in order, such as pre-training and
	// fine-tuning. Nil: one stage that trains all variables for Steps steps.
	Stages []Stage `json:"stages,omitempty"`
	// Seed of the initial weights and the shuffles. Zero: seed 0.
	Seed uint64 `json:"seed,omitempty"`

	// Measure says what is measured and how often. Zero: everything.
	Measure Measure `json:"measure,omitzero"`

	// zeros names the fields that are zero on purpose, each followed by a space.
	zeros string
}

// Stage is a part of a training. Each stage starts with a new optimizer; the
// batches and the step numbers continue from the stage before.
type Stage struct {
	// Name is the stage's name in figures. Zero: "stage 1" and so on.
	Name string `json:"name,omitempty"`
	// Steps of the stage; at least 1.
	Steps int `json:"steps"`
	// Train selects the variables that are trained, by patterns of their paths
	// separated by commas, such as "/layer1/*" (see [MatchPath]). Zero: all, or
	// those of Layer if there is an Objective.
	Train string `json:"train,omitempty"`
	// Optimizer and LearningRate of the stage. Zero: the experiment's.
	Optimizer    string  `json:"optimizer,omitempty"`
	LearningRate float64 `json:"learning_rate,omitempty"`
	// Objective is what the stage minimizes: one of [Objectives], which train a
	// single layer. Zero: the experiment's loss.
	Objective string `json:"objective,omitempty"`
	// Layer is the layer that the objective trains, from 1, by its place in
	// forward order. It must be set if Objective is. Zero: none.
	Layer int `json:"layer,omitempty"`
}

// Defaults returns the article's experiment with every field written out.
func Defaults() Experiment { return Experiment{}.WithDefaults() }

// general holds the defaults of the fields that do not belong to the network.
var general = Experiment{
	Data: "mnist", Batch: 30,
	Optimizer: "adam", LearningRate: 0.001, Steps: 2500,
	Measure: Measure{Every: 1, HistogramEvery: 200},
}

// Resolved returns the network with every parameter written out. The parameters
// come from Network or, for a perceptron, also from the experiment's own fields.
func (e Experiment) Resolved() Network {
	e = e.WithDefaults()
	if _, ok := e.Network.(MLP); ok {
		return e.perceptron()
	}
	return e.Network
}

// perceptron collects the fields of MLP.
func (e Experiment) perceptron() MLP {
	return MLP{e.Depth, e.Width, e.Activation, e.Slope, e.Initializer, e.Gain}
}

// withPerceptron is the reverse of perceptron.
func (e Experiment) withPerceptron(n MLP) Experiment {
	e.Depth, e.Width, e.Activation, e.Slope, e.Initializer, e.Gain = n.Depth, n.Width, n.Activation, n.Slope, n.Initializer, n.Gain
	return e
}

// flat moves the parameters of an MLP in Network to the experiment's own fields.
// It names the fields that are set to [Zero] in zeros and makes them plain zeros.
// Where both give a parameter, the experiment's field is kept; Validate reports
// the two if they differ.
func (e Experiment) flat() Experiment {
	n, isMLP := e.Network.(MLP)
	if isMLP {
		e.Network = nil
		own := e.perceptron()
		fill(reflect.ValueOf(&own).Elem(), reflect.ValueOf(n), e.zeros)
		e = e.withPerceptron(own)
	}
	e.zeros = markZeros(reflect.ValueOf(&e).Elem(), e.zeros)
	if n := e.Network; n != nil && reflect.TypeOf(n).Kind() == reflect.Struct {
		v := reflect.New(reflect.TypeOf(n)).Elem()
		v.Set(reflect.ValueOf(n))
		e.zeros = markZeros(v, e.zeros)
		e.Network = v.Interface().(Network)
	}
	return e
}

// markZeros makes each negative zero among the fields of v a plain zero. It
// returns zeros with the names of these fields added.
func markZeros(v reflect.Value, zeros string) string {
	for i, name := range namesOf(v.Type()) {
		if f := v.Field(i); f.Kind() == reflect.Float64 && f.Float() == 0 && math.Signbit(f.Float()) {
			f.SetFloat(0)
			zeros = withZero(zeros, name)
		}
	}
	return zeros
}

// withZero adds a name to zeros, which is kept sorted so that experiments compare.
func withZero(zeros, name string) string {
	names := append(strings.Fields(zeros), name)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ") + " "
}

// hasName reports whether zeros contains a name.
func hasName(zeros, name string) bool {
	return zeros != "" && slices.Contains(strings.Fields(zeros), name)
}

// WithDefaults returns e with every unset field written out.
func (e Experiment) WithDefaults() Experiment {
	e = e.flat()
	if e.Steps == 0 {
		for _, s := range e.Stages {
			e.Steps += s.Steps
		}
	}
	fill(reflect.ValueOf(&e).Elem(), reflect.ValueOf(general), e.zeros)
	switch n := e.Network.(type) {
	case nil:
		n2 := e.perceptron()
		fill(reflect.ValueOf(&n2).Elem(), reflect.ValueOf(MLP{}.Defaults()), e.zeros)
		e = e.withPerceptron(n2)
		e.Network = MLP{}
	case Model:
		n2 := e.perceptron()
		fill(reflect.ValueOf(&n2).Elem(), reflect.ValueOf(MLP{}.Defaults()), e.zeros)
		e = e.withPerceptron(n2)
	default:
		v := reflect.New(reflect.TypeOf(n)).Elem()
		v.Set(reflect.ValueOf(n))
		fill(v, reflect.ValueOf(n.Defaults()), e.zeros)
		e.Network = v.Interface().(Network)
	}
	return e
}

// fill sets the zero fields of dst from src, also in nested structs. It leaves
// the fields that zeros names, which are zero on purpose.
func fill(dst, src reflect.Value, zeros string) {
	for i, name := range namesOf(dst.Type()) {
		switch d, s := dst.Field(i), src.Field(i); {
		case !d.CanSet() || d.Kind() == reflect.Interface || hasName(zeros, name):
		case d.Kind() == reflect.Struct:
			fill(d, s, "")
		case d.IsZero():
			d.Set(s)
		}
	}
}

// unset sets the fields of dst that equal those of src to zero, also in nested
// structs. It leaves the fields that zeros names.
func unset(dst, src reflect.Value, zeros string) {
	for i, name := range namesOf(dst.Type()) {
		switch d, s := dst.Field(i), src.Field(i); {
		case !d.CanSet() || d.Kind() == reflect.Interface || hasName(zeros, name):
		case d.Kind() == reflect.Struct:
			unset(d, s, "")
		case d.Comparable() && d.Equal(s):
			d.SetZero()
		}
	}
}

// withoutDefaults returns e with every field that equals its default unset. It
// keeps the names in zeros whose fields are still zero.
func (e Experiment) withoutDefaults() Experiment {
	e = e.flat()
	e.zeros = e.zerosInUse()
	byDefault := general
	for i, s := range e.Stages {
		if i == 0 {
			byDefault.Steps = 0
		}
		byDefault.Steps += s.Steps
	}
	unset(reflect.ValueOf(&e).Elem(), reflect.ValueOf(byDefault), e.zeros)
	switch n := e.Network.(type) {
	case nil, Model:
		own := e.perceptron()
		unset(reflect.ValueOf(&own).Elem(), reflect.ValueOf(MLP{}.Defaults()), e.zeros)
		e = e.withPerceptron(own)
	default:
		v := reflect.New(reflect.TypeOf(n)).Elem()
		v.Set(reflect.ValueOf(n))
		unset(v, reflect.ValueOf(n.Defaults()), e.zeros)
		e.Network = v.Interface().(Network)
	}
	return e
}

// zerosInUse returns zeros without the fields that now have another value, and
// without those whose default is zero.
func (e Experiment) zerosInUse() string {
	kept := ""
	for _, name := range strings.Fields(e.zeros) {
		f, err := e.field(name)
		if err != nil || !f.IsZero() {
			continue
		}
		byDefault := Experiment{}.WithDefaults()
		byDefault.Network = e.Network
		if d, err := byDefault.WithDefaults().field(name); err == nil && !d.IsZero() {
			kept = withZero(kept, name)
		}
	}
	return kept
}

// Name returns the label. Without one it returns the activation followed by the
// fields in which the experiment differs from the article's, except the seed:
// "tanh depth=20 width=32". For other families than the perceptron it begins
// with the family: "highway depth=20".
func (e Experiment) Name() string {
	if e.Label != "" {
		return e.Label
	}
	e = e.withoutDefaults()
	words := []string{e.nameStart()}
	for _, name := range e.fields() {
		f, err := e.field(name)
		switch {
		case err != nil || name == "label" || name == "network" || name == "seed":
		case name == "activation" && e.Network == nil:
		case !f.IsZero() || hasName(e.zeros, name):
			words = append(words, name+"="+text(f))
		}
	}
	for i, s := range e.Stages {
		words = append(words, fmt.Sprintf("stage%d=%d%s%s", i+1, s.Steps, s.Train, s.aim()))
	}
	return strings.Join(words, " ")
}

// nameStart is the first word of the name: the activation of a perceptron, else
// the family.
func (e Experiment) nameStart() string {
	if e.Network != nil {
		return e.Network.Family()
	}
	return e.WithDefaults().Activation
}

// text writes the value of a field in the form that Vary reads.
func text(f reflect.Value) string { return fmt.Sprint(f.Interface()) }

// Vary returns e changed as the variant says: one or more words, each
// "field=value" with the field's JSON name ("depth=20 width=32"); a word
// without "=" is an activation ("relu"). "network=highway" changes the family
// and keeps the parameters that both families have. Vary fails on a field that
// does not exist and on a value that does not fit its field.
func (e Experiment) Vary(variant string) (Experiment, error) {
	words := strings.FieldsFunc(variant, func(r rune) bool { return r == ' ' || r == ',' })
	if len(words) == 0 {
		return e, errors.New("empty variant; give an activation or field=value, such as \"depth=20\"")
	}
	slices.SortStableFunc(words, func(a, b string) int { return familyFirst(a) - familyFirst(b) })
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			name, value = "activation", word
		}
		if err := e.set(name, value); err != nil {
			return e, err
		}
	}
	return e, nil
}

// familyFirst sorts the word that names the family before those of its parameters.
func familyFirst(word string) int {
	if strings.HasPrefix(word, "network=") {
		return 0
	}
	return 1
}

// set assigns a field by its JSON name. A zero is taken literally, not as the
// default. It is an error for a field that cannot be zero.
func (e *Experiment) set(name, value string) error {
	if name == "network" {
		return e.setNetwork(value)
	}
	var zero bool
	err := e.change(name, func(f reflect.Value) error {
		if err := parseInto(f, value); err != nil {
			return fmt.Errorf("%s is %q; %w", name, value, err)
		}
		if f.CanFloat() && f.Float() == 0 {
			f.SetFloat(0) // not the negative zero that "-0" is
		}
		zero = f.IsZero()
		return nil
	})
	if err == nil && zero {
		err = e.recordZero(name, value)
	}
	return err
}

// recordZero records in zeros that a field is zero on purpose.
func (e *Experiment) recordZero(name, value string) error {
	f, err := e.field(name)
	if err != nil {
		return err
	}
	byDefault, err := e.WithDefaults().field(name)
	switch {
	case err != nil || byDefault.IsZero():
		return err
	case f.Kind() == reflect.Float64:
		e.zeros = withZero(e.zeros, name)
		return e.checkField(name)
	case f.Kind() == reflect.Int:
		return fmt.Errorf("%s is 0; it must be at least 1", name)
	}
	return fmt.Errorf("%s=%s has no value; leave the word out for the default, %v", name, value, byDefault)
}

// checkField returns the fault that Validate finds in one field.
func (e Experiment) checkField(name string) error {
	err := e.Validate()
	if err == nil {
		return nil
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if strings.HasPrefix(line, name+" is ") {
			return errors.New(line)
		}
	}
	return nil
}

// setNetwork changes the family and keeps the parameters that the new one has.
func (e *Experiment) setNetwork(name string) error {
	if name == "" {
		return fmt.Errorf("network= has no value; the families are %s", strings.Join(Families(), ", "))
	}
	before := e.flat() // a given parameter is kept, even if it equals the old family's default
	if _, written := e.Network.(MLP); written {
		before = e.withoutDefaults()
	}
	e.Network = familyOf(name)
	_, isMLP := e.Network.(MLP)
	_, isModel := e.Network.(Model)
	if isMLP || isModel {
		if isMLP {
			e.Network = nil
		}
		if before.Network == nil {
			return nil
		}
	}
	*e = e.withPerceptron(MLP{})
	for _, p := range before.parameters() {
		f, err := before.field(p)
		if err != nil || f.IsZero() && !hasName(before.zeros, p) {
			continue
		}
		if err := e.change(p, func(to reflect.Value) error { to.Set(f); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// parameters lists the fields of the experiment's network.
func (e Experiment) parameters() []string {
	switch n := e.Network.(type) {
	case nil, Model:
		return perceptronFields
	default:
		return parameters(n)
	}
}

// change lets f set a field of the experiment or of its network, by its JSON name.
func (e *Experiment) change(name string, f func(reflect.Value) error) error {
	*e = e.flat()
	_, isModel := e.Network.(Model)
	if e.Network != nil && !isModel {
		n, found, err := changed(e.Network, name, f)
		if found {
			e.Network = n
			return err
		}
		if slices.Contains(perceptronFields, name) {
			return noField(e.Network, name)
		}
	}
	v := reflect.ValueOf(e).Elem()
	if i := slices.Index(namesOf(v.Type()), name); i >= 0 && settable(v.Field(i)) {
		return f(v.Field(i))
	}
	return fmt.Errorf("an experiment has no field %q; it has %s", name, strings.Join(e.fields(), ", "))
}

// settable reports whether a field can be set from text.
func settable(f reflect.Value) bool {
	switch f.Kind() {
	case reflect.String, reflect.Int, reflect.Uint64, reflect.Float64:
		return f.CanInterface()
	}
	return false
}

// field returns a copy of a field's value by its JSON name. The value of
// "network" is the family's name.
func (e Experiment) field(name string) (value reflect.Value, err error) {
	if name == "network" {
		family := ""
		if n := e.Network; n != nil {
			family = n.Family()
		}
		return reflect.ValueOf(family), nil
	}
	err = e.change(name, func(f reflect.Value) error { value = f; return nil })
	return value, err
}

// Fields lists the JSON names of the fields that Vary can set. The list has the
// perceptron's parameters; other families have their own.
func Fields() []string { return Experiment{}.fields() }

// FieldNames lists the JSON names of the fields that Vary can set in this
// experiment, with the parameters of its network.
func (e Experiment) FieldNames() []string { return e.fields() }

// fields lists the fields of the experiment, with the parameters of its network
// in place of the perceptron's.
func (e Experiment) fields() []string {
	names := []string{"label", "network"}
	names = append(names, e.parameters()...)
	for i, name := range namesOf(reflect.TypeFor[Experiment]()) {
		if settable(reflect.ValueOf(e).Field(i)) && !slices.Contains(perceptronFields, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Field returns the value of a field by its JSON name, in the form that Vary
// reads. For an unset field it returns the default. It fails on a field that does
// not exist.
func (e Experiment) Field(name string) (string, error) {
	f, err := e.WithDefaults().field(name)
	if err != nil {
		return "", err
	}
	return text(f), nil
}

// NameBy names e by some of its fields: "sigmoid depth=6". The activation comes
// first, as a bare word. Fields that do not exist are left out.
func (e Experiment) NameBy(fields ...string) string {
	var words []string
	for _, name := range fields {
		value, err := e.Field(name)
		switch {
		case err != nil:
		case name == "activation":
			words = slices.Insert(words, 0, value)
		default:
			words = append(words, name+"="+value)
		}
	}
	return strings.Join(words, " ")
}

// parseInto parses text as the kind of f.
func parseInto(f reflect.Value, text string) error {
	switch f.Kind() {
	case reflect.String:
		f.SetString(text)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("it must be a whole number")
		}
		f.SetInt(int64(n))
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return errors.New("it must be a whole number from 0 to 2⁶⁴ − 1")
		}
		f.SetUint(n)
	case reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errors.New("it must be a number")
		}
		f.SetFloat(x)
	case reflect.Bool:
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("it must be true or false")
		}
		f.SetBool(yes)
	default:
		return fmt.Errorf("a field of kind %s cannot be set from text", f.Kind())
	}
	return nil
}

// Validate reports all faults in the numbers and the quantities of the experiment
// in one error, a line for each fault. The names of activations, data sets and
// optimizers are checked by the packages that know them.
func (e Experiment) Validate() error {
	both := e.givenTwice()
	given := e
	e = e.WithDefaults()
	wrong := []error{both, e.Resolved().Check(), atLeastOne("batch", e.Batch), atLeastOne("steps", e.Steps)}
	if e.Length < 0 {
		wrong = append(wrong, fmt.Errorf("length is %d; it must be at least 1", e.Length))
	}
	wrong = append(wrong, above("learning_rate", e.LearningRate, 0))
	wrong = append(wrong, given.checkStages(), e.Measure.check())
	return errors.Join(wrong...)
}

// givenTwice reports network parameters that are set in the experiment's own
// fields although Network is set too.
func (e Experiment) givenTwice() error {
	if _, isModel := e.Network.(Model); e.Network == nil || isModel {
		return nil
	}
	var wrong []error
	own := reflect.ValueOf(e.perceptron())
	for i, name := range perceptronFields {
		f := own.Field(i)
		if f.IsZero() {
			continue
		}
		_, found, _ := changed(e.Network, name, func(in reflect.Value) error {
			if !in.IsZero() && !in.Equal(f) {
				wrong = append(wrong, fmt.Errorf("%s is %v in the network and %v beside it; give it once", name, in, f))
			}
			return nil
		})
		if _, isMLP := e.Network.(MLP); !isMLP && !found {
			wrong = append(wrong, noField(e.Network, name))
		} else if !isMLP {
			wrong = append(wrong, fmt.Errorf("%s is %v beside the network; give it in %s", name, f, e.Network.Family()))
		}
	}
	return errors.Join(wrong...)
}

// checkStages reports what is wrong with the stages.
func (e Experiment) checkStages() error {
	var wrong []error
	steps := 0
	for i, s := range e.Stages {
		name := fmt.Sprintf("stages[%d]", i)
		wrong = append(wrong, atLeastOne(name+".steps", s.Steps), finite(name+".learning_rate", s.LearningRate, 0), checkPatterns(name+".train", s.Train))
		wrong = append(wrong, e.checkObjective(name, s))
		steps += s.Steps
	}
	if e.Stages != nil && e.Steps != 0 && e.Steps != steps {
		wrong = append(wrong, fmt.Errorf("steps is %d, but the steps of the stages add up to %d; leave steps unset", e.Steps, steps))
	}
	return errors.Join(wrong...)
}

// InStages returns the stages of the training, with names, optimizers and
// learning rates written out. Without stages it returns one, named "training".
func (e Experiment) InStages() []Stage {
	e = e.WithDefaults()
	stages := slices.Clone(e.Stages)
	if stages == nil {
		stages = []Stage{{Name: "training", Steps: e.Steps}}
	}
	for i := range stages {
		s := &stages[i]
		if s.Name == "" {
			s.Name = fmt.Sprintf("stage %d", i+1)
		}
		if s.Optimizer == "" {
			s.Optimizer = e.Optimizer
		}
		if s.LearningRate == 0 {
			s.LearningRate = e.LearningRate
		}
	}
	return stages
}

// Alike returns the experiment without the fields in which the lanes of one
// program may differ: label, seed, learning rate, and the parameters that the
// network's own Alike leaves out; if a stage has an objective, lanes have the same
// network. Experiments can be trained as one program if
// the hashes of their Alike are equal.
func (e Experiment) Alike() Experiment {
	n := e.Resolved().Alike()
	e = e.withoutDefaults()
	if e.pretrains() { // an objective depends on the activations
		e.Label, e.Seed, e.LearningRate = "", 0, 0
		return e
	}
	e.Label, e.Seed, e.LearningRate, e.zeros = "", 0, 0, ""
	if p, ok := n.(MLP); ok {
		return e.withPerceptron(p)
	}
	e.Network = n
	return e
}

// Work estimates how long training takes, in arbitrary units. It serves to divide
// experiments among machines and to estimate how much of a sweep is left. The
// model is a fixed cost for each layer plus one for each multiplication. The
// numbers of inputs and outputs are MNIST's, because the experiment does not hold
// those of other data. A sum over a sweep does not overflow. Work is a whole
// number, so that it is the same on every machine.
func (e Experiment) Work() uint64 {
	e = e.WithDefaults()
	const small = 1 << 14 // a layer's fixed cost, in multiplications
	n := e.Resolved()
	step := sum(product(small, n.Layers()), product(e.Batch, int(n.Multiplications(784, 10))))
	return product(int(step/64), e.Steps)
}
