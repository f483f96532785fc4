package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// place is a site in prose: "layer 3", "layer 2 at time step 3", "the gate of layer 3",
// "layer 1 (frozen)".
// Where several sites of a kind share that, their paths tell them apart. The whole
// network is "".
func (t *Training) place(s vgrad.Site) string {
	switch text := prose(s); {
	case s.Path == vgrad.NetworkSite.Path:
		return ""
	case s.Layer > 0 && t.named[text+kind(s)] > 1:
		return text + " (" + s.Path + ")"
	default:
		return text
	}
}

// prose is a site in words, without its path where it is in a layer.
func prose(s vgrad.Site) string {
	text := fmt.Sprintf("layer %d", s.Layer)
	if s.Layer == 0 {
		text = s.Path
	}
	switch s.Role {
	case vgrad.Gate:
		text = "the gate of " + text
	case vgrad.Stream:
		text = "the stream behind " + text
	case vgrad.RecurrentKernel:
		text = "the recurrent weights of " + text
	case vgrad.Bias:
		text = "the biases of " + text
	case vgrad.Scale:
		text = "the scale of " + text
	}
	if s.Time > 0 {
		text += fmt.Sprintf(" at time step %d", s.Time)
	}
	if s.Frozen {
		text += " (frozen)"
	}
	return text
}

// kind sets a layer's variables and its units apart: they share the layer's name.
func kind(s vgrad.Site) string {
	if s.Role == "" || s.Role.IsVariable() {
		return "\x00variable"
	}
	return "\x00units"
}
