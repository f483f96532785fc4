package vgrad

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Experiment says what is to be run: a network, its data, how it is trained
// and what is measured. It is a plain value: copy it, change a field, compare.
//
// A field left at its zero value takes the default stated beside it, and the
// defaults together are the article's experiment. Two experiments that mean
// the same have the same [Experiment.Hash], whether a default is written out
// or not.
type Experiment struct {
	// Label is what figures call the run; it is no part of the hash.
	// Zero: what sets the experiment apart from the article's (see Name).
	Label string `json:"label,omitempty"`

	// Network names the model function. Zero: "mlp", the multi-layer
	// perceptron that the next six fields describe. Any other name is a
	// model handed in by the caller.
	Network string `json:"network,omitempty"`
	// Depth is the number of layers with weights, output included. Zero: 6.
	Depth int `json:"depth,omitempty"`
	// Width is the number of units of each hidden layer. Zero: 10.
	Width int `json:"width,omitempty"`
	// Activation of the hidden layers. Zero: "sigmoid".
	Activation string `json:"activation,omitempty"`
	// Slope of leaky ReLU below zero. Zero: 0.2.
	Slope float64 `json:"slope,omitempty"`
	// Initializer of the weights; biases start at zero. Zero: "glorot_uniform".
	Initializer string `json:"initializer,omitempty"`
	// Gain multiplies the initial weights. Zero: 1.
	Gain float64 `json:"gain,omitempty"`

	// Data names the data set. Zero: "mnist".
	Data string `json:"data,omitempty"`
	// Batch is the number of examples of a step. Zero: 30.
	Batch int `json:"batch,omitempty"`

	// Optimizer that turns gradients into updates. Zero: "adam".
	Optimizer string `json:"optimizer,omitempty"`
	// LearningRate of the optimizer. Zero: 0.001.
	LearningRate float64 `json:"learning_rate,omitempty"`
	// Steps of training. Zero: 2500.
	Steps int `json:"steps,omitempty"`
	// Seed from which initial weights and shuffles are drawn.
	Seed uint64 `json:"seed,omitempty"`

	// Measure says what is measured and how often. Zero: everything.
	Measure Measure `json:"measure,omitzero"`
}

// Measure says which quantities are recorded and how often. The zero value
// records every scalar quantity at every step and every histogram at every
// 200th. Step 0 is always recorded.
type Measure struct {
	// Quantities to record beside the loss and the accuracies, which are
	// always recorded. Nil: all of them; empty: none.
	Quantities []Quantity `json:"quantities,omitzero"`
	// Every how many steps the scalars are recorded. Zero: 1.
	Every int `json:"every,omitempty"`
	// HistogramEvery is the same for histograms. Zero: 200; negative: none.
	HistogramEvery int `json:"histogram_every,omitempty"`
}

// Article returns the defaults: the article's experiment, every field written out.
func Article() Experiment {
	return Experiment{
		Network: "mlp", Depth: 6, Width: 10, Activation: "sigmoid", Slope: 0.2,
		Initializer: "glorot_uniform", Gain: 1,
		Data: "mnist", Batch: 30,
		Optimizer: "adam", LearningRate: 0.001, Steps: 2500,
		Measure: Measure{Every: 1, HistogramEvery: 200},
	}
}

// WithDefaults returns e with every unset field written out.
func (e Experiment) WithDefaults() Experiment {
	fill(reflect.ValueOf(&e).Elem(), reflect.ValueOf(Article()))
	return e
}

// fill sets the zero fields of dst from src, into nested structs.
func fill(dst, src reflect.Value) {
	for i := range dst.NumField() {
		switch d, s := dst.Field(i), src.Field(i); {
		case d.Kind() == reflect.Struct:
			fill(d, s)
		case d.IsZero():
			d.Set(s)
		}
	}
}

// withoutDefaults returns e with every field that equals its default unset.
func (e Experiment) withoutDefaults() Experiment {
	clear := func(dst, src reflect.Value) {}
	clear = func(dst, src reflect.Value) {
		for i := range dst.NumField() {
			switch d, s := dst.Field(i), src.Field(i); {
			case d.Kind() == reflect.Struct:
				clear(d, s)
			case reflect.DeepEqual(d.Interface(), s.Interface()):
				d.SetZero()
			}
		}
	}
	clear(reflect.ValueOf(&e).Elem(), reflect.ValueOf(Article()))
	return e
}

// Hash returns the content hash of the experiment: 64 hexadecimal digits that
// depend on every field but the label. Defaults are left out of it, so it
// does not change when a later version adds a field.
func (e Experiment) Hash() string {
	e = e.withoutDefaults()
	e.Label = ""
	e.Measure.Quantities = canonical(e.Measure.Quantities)
	text, err := json.Marshal(e)
	if err != nil {
		text = fmt.Appendf(nil, "%#v", e) // a NaN or Inf field: not valid, but still hashable
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// canonical sorts the quantities and drops repeats: their order means nothing.
func canonical(qs []Quantity) []Quantity {
	qs = slices.Clone(qs)
	slices.Sort(qs)
	return slices.Compact(qs)
}

// Name returns the label, or, where there is none, the activation followed by
// the fields that set the experiment apart from the article's, seed excepted:
// "tanh depth=20 width=32".
func (e Experiment) Name() string {
	if e.Label != "" {
		return e.Label
	}
	d := e.withoutDefaults()
	d.Activation, d.Seed, d.Measure = "", 0, Measure{}
	name := e.WithDefaults().Activation
	if d.Network != "" {
		name, d.Network = d.Network, ""
	}
	words := []string{name}
	v := reflect.ValueOf(d)
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			words = append(words, fmt.Sprintf("%s=%v", fieldName(v.Type().Field(i)), f.Interface()))
		}
	}
	return strings.Join(words, " ")
}

// fieldName is the name a field has in JSON.
func fieldName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// Vary returns e changed as the variant says: one or more words, each
// "field=value" with the field's JSON name ("depth=20 width=32"); a word
// without "=" is an activation ("relu"). It fails on a field that does not
// exist or a value that does not fit it.
func (e Experiment) Vary(variant string) (Experiment, error) {
	words := strings.FieldsFunc(variant, func(r rune) bool { return r == ' ' || r == ',' })
	if len(words) == 0 {
		return e, errors.New("vgrad: empty variant; say an activation or field=value, as in \"depth=20\"")
	}
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

// set assigns a top-level field by its JSON name.
func (e *Experiment) set(name, value string) error {
	f, err := e.field(name)
	if err != nil {
		return err
	}
	if err := parseInto(f, value); err != nil {
		return fmt.Errorf("vgrad: %s=%q: %w", name, value, err)
	}
	return nil
}

// field returns a top-level field that is no struct, by its JSON name.
func (e *Experiment) field(name string) (reflect.Value, error) {
	v := reflect.ValueOf(e).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() != reflect.Struct && fieldName(v.Type().Field(i)) == name {
			return f, nil
		}
	}
	return reflect.Value{}, fmt.Errorf("vgrad: an experiment has no field %q; it has %s", name, strings.Join(Fields(), ", "))
}

// Fields lists the top-level fields that Vary can set, by their JSON names.
func Fields() []string {
	var names []string
	t := reflect.TypeFor[Experiment]()
	for i := range t.NumField() {
		if t.Field(i).Type.Kind() != reflect.Struct {
			names = append(names, fieldName(t.Field(i)))
		}
	}
	return names
}

// Field returns the value of a top-level field by its JSON name, as Vary reads
// it; of an unset field the default. It fails on a field that does not exist.
func (e Experiment) Field(name string) (string, error) {
	e = e.WithDefaults()
	f, err := e.field(name)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(f.Interface()), nil
}

// NameBy names e by some of its fields, the activation first and alone:
// "sigmoid depth=6". Fields that do not exist are left out.
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
		return nil
	case reflect.Int:
		n, err := strconv.Atoi(text)
		f.SetInt(int64(n))
		return err
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		f.SetUint(n)
		return err
	case reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		f.SetFloat(x)
		return err
	}
	return fmt.Errorf("a field of kind %s cannot be set from text", f.Kind())
}

// Validate reports what is wrong with the numbers and the quantities of the
// experiment, all of it at once. Names of networks, activations, data sets
// and optimizers are checked by the packages that know them.
func (e Experiment) Validate() error {
	e = e.WithDefaults()
	var wrong []error
	positive := func(name string, n int) {
		if n < 1 {
			wrong = append(wrong, fmt.Errorf("vgrad: %s is %d; it must be at least 1", name, n))
		}
	}
	positive("depth", e.Depth)
	positive("width", e.Width)
	positive("batch", e.Batch)
	positive("steps", e.Steps)
	positive("measure.every", e.Measure.Every)
	for _, f := range []struct {
		name string
		x    float64
		ok   bool
	}{
		{"learning_rate", e.LearningRate, e.LearningRate > 0},
		{"gain", e.Gain, e.Gain > 0},
		{"slope", e.Slope, true},
	} {
		if !f.ok || math.IsNaN(f.x) || math.IsInf(f.x, 0) {
			wrong = append(wrong, fmt.Errorf("vgrad: %s is %v; it must be a finite number%s", f.name, f.x, map[bool]string{true: "", false: " above 0"}[f.ok]))
		}
	}
	for _, q := range e.Measure.Quantities {
		if _, err := q.Info(); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// Measures reports whether q is recorded. Quantities of the whole network
// always are.
func (m Measure) Measures(q Quantity) bool {
	info, err := q.Info()
	switch {
	case err != nil:
		return false
	case info.Histogram && m.HistogramEvery < 0:
		return false
	case info.Of == WholeNetwork || m.Quantities == nil:
		return true
	}
	return slices.Contains(m.Quantities, q)
}

// ParseExperiment reads an experiment from JSON. An unknown field is an error.
func ParseExperiment(text []byte) (Experiment, error) {
	var e Experiment
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return Experiment{}, fmt.Errorf("vgrad: read an experiment: %w", err)
	}
	return e, nil
}
