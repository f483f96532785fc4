package keep_test

import (
	"errors"
	"fmt"

	"github.com/vgrad/lab/kernelext/keep"
)

// The program of the cell
//
//	x := 42
//	x + 1
//
// Without a session its result goes to standard output.
func ExampleCell() {
	var x int
	keep.Begin(keep.Cell{Number: 1})
	defer keep.End()
	keep.Statement(1)
	x = 42
	keep.Define("x", &x)
	keep.Statement(2)
	keep.Result(x + 1)
	// Output: 43
}

// Angle is shown as a formula in a notebook, and as text elsewhere.
type Angle float64

func (a Angle) Bundle() map[string]string {
	return map[string]string{
		"text/latex": fmt.Sprintf("$%g^\\circ$", float64(a)),
		"text/plain": fmt.Sprintf("%g°", float64(a)),
	}
}

func ExampleBundler() {
	keep.Begin(keep.Cell{Number: 1})
	defer keep.End()
	keep.Result(Angle(45))
	// Output: 45°
}

// Page is kept as the number of a page, not as what is on it.
type Page struct {
	Number int
	lines  []string
}

func (p *Page) KeepValue() ([]byte, error) {
	if p.Number < 1 {
		return nil, errors.New("it is a page without a number")
	}
	return fmt.Append(nil, p.Number), nil
}

func (p *Page) LoadValue(kept []byte) error {
	_, err := fmt.Sscan(string(kept), &p.Number)
	p.lines = []string{fmt.Sprint("this is page ", p.Number)}
	return err
}

func ExampleKeeper() {
	var k keep.Keeper = &Page{Number: 7}
	kept, err := k.KeepValue()
	fmt.Println(string(kept), err)
	var later Page
	err = later.LoadValue(kept)
	fmt.Println(later.lines, err)
	// Output:
	// 7 <nil>
	// [this is page 7] <nil>
}

func ExampleFormat() {
	type point struct{ X, Y float64 }
	fmt.Println(keep.Format(map[string][]point{"a": {{1, 2}, {0.1, 1e9}}, "b": nil}))
	fmt.Println(keep.Format([]any{"text", 'x', errors.New("no such thing")}))
	// Output:
	// map[string][]keep_test.point{"a": {{X: 1, Y: 2}, {X: 0.1, Y: 1e+09}}, "b": nil}
	// []any{"text", 120, no such thing}
}
