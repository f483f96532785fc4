package tensor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/vgrad/lab/kernelext/keep"
)

// A tensor in a variable, in a struct and in an interface is one tensor in a later cell.
func TestKeep(t *testing.T) {
	t.Setenv("VGRAD_SESSION", t.TempDir())
	a := tensors.FromValue([][]float32{{1, 2, 3}, {4, 5, 6}})
	s := struct {
		Weights *tensors.Tensor
		Any     any
	}{a, a}
	keep.Begin(keep.Cell{Number: 1})
	keep.Define("a", &a)
	keep.Define("s", &s)
	keep.End()
	if kept, _ := os.ReadFile(filepath.Join(os.Getenv("VGRAD_SESSION"), "cell", "kept.json")); !strings.Contains(string(kept), `"types":["*\"github.com/gomlx/gomlx/core/tensors\".Tensor"]`) {
		t.Errorf("kept.json is %s", kept)
	}
	before := a
	a, s.Weights, s.Any = nil, nil, nil
	keep.Begin(keep.Cell{Number: 2})
	keep.Type[*tensors.Tensor]()
	keep.Load("a", &a)
	keep.Load("s", &s)
	keep.Ready()
	keep.End()
	if a == before || a != s.Weights || s.Any != any(a) || !a.Equal(before) {
		t.Errorf("%v is now %v and %v", before, a, s)
	}
}

// Every type of elements and every shape comes back.
func TestShapes(t *testing.T) {
	named := shapes.Make(dtypes.Int32, 2, 1)
	named.AxisNames = []string{"batch", ""}
	for _, x := range []*tensors.Tensor{
		tensors.FromValue(int8(-3)), tensors.FromValue(true), tensors.FromValue([]complex64{1i}), tensors.FromValue([]float64{0.1}),
		tensors.FromShape(shapes.Make(dtypes.BFloat16, 3)), tensors.FromShape(shapes.Make(dtypes.Float32, 0, 5)), tensors.FromShape(shapes.Make(dtypes.Int4, 3)),
		tensors.FromShape(named),
	} {
		data, err := encode(x)
		if err != nil {
			t.Errorf("%s: %v", x.Shape(), err)
			continue
		}
		y, err := decode(data)
		if err != nil || !y.Shape().Equal(x.Shape()) || fmt.Sprint(y.Shape().AxisNames) != fmt.Sprint(x.Shape().AxisNames) || x.Size() > 0 && !y.Equal(x) {
			t.Errorf("%s is %v, %v", x.Shape(), y, err)
		}
		for n := range data {
			if _, err := decode(data[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes are a tensor", x.Shape(), n, len(data))
			}
		}
	}
	gone := tensors.FromValue(1.5)
	gone.MustFinalizeAll()
	if _, err := encode(gone); err == nil || !strings.Contains(err.Error(), "finalized") {
		t.Errorf("a tensor without values: %v", err)
	}
}
