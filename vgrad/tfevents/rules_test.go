package tfevents_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/tfevents"
)

// Tags with names of layers become sites in the order of their first appearance.
func TestRulesWithNames(t *testing.T) {
	dir := t.TempDir()
	var samples []vgrad.Sample
	for i, name := range []string{"stem", "fc1.weight", "fc2.weight"} {
		samples = append(samples, vgrad.Sample{Site: vgrad.NetworkSite, Quantity: vgrad.Quantity("grads/" + name), Value: float64(i + 1)})
	}
	record(t, dir, tfevents.Options{}, [][]vgrad.Sample{samples})
	// The file says itself what its tags are, so its schema is renamed away.
	files, err := filepath.Glob(filepath.Join(dir, "*tfevents*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	strip(t, files[0])
	run := open(t, dir, tfevents.Rule{Tag: "grads/{name}", Quantity: vgrad.MeanAbsGrad}).Runs()[0]
	var got []string
	for s := range run.Samples(vgrad.MeanAbsGrad) {
		got = append(got, fmt.Sprintf("%d %s %v", s.Site.Layer, s.Site.Path, s.Value))
	}
	if want := []string{"1 /stem/weights 1", "2 /fc1.weight/weights 2", "3 /fc2.weight/weights 3"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if quantities := run.Quantities(); !slices.Equal(quantities, []vgrad.Quantity{vgrad.MeanAbsGrad}) {
		t.Errorf("quantities %v", quantities)
	}
}

// strip removes the record of the schema from a file.
func strip(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var kept []byte
	for len(data) > 0 {
		n := 16 + int(data[0]) + int(data[1])<<8 + int(data[2])<<16
		if !strings.Contains(string(data[:n]), "vgrad/schema") {
			kept = append(kept, data[:n]...)
		}
		data = data[n:]
	}
	if err := os.WriteFile(path, kept, 0o666); err != nil {
		t.Fatal(err)
	}
}

// A folder has one run: nothing is joined to what is there, and only our own files are
// replaced.
func TestCreateJoinsNoRuns(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, tfevents.Options{}, nil)
	if _, err := tfevents.Create(dir, tfevents.Options{}); !errors.Is(err, tfevents.ErrExists) {
		t.Errorf("a second run in the folder: %v", err)
	}
	record(t, dir, tfevents.Options{Replace: true}, nil)
	if err := os.WriteFile(filepath.Join(dir, "events.out.tfevents.1.host"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := tfevents.Create(dir, tfevents.Options{Replace: true}); !errors.Is(err, tfevents.ErrExists) {
		t.Errorf("beside another program's file: %v", err)
	}
	if _, err := tfevents.Create(t.TempDir(), tfevents.Options{Tags: "mine"}); err == nil {
		t.Error("unknown tags are no error")
	}
	if _, err := tfevents.Open(t.TempDir()); !errors.Is(err, tfevents.ErrNoEvents) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := tfevents.Open(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there is no error")
	}
}
