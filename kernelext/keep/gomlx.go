package keep

import "strings"

// ofGoMLX says what values of GoMLX's types are that only the running program can have; ""
// for others. Package tensor keeps tensors.
func ofGoMLX(path, name string) string {
	rest, ok := strings.CutPrefix(path, "github.com/gomlx/")
	if !ok {
		return ""
	}
	switch {
	case rest == "gomlx/core/tensors" && name == "Tensor":
		return "a tensor that this program did not import the means to keep"
	case rest == "gomlx/core/graph" && (name == "Graph" || name == "Node" || name == "Function"):
		return "a graph of GoMLX"
	case strings.HasPrefix(name, "Exec"):
		return "an executor of GoMLX"
	case rest == "gomlx/ml/model" && (name == "Store" || name == "Scope"):
		return "a store of GoMLX's variables"
	case rest == "gomlx/ml/model" && name == "Variable":
		return "a variable of a GoMLX model"
	case rest == "gomlx/ml/train" && (name == "Trainer" || name == "Loop"):
		return "a training of GoMLX"
	case name == "Backend":
		return "a backend of GoMLX"
	}
	return ""
}
