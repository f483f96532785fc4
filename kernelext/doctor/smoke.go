package doctor

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vgrad/lab/kernelext/jupyter"
)

//go:embed smoke.py
var smokeProgram string

// smokeCells are what a kernel that works runs: the first draws, the second is the same
// again.
var smokeCells = []string{smokeCell, smokeCell}

const smokeCell = `import "github.com/janpfeifer/gonb/gonbui"
%%
gonbui.DisplayHTML("<svg><title>vgrad doctor</title></svg>")
gonbui.Sync()
`

// Smoke is what a kernel did.
type Smoke struct {
	Start float64 `json:"start"` // seconds until the kernel was ready
	Cells []Cell  `json:"cells"`
	Error string  `json:"error"` // of the kernel; empty where there was none
}

// Cell is what a cell did.
type Cell struct {
	Seconds float64           `json:"seconds"`
	Error   string            `json:"error"`  // what it failed with; empty where it did not
	Shown   map[string]string `json:"shown"`  // what it displayed last, by MIME type
	Stream  string            `json:"stream"` // what it printed
}

// RunCells starts the lab's kernel, runs cells in it one after the other, and stops it.
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

// smoke starts the kernel, compiles a cell and looks at its figure.
func smoke(ctx context.Context, p *patient) (string, error) {
	j, err := p.home.Find(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	s, err := RunCells(ctx, j, "vgrad", smokeCells...)
	if err != nil {
		return "", err
	}
	for _, c := range s.Cells {
		switch {
		case c.Error != "":
			return "", errors.New("the kernel starts, and a cell fails: " + c.Error)
		case !strings.Contains(c.Shown["text/html"], "<svg"):
			return "", errors.New("the kernel starts, a cell runs, and its figure does not come")
		}
	}
	return fmt.Sprintf("the kernel starts in %.1f s, a cell draws in %.1f s, again in %.1f s", s.Start, s.Cells[0].Seconds, s.Cells[1].Seconds), nil
}
