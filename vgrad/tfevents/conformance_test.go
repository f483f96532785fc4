package tfevents_test

import (
	"testing"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/tfevents"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

func TestWriterIsASink(t *testing.T) {
	for _, tags := range []tfevents.Tags{tfevents.ArticleTags, tfevents.LabTags} {
		t.Run(string(tags), func(t *testing.T) {
			vgradtest.TestSink(t, func(t *testing.T) vgrad.Sink {
				return create(t, t.TempDir(), tfevents.Options{Tags: tags})
			})
		})
	}
}

func TestRunIsASource(t *testing.T) {
	for _, tags := range []tfevents.Tags{tfevents.ArticleTags, tfevents.LabTags} {
		t.Run(string(tags), func(t *testing.T) {
			vgradtest.TestSource(t, func(t *testing.T, steps [][]vgrad.Sample) vgrad.Source {
				dir := t.TempDir()
				record(t, dir, tfevents.Options{Tags: tags}, steps)
				return open(t, dir).Runs()[0]
			})
		})
	}
}

// create begins an event file, which is closed at the test's end.
func create(t *testing.T, dir string, o tfevents.Options) *tfevents.Writer {
	t.Helper()
	w, err := tfevents.Create(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// record writes the samples of steps to an event file.
func record(t *testing.T, dir string, o tfevents.Options, steps [][]vgrad.Sample) {
	t.Helper()
	w := create(t, dir, o)
	feeder := &vgrad.Feeder{To: w}
	for step, samples := range steps {
		if err := feeder.Put(step, samples); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string, rules ...tfevents.Rule) *tfevents.Log {
	t.Helper()
	log, err := tfevents.Open(dir, rules...)
	if err != nil {
		t.Fatal(err)
	}
	return log
}
