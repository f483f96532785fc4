package diagnose

import (
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// completed adds the role to a site of a run that was recorded without roles. The role
// follows from the path or else from the quantity measured there. Units of a perceptron
// get their activation too; for other models it is not known.
func completed(src vgrad.Source, s vgrad.Site, q vgrad.Quantity) vgrad.Site {
	if s.Role != "" || s.Path == vgrad.NetworkSite.Path {
		return s
	}
	info, err := vgrad.InfoOf(src, q)
	switch {
	case strings.HasSuffix(s.Path, "/units") || err == nil && info.Subject == vgrad.LayerUnits:
		s.Role = vgrad.Units
	case err == nil && info.Subject == vgrad.LayerWeights:
		s.Role = vgrad.Kernel
	}
	run, ok := src.(vgrad.Recorded)
	if s.Role != vgrad.Units || s.Activation != "" || !ok {
		return s
	}
	if n, isMLP := run.Ran().Resolved().(vgrad.MLP); isMLP {
		s.Activation = n.Activation
		if s.Layer == n.Depth {
			s.Activation = "identity"
		}
	}
	return s
}

// batch returns the number of examples in a step, or 0 if it is not known.
func batch(src vgrad.Source) int {
	if run, ok := src.(vgrad.Recorded); ok {
		return run.Ran().WithDefaults().Batch
	}
	return 0
}

// outputs returns the number of the network's outputs. It is computed from the size of the
// last layer's units or, if there are only weights, of the perceptron's last kernel. If
// neither is there, it is 0.
func outputs(src vgrad.Source) int {
	run, ok := src.(vgrad.Recorded)
	if !ok {
		return 0
	}
	n, isMLP := run.Ran().Resolved().(vgrad.MLP)
	found := 0
	for _, s := range src.Sites() {
		s = completed(src, s, "")
		switch {
		case s.Layer != vgrad.Depth(src):
		case s.Role == vgrad.Units && s.Size%batch(src) == 0:
			return s.Size / batch(src)
		case isMLP && n.Depth > 1 && s.Layer == n.Depth && s.Size%n.Width == 0 && (s.Role == vgrad.Kernel || s.Role == ""):
			found = s.Size / n.Width
		}
	}
	return found
}

// countsNats reports whether the loss is a cross-entropy over classes, in nats.
func countsNats(src vgrad.Source) bool {
	run, ok := src.(vgrad.Recorded)
	return !ok || run.Ran().Loss == "" || run.Ran().Loss == "cross_entropy"
}
