package data

import (
	"math"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

func load(t *testing.T, name string) *Set {
	t.Helper()
	s, err := Load(t.Context(), name)
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The content is part of a run's record.
func TestSequencesGolden(t *testing.T) {
	for name, want := range map[string]string{"adding/20": addingSum, "copy/5": copySum, "order/20": orderSum} {
		if got := load(t, name).Sum; got != want {
			t.Errorf("%s: sum %s, want %s: runs recorded on the old set are no longer comparable", name, got, want)
		}
	}
}

// Two marks, one in each half, and the target is the sum of what they mark.
func TestAdding(t *testing.T) {
	const length = 21
	s := load(t, "adding/21")
	for i, target := range s.Train.Targets {
		x := s.Train.Numbers[i*2*length:][:2*length]
		sum, marks := float32(0), [2]int{}
		for step := range length {
			if x[2*step] < 0 || x[2*step] >= 1 {
				t.Fatalf("number %v", x[2*step])
			}
			if x[2*step+1] == 1 {
				sum += x[2*step]
				marks[min(1, step/(length/2))]++
			}
		}
		if sum != target || marks != [2]int{1, 1} {
			t.Fatalf("sequence %d: target %v, want %v; %v marks in its halves", i, target, sum, marks)
		}
	}
	if math.Abs(s.GuessLoss-1.0/6) > 0.003 { // 20,000 draws: three standard errors of a variance
		t.Errorf("always guessing has a loss of %v; want 1/6", s.GuessLoss)
	}
}

// symbolsOf are the symbols of an example, one a time step.
func symbolsOf(t *testing.T, s *Set, i int) (symbols []int) {
	t.Helper()
	codes := s.Input[1]
	for step := range s.Input[0] {
		one := -1
		for k, v := range s.Train.Images[i*s.Features+step*codes:][:codes] {
			switch {
			case v == 255 && one < 0:
				one = k
			case v != 0:
				t.Fatalf("a symbol is coded %v", s.Train.Images[i*s.Features+step*codes:][:codes])
			}
		}
		symbols = append(symbols, one)
	}
	return symbols
}

// The answers are the first ten symbols, and the mark comes length time steps after the last.
func TestCopyMemory(t *testing.T) {
	s := load(t, "copy/7")
	if s.Input[0] != 26 || s.Answers != 10 || s.Outputs != 80 {
		t.Fatalf("input %v, %d answers, %d outputs", s.Input, s.Answers, s.Outputs)
	}
	for i := range 300 {
		symbols := symbolsOf(t, s, i)
		for k, symbol := range symbols {
			want := 8
			switch {
			case k < 10:
				want = int(s.Train.Labels[10*i+k])
			case k == 16:
				want = 9
			}
			if symbol != want {
				t.Fatalf("sequence %d: %v with the answers %v", i, symbols, s.Train.Labels[10*i:10*i+10])
			}
		}
	}
}

// The class is the order of the three marked symbols.
func TestTemporalOrder(t *testing.T) {
	s := load(t, "order/30")
	seen := map[uint8]int{}
	for i := range 1000 {
		class, marked := uint8(0), 0
		for step, symbol := range symbolsOf(t, s, i) {
			if symbol < 2 {
				if tenth := step * 10 / 30; tenth != 3*marked+1 {
					t.Fatalf("symbol %d is at time step %d", marked, step)
				}
				class, marked = 2*class+uint8(symbol), marked+1
			}
		}
		if marked != 3 || class != s.Train.Labels[i] {
			t.Fatalf("sequence %d: %d symbols, class %d, want %d", i, marked, s.Train.Labels[i], class)
		}
		seen[class]++
	}
	for class, n := range seen {
		if len(seen) != 8 || n < 80 || n > 170 { // 125 ± four standard deviations
			t.Errorf("class %d comes %d times in 1000", class, n)
		}
	}
}

// MNIST's pixels one by one are MNIST.
func TestPixels(t *testing.T) {
	s, mnist := load(t, "mnist_pixels"), load(t, "mnist")
	if s.Input[0] != 784 || s.Input[1] != 1 || string(s.Train.Images[:784]) != string(mnist.Train.Images[:784]) || s.Sum != mnist.Sum {
		t.Errorf("input %v", s.Input)
	}
}

func TestLength(t *testing.T) {
	if name := Of(vgrad.Experiment{Data: "adding", Length: 30}); name != "adding/30" {
		t.Errorf("name %q", name)
	}
	if name := Of(vgrad.Experiment{}); name != "mnist" {
		t.Errorf("name %q", name)
	}
	for want, e := range map[string]vgrad.Experiment{
		"length is 5; the data mnist have a size of their own; adding, copy, order are drawn": {Length: 5},
		"length is 1; sequences of the data adding have a length from 2 to 1000":              {Data: "adding", Length: 1},
		"length is 2000; sequences of the data copy have a length from 1 to 1000":             {Data: "copy", Length: 2000},
	} {
		_, err := Open(t.Context(), Of(e))
		if checked := Check(e); err == nil || checked == nil || !strings.HasPrefix(err.Error(), want) || err.Error() != checked.Error() {
			t.Errorf("errors %v and %v; want %q", err, checked, want)
		}
	}
	if _, err := Open(t.Context(), "adding/x"); err == nil || !strings.Contains(err.Error(), "whole number") {
		t.Errorf("error %v", err)
	}
	if err := (vgrad.Experiment{Data: "adding", Length: -1}).Validate(); err == nil || !strings.Contains(err.Error(), "length is -1") {
		t.Errorf("error %v", err)
	}
}

const (
	addingSum = "b545ad1bfbdd4b1a6f18eb4f8bcdd2fc5ab742c001fcb39a8193335b1e1c2054"
	copySum   = "f610797fb451d583149369b20285bf387aee19298cb4f99ca95c06f97c4b2599"
	orderSum  = "bf5c7231c4a35b70f1000fceaf1636c581917ab09e517c603fa2d85cda38f855"
)
