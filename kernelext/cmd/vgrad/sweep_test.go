package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/wire"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/runs"
)

// blink are the words of a sweep of eight runs of a blink.
var blink = []string{"sweep", "depth=2,3", "sigmoid,relu", "seed=0,1", "data=synthetic", "-steps", "60"}

func TestSweep(t *testing.T) {
	alone(t)
	code, out, errs := program(t, append(blink, "-n")...)
	if code != 0 || !strings.HasPrefix(out, "8 runs: 0 recorded, 8 to train as lanes of ") || errs != "" {
		t.Errorf("-n: %d\n%s%s", code, out, errs)
	}
	code, out, errs = program(t, blink...)
	if code != 0 {
		t.Fatalf("exit status %d: %s", code, errs)
	}
	lines := strings.Split(out, "\n")
	if len(lines) != 7 || strings.Join(strings.Fields(lines[0]), " ") != "depth activation runs gradient factor validation accuracy" ||
		!strings.HasPrefix(strings.Join(strings.Fields(lines[4]), " "), "3 relu 2 ") || !strings.Contains(lines[5], "every 200th step") {
		t.Errorf("it prints\n%s", out)
	}
	if !strings.Contains(errs, "0 of 8 runs\n") || !strings.Contains(errs, "8 of 8 runs, ") || strings.Count(errs, "\n") > 4 {
		t.Errorf("progress:\n%s", errs)
	}
	// The second time everything is loaded, no backend is opened, and -quiet says nothing.
	code, again, errs := program(t, append(blink, "-quiet")...)
	if code != 0 || again != out || errs != "" {
		t.Errorf("again: %d\n%s%s", code, again, errs)
	}
	code, out, _ = program(t, append(blink, "-json", "-quiet")...)
	var outcomes []map[string]any
	if err := json.Unmarshal([]byte(out), &outcomes); code != 0 || err != nil || len(outcomes) != 8 {
		t.Fatalf("-json: %d, %v\n%s", code, err, out)
	}
	last := outcomes[7]
	if last["scenario"] != "relu depth=3" || last["seed"] != 1.0 || last["factor"].(float64) <= 0 || last["val_accuracy"].(float64) <= 0 {
		t.Errorf("last object %v", last)
	}
}

// Shards in stores of their own, merged, are the sweep.
func TestSweepShards(t *testing.T) {
	whole := alone(t)
	var folders []string
	for i := range 3 {
		folders = append(folders, filepath.Join(t.TempDir(), "a shard"))
		if code, _, errs := program(t, append(blink, "-quiet", "-shard", fmt.Sprintf("%d/3", i+1), "-runs", folders[i])...); code != 0 {
			t.Fatalf("shard %d: %s", i+1, errs)
		}
	}
	code, out, errs := program(t, append([]string{"runs", "merge"}, folders...)...)
	if code != 0 || strings.Count(out, "runs added, 0 were here, 0 left out") != 3 || errs != "" {
		t.Errorf("merge: %d\n%s%s", code, out, errs)
	}
	code, out, _ = program(t, append(blink, "-n", "-json")...)
	if code != 0 || out != `{"sweep":8,"runs":8,"recorded":8,"programs":0,"bytes":0}`+"\n" {
		t.Errorf("in %s after the merge: %s", whole, out)
	}
	if code, out, errs := program(t, append(blink, "-quiet", "-shard", "30/30")...); code != 0 || out != "" || !strings.Contains(errs, "shard 30/30 has no runs") {
		t.Errorf("an empty shard: %d\n%s%s", code, out, errs)
	}
}

// A sweep that is killed loses nothing: the next one goes on.
func TestSweepKilled(t *testing.T) {
	dir := alone(t)
	store, err := runs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"sweep", "seed=0..39", "data=synthetic", "-steps", "300"}
	var said bytes.Buffer
	cmd := start(t, &said, args...)
	finished := func() (n int) {
		list, err := store.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.Problem != nil {
				t.Errorf("%s: %v", e.Name, e.Problem)
			}
			if e.Finished {
				n++
			}
		}
		return n
	}
	for finished() < 3 {
		time.Sleep(5 * time.Millisecond)
	}
	cmd.Process.Kill()
	cmd.Wait()
	kept := finished()
	code, out, errs := program(t, args...)
	if code != 0 || !strings.Contains(errs, fmt.Sprintf("%d of 40 runs, %d of them found\n", kept, kept)) && kept < 40 {
		t.Errorf("after %d: %d\n%s%s", kept, code, out, errs)
	}
	if n := finished(); n != 40 {
		t.Errorf("%d runs in the end", n)
	}
}

// Merging names what it leaves out, and fails on what is damaged.
func TestRunsMergeDamaged(t *testing.T) {
	alone(t)
	other := t.TempDir()
	if code, _, errs := program(t, append(blink, "-quiet", "-runs", other)...); code != 0 {
		t.Fatal(errs)
	}
	samples, err := filepath.Glob(filepath.Join(other, "*seed1*", "samples.bin"))
	if err != nil || len(samples) != 4 {
		t.Fatal(samples, err)
	}
	if err := os.Truncate(samples[0], 100); err != nil {
		t.Fatal(err)
	}
	code, out, errs := program(t, "runs", "merge", other, filepath.Join(other, "nowhere"))
	if code != 1 || !strings.Contains(out, "7 runs added, 0 were here, 1 left out") ||
		!strings.Contains(errs, "left out "+filepath.Base(filepath.Dir(samples[0]))) || !strings.Contains(errs, "1 runs cannot be read") || !strings.Contains(errs, "it is no store of runs") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}

func TestSweepRefuses(t *testing.T) {
	dir := alone(t)
	for _, c := range []struct {
		args string
		code int
		says []string
	}{
		{"sweep", 2, []string{"name the fields and their values"}},
		{"sweep depth=2 -shard x", 2, []string{"-shard is"}},
		{"sweep depth=2 -shard 4/3", 1, []string{"no shard 4 of 3"}},
		{"sweep depht=2 width=x seed=9..1 -out nowhere/page.html", 1, []string{"depht", `width is "x"`, "ends before it begins"}},
		{"sweep relo,tahn seed=0..9", 1, []string{`"relo"`, `"tahn"`}},
		{"sweep relo -n", 1, []string{`"relo"`}},
		{"sweep relu -measure gradient,losss", 1, []string{`"gradient"`, `"losss"`}},
		{"sweep relu -steps 0 -every 0", 1, []string{"-steps is 0", "-every is 0"}},
		{"sweep relu -out nowhere/page.html", 1, []string{"nowhere"}},
		{"sweep relu -out .", 1, []string{"-out: the page \".\" cannot be written: . is a folder"}},
		{"sweep relu -backend tpu", 1, []string{"-backend is \"tpu\"; say xla or go"}},
		{"runs merge", 2, []string{"which folders"}},
	} {
		code, out, errs := program(t, strings.Fields(c.args)...)
		for _, want := range c.says {
			if code != c.code || !strings.Contains(errs, want) || out != "" {
				t.Errorf("vgrad %s: %d, %s%s; want %d and %q", c.args, code, out, errs, c.code, want)
			}
		}
	}
	store, err := runs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := store.List(); err != nil || len(list) > 0 {
		t.Errorf("%d runs were begun; %v", len(list), err)
	}
}

// On a terminal the line changes in place, and notices stand above it.
func TestSweepLine(t *testing.T) {
	var out bytes.Buffer
	line := sweepLine{std: streams{err: &out, tty: true}}
	line.tell(vgrad.Progress{Total: 2})
	line.say("a notice")
	line.told = time.Time{}
	line.last.Left, line.last.Took = 9*time.Second, time.Second
	line.again(time.Time{}.Add(4 * time.Second))
	line.tell(vgrad.Progress{Total: 2, Done: 2, Took: 3 * time.Second})
	line.close()
	if want := "0 of 2 runs\r\033[Kvgrad: a notice\n0 of 2 runs\r\033[K0 of 2 runs, 5s left (after 5s)\r\033[K2 of 2 runs\r\033[K2 of 2 runs in 3s\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// What a cell asks for: progress, and no samples.
func TestCellSweep(t *testing.T) {
	dir := alone(t)
	es, err := vgrad.Sweep{Base: vgrad.Experiment{Data: "synthetic", Steps: 40}, Over: []string{"sigmoid,relu", "seed=0,1"}}.Experiments()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if err := answer(t.Context(), wire.Request{Store: dir, Train: es, Sweep: true}, wire.NewVoice(&said)); err != nil {
		t.Fatal(err)
	}
	var told []int
	heard := wire.Ask(io.Discard, &said, wire.Request{}, func(m wire.Message) error {
		if m.Progress != nil {
			told = append(told, m.Progress.Done)
		} else if m.Say == "" {
			t.Errorf("it says %+v", m)
		}
		return nil
	})
	if fmt.Sprint(told) != "[0 1 2 3 4]" || !errors.Is(heard, wire.ErrCut) { // the end is cellCommand's word
		t.Errorf("told %v, %v", told, heard)
	}
}
