package data

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

// small is a regression of two examples with three features and two targets each.
func small() *Set {
	return &Set{
		Name: "small", Input: []int{3}, Features: 3, Outputs: 2, Loss: MeanSquaredError, GuessLoss: 1,
		Train:      Split{Numbers: []float32{1, 2, 3, 4, 5, 6}, Targets: []float32{1, 2, 3, 4}, Examples: 2},
		Validation: Split{Numbers: []float32{7, 8, 9}, Targets: []float32{5, 6}, Examples: 1},
	}
}

func TestSetCheck(t *testing.T) {
	if err := small().Check(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		want  string
		spoil func(s *Set)
	}{
		{"shape [] and 3 features", func(s *Set) { s.Input = nil }},
		{"shape [2 2] and 3 features", func(s *Set) { s.Input = []int{2, 2} }},
		{"shape [-1 -3] and 3 features", func(s *Set) { s.Input = []int{-1, -3} }},
		{"0 outputs", func(s *Set) { s.Outputs = 0 }},
		{"10 classes, of 256 at most, and 2 outputs", func(s *Set) { s.Classes = 10 }},
		{"300 classes", func(s *Set) { s.Classes, s.Outputs = 300, 300 }},
		{`loss "" with 0 classes; want "mean_squared_error"`, func(s *Set) { s.Loss = "" }},
		{`want "cross_entropy"`, func(s *Set) { s.Classes = 2 }},
		{"guessing is 0", func(s *Set) { s.GuessLoss = 0 }},
		{"guessing is NaN", func(s *Set) { s.GuessLoss = math.NaN() }},
		{"training: no examples", func(s *Set) { s.Train = Split{} }},
		{"validation: no examples", func(s *Set) { s.Validation = Split{} }},
		{"exactly one of Images and Numbers", func(s *Set) { s.Train.Images = make([]uint8, 6) }},
		{"exactly one of Images and Numbers", func(s *Set) { s.Train.Numbers = nil }},
		{"exactly one of Labels and Targets", func(s *Set) { s.Train.Labels = make([]uint8, 2) }},
		{"2 labels and 0 targets, with 0 classes", func(s *Set) { s.Train.Labels, s.Train.Targets = make([]uint8, 2), nil }},
		{"validation: inputs are Images in one part", func(s *Set) { s.Validation.Images, s.Validation.Numbers = make([]uint8, 3), nil }},
		{"6 values of 3 examples", func(s *Set) { s.Train.Examples = 3 }},
		{"6 values of 4 examples", func(s *Set) { s.Train.Examples = 0 }},
		{"0 labels and 3 targets of 2 examples", func(s *Set) { s.Train.Targets = s.Train.Targets[:3] }},
		{"number 4 is NaN", func(s *Set) { s.Train.Numbers[4] = float32(math.NaN()) }},
		{"target 1 is -Inf", func(s *Set) { s.Validation.Targets[1] = float32(math.Inf(-1)) }},
	} {
		s := small()
		c.spoil(s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), `data: set "small": `) {
			t.Errorf("error %v; want it to say %q", err, c.want)
		}
	}
}

func TestSlice(t *testing.T) {
	images := Split{Images: []uint8{1, 2, 3, 4, 5, 6}, Labels: []uint8{7, 8, 9}}
	numbers := small().Train
	one := Split{Numbers: []float32{1, 2}, Targets: []float32{3, 4}}
	for _, c := range []struct {
		got, want Split
		n         int
	}{
		{images.Slice(1, 3), Split{Images: []uint8{3, 4, 5, 6}, Labels: []uint8{8, 9}}, 2},
		{images.Slice(0, 3), images, 3},
		{images.Slice(1, 3).Slice(1, 2), Split{Images: []uint8{5, 6}, Labels: []uint8{9}}, 1},
		{numbers.Slice(1, 2), Split{Numbers: []float32{4, 5, 6}, Targets: []float32{3, 4}, Examples: 1}, 1},
		{one.Slice(1, 2), Split{Numbers: []float32{2}, Targets: []float32{4}}, 1},
		{images.Slice(2, 2), Split{Images: []uint8{}, Labels: []uint8{}}, 0},
		{numbers.Slice(2, 2), Split{Numbers: []float32{}, Targets: []float32{}}, 0},
		{Split{}.Slice(0, 0), Split{}, 0},
	} {
		if !reflect.DeepEqual(c.got, c.want) || c.got.Len() != c.n {
			t.Errorf("%+v of %d examples, want %+v of %d", c.got, c.got.Len(), c.want, c.n)
		}
	}
	// What is appended to a part does not reach what follows it.
	_ = append(images.Slice(0, 1).Labels, 0)
	if images.Labels[1] != 8 {
		t.Error("a part has room beyond its end")
	}
}

// There is nothing behind a part, whatever lies there.
func TestSliceTooFar(t *testing.T) {
	all := Split{Images: []uint8{1, 2, 3}, Labels: []uint8{1, 2, 3}}
	first := Split{Images: all.Images[:2], Labels: all.Labels[:2]} // with the capacity of all
	for _, c := range [][2]int{{0, 3}, {-1, 1}, {2, 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Slice(%d, %d) of 2 does not panic", c[0], c[1])
				}
			}()
			first.Slice(c[0], c[1])
		}()
	}
}
