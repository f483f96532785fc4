package vgrad

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Network is a family of networks: a plain, comparable struct whose fields are
// the family's parameters. The json tag of a field is its name in variants and on
// disk. A field at its zero value takes the family's default.
//
// The laboratory's own families have two files of the same name: the struct in
// this package, and the builder in package nets. They are separate because a cell
// links this package each time it runs and must not link GoMLX with it. A family
// from another module has its builder as a method (see nets.Builder) and is added
// by [Register].
type Network interface {
	// Family is the name in "network=…".
	Family() string
	// Defaults returns the family's struct with every field written out.
	Defaults() Network
	// Check reports the faults of the parameters, a line for each. All
	// parameters are written out. Names of activations and initializers are
	// checked by the builder.
	Check() error
	// Effective returns the network without the parameters that have no effect
	// because of the others, such as a slope with an activation that has none.
	Effective() Network
	// Alike returns the network without the parameters in which the lanes of
	// one program may differ.
	Alike() Network
	// Layers is the number of layers with weights.
	Layers() int
	// Multiplications is the number of multiplications in the forward pass of
	// one example with that many inputs and outputs. 0: not known. It is the
	// only cost formula of the laboratory.
	Multiplications(inputs, outputs int) uint64
}

// Alone is a network whose runs cannot be lanes of one program.
type Alone interface {
	Network
	// Alone has no effect; it marks the family.
	Alone()
}

// families lists the families. The first is the default.
var families = []Network{MLP{}, Highway{}, Residual{}, ResNet{}, RNN{}, LSTM{}, GRU{}}

// Register adds a family from another module, for the whole process. It panics
// if the name is taken. Call it before any experiment of the family is read.
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

// Model is the name of a network whose function the caller supplies. Recorded
// runs are found by this name, so change it whenever the function changes. The
// experiment's fields initializer and gain apply to the model.
type Model string

// Family is the model's name.
func (m Model) Family() string { return string(m) }

// Defaults returns the model itself: it has no parameters.
func (m Model) Defaults() Network { return m }

// Check reports a model without a name, or with that of a family.
func (m Model) Check() error {
	if m == "" {
		return fmt.Errorf("network is empty; a model needs a name")
	}
	if slices.Contains(Families(), string(m)) {
		return fmt.Errorf("network %q is a family; give the model another name", string(m))
	}
	return nil
}

// Effective returns the model itself.
func (m Model) Effective() Network { return m }

// Alike returns the model itself: its runs are not lanes of one program.
func (m Model) Alike() Network { return m }

// Layers is 1: the number is not known before the function is called.
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

// namesOf lists the JSON names of a struct's fields, in their order. The result is
// kept, because each hash needs it and parsing the tags took two thirds of a hash.
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

// changed returns a copy of a network in which f has set one field. It reports
// whether there is such a field.
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

// noField is the error for a field that a network does not have.
func noField(n Network, name string) error {
	has := slices.DeleteFunc(slices.Clone(parameters(n)), func(name string) bool { return name == "" }) // that of an embedded struct
	return fmt.Errorf("network %s has no field %q; it has %s", n.Family(), name, strings.Join(has, ", "))
}

// perceptronFields are the fields of an experiment that belong to its network.
var perceptronFields = parameters(MLP{})

// MarshalText returns the model's name; JSON uses it too.
func (m Model) MarshalText() ([]byte, error) { return []byte(m), nil }

var _ json.Marshaler = Experiment{}
