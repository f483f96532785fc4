package main

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/vgrad/lab/kernelext/wire"
	"github.com/vgrad/lab/vgrad"
)

// The program measures speeds for a cell: it counts the stretches, and sends what it
// measured on each backend.
func TestCellSpeed(t *testing.T) {
	var said bytes.Buffer
	e := vgrad.Experiment{Depth: 2, Measure: vgrad.Measure{Quantities: []vgrad.Quantity{}, HistogramEvery: -1}}
	if err := answer(t.Context(), wire.Request{Store: t.TempDir(), Train: []vgrad.Experiment{e}, Speed: true}, wire.NewVoice(&said)); err != nil {
		t.Fatal(err)
	}
	var speeds []vgrad.Speed
	var last wire.Stretches
	heard := wire.Ask(io.Discard, &said, wire.Request{}, func(m wire.Message) error {
		if m.Timed != nil {
			last = *m.Timed
		}
		if m.Speeds != nil {
			speeds = m.Speeds
		}
		return nil
	})
	if len(speeds) != 3 || len(speeds[0].Steps) == 0 || speeds[0].Experiment.Depth != 2 || last.Done == 0 || last.Done != last.Total || !errors.Is(heard, wire.ErrCut) {
		t.Errorf("speeds %+v, stretches %+v, %v", speeds, last, heard)
	}
}
