package doctor

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
)

//go:embed smoke.py
var smokeProgram string

// smokeCell draws with nothing but GoNB.
const smokeCell = `import "github.com/janpfeifer/gonb/gonbui"
%%
gonbui.DisplayHTML("<svg><title>vgrad doctor</title></svg>")
gonbui.Sync()
`

// figureCell trains a small network and shows a figure, as the lessons do.
const figureCell = `import ("github.com/vgrad/lab/kernelext/cell"; "github.com/vgrad/lab/vgrad"; "github.com/vgrad/lab/vgrad/chart")
%%
run := cell.Train(vgrad.Experiment{Data: "synthetic", Steps: 20})
cell.Show(chart.Loss([]vgrad.Source{run}))
`

// Smoke is the result of [RunCells].
type Smoke struct {
	Start float64 `json:"start"` // seconds until the kernel was ready
	Cells []Cell  `json:"cells"` // in the order in which they ran
	Error string  `json:"error"` // of the kernel; "" if there was none
}

// Cell is the result of one cell.
type Cell struct {
	Seconds float64           `json:"seconds"`
	Error   string            `json:"error"`  // of the cell; "" if there was none
	Shown   map[string]string `json:"shown"`  // its last display, by MIME type
	Stream  string            `json:"stream"` // its standard output and standard error
}

// RunCells starts a kernel by the name of its kernelspec, runs the cells one after the
// other, and stops the kernel. It fails if the kernel does; a cell that fails has its error
// in its [Cell].
func RunCells(ctx context.Context, j *jupyter.Jupyter, kernelName string, cells ...string) (*Smoke, error) {
	input, err := json.Marshal(map[string]any{"kernel": kernelName, "cells": cells})
	if err != nil {
		return nil, err
	}
	cmd := j.Script(ctx, smokeProgram)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &said
	if err := jupyter.Run(cmd); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return nil, fmt.Errorf("start a kernel: %w: %s", err, lines[len(lines)-1])
	}
	var s Smoke
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		return nil, fmt.Errorf("start a kernel: %w", err)
	}
	if s.Error != "" {
		return nil, fmt.Errorf("start a kernel: %s", s.Error)
	}
	return &s, nil
}

// smoke starts the kernel, runs cells and checks that their figures appear. It records its
// run in a temporary folder, not among the user's runs.
func smoke(ctx context.Context, m *machine) (string, error) {
	j, err := m.home.Find(ctx)
	if err != nil {
		return "", err
	}
	store, err := os.MkdirTemp("", "vgrad-doctor-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(store)
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	s, err := RunCells(ctx, j, kernel.Name, smokeCell, smokeCell, "%env VGRAD_RUNS "+store, figureCell)
	if err != nil {
		return "", err
	}
	for i, what := range map[int]string{0: "a cell", 1: "the same cell again", 3: "a cell that trains"} {
		switch c := s.Cells[i]; {
		case c.Error != "":
			return "", fmt.Errorf("the kernel starts, but %s fails: %s: %s", what, c.Error, c.Stream)
		case !strings.Contains(c.Shown["text/html"], "<svg") && !strings.Contains(c.Shown["text/html"], "data:image/"):
			return "", fmt.Errorf("the kernel starts, %s runs, but no figure appears", what)
		}
	}
	return fmt.Sprintf("the kernel starts in %.1f s, a cell draws in %.1f s, again in %.1f s, one that trains in %.1f s",
		s.Start, s.Cells[0].Seconds, s.Cells[1].Seconds, s.Cells[3].Seconds), nil
}
