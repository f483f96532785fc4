package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// place returns a site in prose: "layer 3", "layer 2 at time step 3", "the gate of layer
// 3", "layer 1 (frozen)". If several sites of a kind have the same text, their paths are
// added. The whole network is "".
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

// prose returns a site in words. A site that is in no layer is given by its path.
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
	case vgrad.Branch:
		text = "the branch that begins with " + text
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

// kind separates a layer's variables from its units, because both have the layer's name in
// prose.
func kind(s vgrad.Site) string {
	if s.Role == "" || s.Role.IsVariable() {
		return "\x00variable"
	}
	return "\x00units"
}
