package vgrad

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Network is a family of networks: a plain, comparable struct whose fields are the family's
// parameters, each with a json tag, its name in variants and on disk. A field
// at its zero value takes the family's default.
//
// A family of the laboratory's own has two files of one name: its struct here,
// and its builder in package nets. A cell links this package each time it runs
// and must not link GoMLX with it. A family from elsewhere has its builder as a
// method (see nets.Builder) and is listed by [Register].
type Network interface {
	// Family is the name in "network=…".
	Family() string
	// Defaults returns the family's struct with every field written out.
	Defaults() Network
	// Check reports what is wrong with the parameters, all of which are
	// written out, a line for each fault. Names of activations and
	// initializers are checked by the builder.
	Check() error
	// Effective returns the network without the parameters that have no
	// effect beside the others, as a slope beside an activation that has none.
	Effective() Network
	// Alike returns the network without the parameters in which the lanes of
	// one program may differ.
	Alike() Network
	// Layers is the number of layers with weights.
	Layers() int
	// Multiplications is how many the forward pass of one example takes, with
	// so many inputs and outputs; 0 where it is not known. It is the one cost
	// formula of the laboratory.
	Multiplications(inputs, outputs int) uint64
}

// families lists the families; the first is the default one.
var families = []Network{MLP{}, Highway{}}

// Register adds a family from elsewhere, for the whole process. It panics where
// the name is taken. Call it before any experiment of the family is read.
func Register(n Network) {
	if slices.Contains(Families(), n.Family()) {
		panic(fmt.Sprintf("vgrad: there is a network family %q already", n.Family()))
	}
	families = append(families, n)
}

// Families returns the names of the network families.
func Families() []string {
	var names []string
	for _, n := range families {
		names = append(names, n.Family())
	}
	return names
}

// Model is a network that the caller hands in as a function. Its runs are found
// by its name: change the name with the function. The fields initializer and
// gain of the experiment apply to it.
type Model string

// Family is the model's name.
func (m Model) Family() string { return string(m) }

// Defaults is the model itself: it has no parameters.
func (m Model) Defaults() Network { return m }

// Check finds a model without a name.
func (m Model) Check() error {
	if m == "" {
		return fmt.Errorf("network is empty; a model needs a name")
	}
	return nil
}

// Effective is the model itself.
func (m Model) Effective() Network { return m }

// Alike is the model itself: its runs are not lanes of one program.
func (m Model) Alike() Network { return m }

// Layers is 1: how many the function builds is not known before it is called.
func (m Model) Layers() int { return 1 }

// Multiplications is 0: not known.
func (m Model) Multiplications(_, _ int) uint64 { return 0 }

// familyOf returns the empty struct of a family, or a Model of that name.
func familyOf(name string) Network {
	for _, n := range families {
		if n.Family() == name {
			return reflect.Zero(reflect.TypeOf(n)).Interface().(Network)
		}
	}
	return Model(name)
}

// parameters lists the JSON names of a network's fields.
func parameters(n Network) []string {
	t := reflect.TypeOf(n)
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	return namesOf(t)
}

// namesOf lists the JSON names of a struct's fields, in their order. They are
// looked up for each hash, so they are kept: parsing tags took two thirds of it.
func namesOf(t reflect.Type) []string {
	if kept, ok := fieldNames.Load(t); ok {
		return kept.([]string)
	}
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	fieldNames.Store(t, names)
	return names
}

var fieldNames sync.Map // reflect.Type to []string

// changed returns a copy of a network one of whose fields f has set, and whether
// there is such a field.
func changed(n Network, name string, f func(field reflect.Value) error) (Network, bool, error) {
	i := slices.Index(parameters(n), name)
	if i < 0 {
		return n, false, nil
	}
	v := reflect.New(reflect.TypeOf(n)).Elem()
	v.Set(reflect.ValueOf(n))
	err := f(v.Field(i))
	return v.Interface().(Network), true, err
}

// noField is the error of a field that a network does not have.
func noField(n Network, name string) error {
	return fmt.Errorf("network %s has no field %q; it has %s", n.Family(), name, strings.Join(parameters(n), ", "))
}

// perceptronFields are the fields of an experiment that belong to its network.
var perceptronFields = parameters(MLP{})

// MarshalText makes a Model its name, in JSON too.
func (m Model) MarshalText() ([]byte, error) { return []byte(m), nil }

var _ json.Marshaler = Experiment{}
