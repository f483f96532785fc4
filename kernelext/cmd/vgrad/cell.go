package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/vgrad/lab/kernelext/wire"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/article"
	"github.com/vgrad/lab/vgrad/lab"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/runs"
)

// cellCommand trains for a notebook cell; see package wire.
func cellCommand(ctx context.Context, args []string, std streams) error {
	f := flag.NewFlagSet("cell", flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "vgrad cell is started by notebook cells: it reads a request from standard input and trains.")
	}
	if _, err := parse(f, args, std); err != nil {
		return err
	}
	r, err := wire.Hear(os.Stdin)
	if err != nil {
		return usageError{err}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() { // the cell closes the other end when it no longer wants the work done
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	voice := wire.NewVoice(std.out)
	if err := answer(ctx, r, voice); err != nil {
		return voice.Send(wire.Message{Failed: strings.ReplaceAll(err.Error(), "\n", "; ")})
	}
	return voice.Send(wire.Message{Done: true})
}

// answer does the work of a request.
func answer(ctx context.Context, r wire.Request, voice *wire.Voice) error {
	store, err := runs.Open(r.Store)
	if err != nil {
		return err
	}
	l := &lab.Lab{Store: store, Say: func(line string) { voice.Send(wire.Message{Say: line}) }}
	defer l.Close()
	if r.Speed {
		speeds, err := l.Speeds(ctx, r.Train, func(done, total int) {
			voice.Send(wire.Message{Timed: &wire.Stretches{Done: done, Total: total}})
		})
		if err != nil {
			return err
		}
		return voice.Send(wire.Message{Speeds: speeds})
	}
	if r.Sweep {
		return l.Sweep(ctx, r.Train, func(p vgrad.Progress) { voice.Send(wire.Message{Progress: &p}) })
	}
	l.Watch = func(e vgrad.Experiment) vgrad.Sink {
		c := l.Continued(e)
		voice.Send(wire.Message{Begin: &wire.Begun{Experiment: e, Run: runs.Name(e), From: c.Step, Continued: c.String()}})
		return nil // the cell reads the store
	}
	c, err := l.All(ctx, r.Train...)
	if err != nil || !r.Judge {
		return err
	}
	claims, err := article.Judge(c.Runs())
	if err != nil {
		return err
	}
	return voice.Send(wire.Message{Claims: claimsTable(claims)})
}

func claimsTable(claims []article.Claim) *page.Table {
	t := &page.Table{Columns: []string{"the article says", "measured here", "it holds if"}}
	for _, c := range claims {
		t.Rows = append(t.Rows, []string{c.Said, c.Measured, c.Rule})
		t.Verdicts = append(t.Verdicts, c.Verdict)
	}
	return t
}
