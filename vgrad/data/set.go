package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
)

// The losses of data sets.
const (
	// CrossEntropy is the mean over examples of -ln softmax(outputs)[label], in nats.
	CrossEntropy = "cross_entropy"
	// MeanSquaredError is the mean over examples and outputs of (output - target)²,
	// in squared units of the target. There is no ½ in it.
	MeanSquaredError = "mean_squared_error"
)

// Set is a data set: examples in a fixed split, with the target of each. A target is one
// of several classes, or a row of numbers (regression).
type Set struct {
	Name              string
	Train, Validation Split

	// Input is the shape of one example: [features], [height, width, channels] for an
	// image, or [time, features] for a sequence.
	Input []int
	// Features is the number of values of an example: the product of Input.
	Features int
	// Classes is the number of classes; labels run from 0 to Classes-1. Zero: regression.
	Classes int
	// Answers is the number of classes that are asked for in each example, as when a
	// sequence is to be repeated. Zero: one.
	Answers int
	// Outputs is the number of values that a network computes for an example: the logits
	// of the classes, for each answer, or the numbers of a target.
	Outputs int
	// Loss is the name of the loss that belongs to the set.
	Loss string
	// GuessLoss is the loss of a network whose output is the same for every example. In
	// classification it is ln(Classes), the loss of equal probabilities. In regression it
	// is the variance of the training targets, the loss of their mean.
	GuessLoss float64

	Sum string // SHA-256 in hexadecimal that identifies the content; recorded with a run

	wait func() error // waits for the content; nil: it is there
}

// Wait waits until the content of a set that [Open] returned is there. It fails where
// a file is missing, truncated, altered or another set's.
func (s *Set) Wait() error {
	if s.wait == nil {
		return nil
	}
	return s.wait()
}

// Check reports an error if the fields of a set do not fit together. If the content is
// there, it also checks that labels are in range and that numbers and targets are finite.
func (s *Set) Check() error {
	err := s.checkShape()
	for _, part := range []struct {
		name  string
		split Split
	}{{"training", s.Train}, {"validation", s.Validation}} {
		if err != nil {
			break
		}
		if err = part.split.check(s); err != nil {
			err = fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if err != nil {
		return fmt.Errorf("data: set %q: %w", s.Name, err)
	}
	return nil
}

func (s *Set) checkShape() error {
	features := 1
	for _, n := range s.Input {
		features *= max(n, 0)
	}
	loss := CrossEntropy
	if s.Classes == 0 {
		loss = MeanSquaredError
	}
	switch {
	case len(s.Input) == 0 || features != s.Features || features < 1:
		return fmt.Errorf("an input of shape %v and %d features", s.Input, s.Features)
	case s.Classes < 0 || s.Classes > 256 || s.Outputs < 1 || s.Classes > 0 && s.Outputs != s.Classes*max(1, s.Answers):
		return fmt.Errorf("%d classes, of 256 at most, and %d outputs", s.Classes, s.Outputs)
	case s.Loss != loss:
		return fmt.Errorf("loss %q with %d classes; want %q", s.Loss, s.Classes, loss)
	case !(s.GuessLoss > 0) || math.IsInf(s.GuessLoss, 0):
		return fmt.Errorf("the loss of guessing is %v; want a number above 0", s.GuessLoss)
	}
	return nil
}

// Split is a part of a set, in the set's own order. Its inputs are Images or Numbers, and
// its targets are Labels or Targets; the other fields are nil.
type Split struct {
	Images  []uint8   // [Len(), Features], row by row, 0 to 255; a network sees [0, 1]
	Numbers []float32 // [Len(), Features], as a network sees them
	Labels  []uint8   // [Len()], or [Len(), Answers]
	Targets []float32 // [Len(), Outputs]

	// Examples is the number of examples. Zero: one for each label or, without labels,
	// for each target.
	Examples int
}

// Len returns the number of examples.
func (s Split) Len() int {
	if s.Examples > 0 {
		return s.Examples
	}
	return max(len(s.Labels), len(s.Targets))
}

// Slice returns the examples with numbers from ≤ i < to. It shares memory with s. Like a
// slice expression, it panics if the numbers are out of range.
func (s Split) Slice(from, to int) Split {
	n := s.Len()
	part := Split{
		Images: rows(s.Images, n, from, to), Numbers: rows(s.Numbers, n, from, to),
		Labels: rows(s.Labels, n, from, to), Targets: rows(s.Targets, n, from, to),
	}
	if s.Examples > 0 {
		part.Examples = to - from
	}
	return part
}

// rows returns some rows of x: [n, …]. It limits the capacity of the result. Otherwise too
// large a slice of the validation images would reach into the training images, which
// follow them in memory.
func rows[T any](x []T, n, from, to int) []T {
	if len(x) == 0 {
		return nil
	}
	x = x[:len(x):len(x)]
	width := len(x) / n
	return x[from*width : to*width : to*width]
}

// check reports an error if the split does not fit the set.
func (s Split) check(set *Set) error {
	n := s.Len()
	switch {
	case n == 0:
		return errors.New("no examples")
	case (s.Images == nil) == (s.Numbers == nil):
		return errors.New("exactly one of Images and Numbers must be set")
	case (s.Labels == nil) == (s.Targets == nil):
		return errors.New("exactly one of Labels and Targets must be set")
	case (s.Labels == nil) != (set.Classes == 0):
		return fmt.Errorf("%d labels and %d targets, with %d classes", len(s.Labels), len(s.Targets), set.Classes)
	case (s.Images == nil) != (set.Train.Images == nil):
		return errors.New("inputs are Images in one part and Numbers in the other")
	case len(s.Images)+len(s.Numbers) != n*set.Features:
		return fmt.Errorf("%d values of %d examples of %d features", len(s.Images)+len(s.Numbers), n, set.Features)
	case s.Labels != nil && len(s.Labels) != n*max(1, set.Answers), s.Targets != nil && len(s.Targets) != n*set.Outputs:
		return fmt.Errorf("%d labels and %d targets of %d examples", len(s.Labels), len(s.Targets), n)
	case set.wait != nil:
		return nil
	}
	return s.checkValues(set)
}

func (s Split) checkValues(set *Set) error {
	for i, l := range s.Labels {
		if int(l) >= set.Classes {
			return fmt.Errorf("label %d of example %d; there are %d classes", l, i, set.Classes)
		}
	}
	for _, part := range []struct {
		what   string
		values []float32
	}{{"number", s.Numbers}, {"target", s.Targets}} {
		for i, v := range part.values {
			if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("%s %d is %v", part.what, i, v)
			}
		}
	}
	return nil
}

// contentSum hashes all examples of a set; numbers are little-endian.
func contentSum(s *Set) string {
	var parts [][]byte
	for _, part := range []Split{s.Train, s.Validation} {
		parts = append(parts, part.Images, part.Labels, float32Bytes(part.Numbers), float32Bytes(part.Targets))
	}
	return hexSum(parts...)
}

// hexSum is the SHA-256 of all parts, one after another, in hexadecimal.
func hexSum(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func float32Bytes(values []float32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}
