package diagnose

import (
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// completed is a site with what runs recorded before there were roles do not tell:
// its role, by its path or else by what is measured there, and of the perceptron's
// units the activation. Of a model that was handed in it is not known.
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

// batch is the number of examples of a step; 0 where it is not known.
func batch(src vgrad.Source) int {
	if run, ok := src.(vgrad.Recorded); ok {
		return run.Ran().WithDefaults().Batch
	}
	return 0
}

// outputs is the number of the network's outputs, by the size of its last layer's
// units or, where there are only weights, of the perceptron's last kernel; 0 where
// neither tells.
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

// countsNats reports whether the loss is a cross-entropy among classes.
func countsNats(src vgrad.Source) bool {
	run, ok := src.(vgrad.Recorded)
	return !ok || run.Ran().Loss == "" || run.Ran().Loss == "cross_entropy"
}
