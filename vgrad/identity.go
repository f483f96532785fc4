package vgrad

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Hash returns the content hash of the experiment, 64 hexadecimal digits of
// SHA-256. It depends on every field that has an effect, but not on the label.
// Defaults are left out, so it does not change when a later version adds a field.
func (e Experiment) Hash() string {
	e = e.withoutDefaults()
	e.Measure = e.Measure.canonical()
	return e.withoutEffectless().sum()
}

// FormerHash returns the hash as it was before format 2. It differs from Hash if
// a field is set that has no effect, such as a slope with sigmoid.
func (e Experiment) FormerHash() string {
	e = e.withoutDefaults()
	e.Measure.Quantities = sortedQuantities(e.Measure.Quantities)
	return e.sum()
}

// withoutEffectless leaves out the parameters that have no effect.
func (e Experiment) withoutEffectless() Experiment {
	spelt := e
	spelt.zeros = "" // for parameters without effect, zero or default makes no difference
	all := spelt.Resolved()
	effective := all.Effective()
	if all == effective {
		return e
	}
	given, kept := reflect.ValueOf(all), reflect.ValueOf(effective)
	for i, name := range parameters(all) {
		if given.Field(i).Equal(kept.Field(i)) {
			continue
		}
		e.zeros = strings.TrimPrefix(strings.ReplaceAll(" "+e.zeros, " "+name+" ", " "), " ")
		_ = e.change(name, func(f reflect.Value) error { f.SetZero(); return nil }) // the field is there
	}
	return e
}

func (e Experiment) sum() string {
	e.Label = ""
	text, err := e.MarshalJSON()
	if err != nil {
		text = fmt.Appendf(nil, "%#v", e) // a NaN or Inf field: not valid, but still hashable
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// MarshalJSON writes the fields that are set, with the network's parameters in
// the same object: {"network":"highway","depth":20,"steps":300}.
func (e Experiment) MarshalJSON() ([]byte, error) {
	_, named := e.Network.(MLP)
	e = e.flat()
	out := jsonObject{}
	if e.Label != "" {
		out.add("label", e.Label)
	}
	if e.Network != nil {
		out.add("network", e.Network.Family())
	} else if named {
		out.add("network", MLP{}.Family())
	}
	for _, name := range e.parameters() {
		if f, err := e.field(name); err == nil && (!f.IsZero() || hasName(e.zeros, name)) {
			out.add(name, f.Interface())
		}
	}
	v := reflect.ValueOf(e)
	for i, name := range namesOf(v.Type()) {
		f := v.Field(i)
		switch {
		case name == "" || name == "-" || name == "label" || slices.Contains(perceptronFields, name):
		case !f.IsZero() || hasName(e.zeros, name):
			out.add(name, f.Interface())
		}
	}
	return out.end()
}

// jsonObject writes an object's members in the order in which they are added.
type jsonObject struct {
	text bytes.Buffer
	err  error
}

func (o *jsonObject) add(name string, value any) {
	text, err := json.Marshal(value)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(&o.text, ",%q:%s", name, text)
}

func (o *jsonObject) end() ([]byte, error) {
	return fmt.Appendf(nil, "{%s}", bytes.TrimPrefix(o.text.Bytes(), []byte{','})), o.err
}

// UnmarshalJSON reads what MarshalJSON writes. An unknown field is an error that
// names the known ones.
func (e *Experiment) UnmarshalJSON(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	*e = Experiment{}
	if err := e.readNetwork(members["network"]); err != nil {
		return err
	}
	delete(members, "network")
	if isFormerModel(e.Network, members) {
		e.Network = Model(e.Network.Family())
	}
	for name, text := range members {
		if err := e.read(name, text); err != nil {
			return err
		}
	}
	return nil
}

// readNetwork reads the family. A family that is written out is kept, even the
// default one.
func (e *Experiment) readNetwork(text json.RawMessage) error {
	if text == nil {
		return nil
	}
	var family string
	if err := json.Unmarshal(text, &family); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	if family != "" {
		e.Network = familyOf(family)
	}
	return nil
}

// isFormerModel reports whether an experiment was recorded when the name of its network
// was free for a caller's model. Such an experiment has all fields of the perceptron, also
// those that the family of this name does not have.
func isFormerModel(n Network, members map[string]json.RawMessage) bool {
	switch n.(type) {
	case Residual, ResNet, RNN, LSTM, GRU:
		for _, name := range perceptronFields {
			if _, ok := members[name]; ok && !slices.Contains(parameters(n), name) {
				return true
			}
		}
	}
	return false
}

// read reads one member of the object into its field.
func (e *Experiment) read(name string, text json.RawMessage) error {
	_, named := e.Network.(MLP)
	var err error
	switch name {
	case "stages":
		err = strict(text, &e.Stages)
	case "measure":
		err = strict(text, &e.Measure)
	default:
		var zero bool
		err = e.change(name, func(f reflect.Value) error {
			err := json.Unmarshal(text, f.Addr().Interface())
			zero = f.IsZero() && f.Kind() == reflect.Float64
			return err
		})
		if d, known := (e.WithDefaults()).field(name); err == nil && zero && known == nil && !d.IsZero() {
			e.zeros = withZero(e.zeros, name)
		}
		if named {
			e.Network = MLP{}
		}
	}
	if err != nil && !strings.HasPrefix(err.Error(), "an experiment") && !strings.HasPrefix(err.Error(), "network") {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// strict decodes text; an unknown field is an error.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// ParseExperiment reads an experiment from JSON. An unknown field is an error.
func ParseExperiment(text []byte) (Experiment, error) {
	var e Experiment
	if err := json.Unmarshal(text, &e); err != nil {
		return Experiment{}, fmt.Errorf("read an experiment: %w", err)
	}
	return e, nil
}
