package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/runs"
)

// asProgram makes the test binary behave as vgrad itself.
const asProgram = "VGRAD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program runs vgrad in this process: exit status, standard output and error.
func program(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, streams{out: &out, err: &err})
	return code, out.String(), err.String()
}

// start runs the program as a process of its own.
func start(t *testing.T, stderr *bytes.Buffer, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd
}

// alone gives the test its own store and the Go backend.
func alone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("VGRAD_RUNS", dir)
	t.Setenv("GOMLX_BACKEND", "go")
	return dir
}

func TestWalkthrough(t *testing.T) {
	alone(t)
	page := filepath.Join(t.TempDir(), "a page.html")
	args := []string{"walkthrough", "-data", "synthetic", "-steps", "401", "-out", page}
	code, out, errs := program(t, args...)
	if code != 0 {
		t.Fatalf("exit status %d: %s", code, errs)
	}
	for _, want := range []string{
		"Running scenario: leaky_relu", "Iteration 400 of 401, loss: ", "page: " + page,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not print %q:\n%s", want, out)
		}
	}
	if n := strings.Count(out, "Iteration "); n != 9 {
		t.Errorf("%d Iteration lines; want 3 a scenario", n)
	}
	html, err := os.ReadFile(page)
	if err != nil || !bytes.Contains(html, []byte("Claims of the article")) || !bytes.Contains(html, []byte("echarts")) {
		t.Errorf("page of %d bytes, %v", len(html), err)
	}
	// The second time everything is loaded, and -quiet prints no lines.
	before := time.Now()
	code, out, errs = program(t, append(args, "-quiet")...)
	if code != 0 || strings.Contains(out, "Iteration") || strings.Contains(errs, "backend") {
		t.Errorf("again: exit status %d after %v: %s%s", code, time.Since(before), out, errs)
	}
}

// Networks of another family are the family's own but for the flags that are given, those
// among them that are the article's too.
func TestWalkthroughFamily(t *testing.T) {
	dir := alone(t)
	code, _, errs := program(t, strings.Fields("walkthrough -network highway -depth 3 -init he_normal -set gate_bias=-1 -activations tanh,relu -seeds 2 -data synthetic -steps 20 -json -quiet")...)
	if code != 0 {
		t.Fatalf("%d, %s", code, errs)
	}
	store, err := runs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	list, err := store.List()
	if err != nil || len(list) != 4 {
		t.Fatalf("%d runs, %v; want 4", len(list), err)
	}
	for _, run := range list {
		for field, want := range map[string]string{"network": "highway", "depth": "3", "width": "50", "gate_bias": "-1", "initializer": "he_normal", "label": run.Experiment.Label} {
			if got, err := run.Experiment.Field(field); err != nil || got != want {
				t.Errorf("%s: %s is %s, want %s; %v", run.Name, field, got, want, err)
			}
		}
	}
	article := vgrad.Defaults()
	var w walkthroughFlags
	f := w.set(streams{})
	if _, err := parse(f, []string{"-network", "highway", "-depth", fmt.Sprint(article.Depth)}, streams{}); err != nil {
		t.Fatal(err)
	}
	if err := w.vary(f); err != nil {
		t.Fatal(err)
	}
	if depth, err := w.base.Field("depth"); err != nil || depth != fmt.Sprint(article.Depth) {
		t.Errorf("depth is %s, %v; -depth says %d", depth, err, article.Depth)
	}
}

// The bar, the lines of runs that are trained side by side and notices are written by
// several goroutines; go test -race looks on.
func TestProgress(t *testing.T) {
	var out, lines bytes.Buffer
	p := &progress{lines: &lines, std: streams{err: &out, tty: true}, total: 4 * 300}
	var all sync.WaitGroup
	for seed := range uint64(4) {
		all.Go(func() {
			feeder := vgrad.Feeder{To: p.watch(vgrad.Experiment{Seed: seed, Steps: 300})}
			for step := range 300 {
				if err := feeder.Put(step, []vgrad.Sample{{Quantity: vgrad.Loss, Value: 2}}); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() { p.say("a notice") })
	}
	all.Wait()
	p.close()
	if n := strings.Count(out.String(), "vgrad: a notice\n"); n != 4 {
		t.Errorf("%d notices", n)
	}
	if n := strings.Count(lines.String(), "Iteration "); n != 8 {
		t.Errorf("%d lines:\n%s", n, lines.String())
	}
}

func TestWalkthroughJSON(t *testing.T) {
	alone(t)
	t.Chdir(t.TempDir())
	code, out, errs := program(t, "walkthrough", "-data", "synthetic", "-steps", "201", "-depth", "3", "-seeds", "2", "-activations", "tanh,relu", "-json")
	if code != 0 {
		t.Fatalf("exit status %d: %s", code, errs)
	}
	var outcomes []map[string]any
	if err := json.Unmarshal([]byte(out), &outcomes); err != nil {
		t.Fatalf("standard output is not one JSON array: %v\n%s", err, out)
	}
	if len(outcomes) != 4 {
		t.Fatalf("%d objects; want 2 scenarios × 2 seeds", len(outcomes))
	}
	last := outcomes[3]
	if last["activation"] != "relu" || last["seed"] != 1.0 || last["backend"] != "go" {
		t.Errorf("last object %v", last)
	}
	for _, key := range []string{"mean_abs_grad", "first", "last", "mean_abs_weight"} {
		if list, ok := last[key].([]any); !ok || len(list) != 3 {
			t.Errorf("%s is %v; want 3 numbers", key, last[key])
		}
	}
	for _, key := range []string{"train_accuracy", "val_accuracy", "val_loss", "seconds"} {
		if x, ok := last[key].(float64); !ok || x <= 0 {
			t.Errorf("%s is %v", key, last[key])
		}
	}
	if files, err := os.ReadDir("."); err != nil || len(files) != 0 {
		t.Errorf("-json left %d files behind; %v", len(files), err)
	}
}

// Wrong flags are status 2; bad input is status 1, says what is wrong and
// starts nothing.
func TestBadInput(t *testing.T) {
	store := alone(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", 2, "name a command"},
		{"train", 2, `no command "train"`},
		{"walkthrough -depht 3", 2, "depht"},
		{"walkthrough -depth x", 2, "depth"},
		{"walkthrough report.html", 2, "takes no arguments"},
		{"runs frobnicate", 2, "list, show, delete or merge"},
		{"runs show", 2, "say which run"},
		{"assets now", 2, "takes no arguments"},
		{"walkthrough -activations relo", 1, "the known ones are identity, sigmoid, tanh"},
		{"walkthrough -depth 0", 1, "-depth is 0"},
		{"walkthrough -width -3", 1, "width is -3"},
		{"walkthrough -batch 60000", 1, "60000"},
		{"walkthrough -batch 0", 1, "-batch is 0"},
		{"walkthrough -steps -1", 1, "steps is -1"},
		{"walkthrough -lr 0", 1, "-lr is 0"},
		{"walkthrough -lr NaN", 1, "learning_rate is NaN"},
		{"walkthrough -seeds 0", 1, "-seeds is 0"},
		{"walkthrough -optimizer magic", 1, "adam"},
		{"walkthrough -init xavier", 1, "glorot_uniform"},
		{"walkthrough -data cifar", 1, "mnist"},
		{"walkthrough -backend cuda", 1, "-backend is \"cuda\"; say xla or go"},
		{"walkthrough -activations ,", 1, "-activations is \",\""},
		{"walkthrough -network perceptron", 1, "-network is \"perceptron\"; the families are mlp, highway"},
		{"walkthrough -set depth", 1, "-set has \"depth\"; it takes field=value"},
		{"walkthrough -set depth=3 -depth 4", 1, "-set has depth, which -depth sets"},
		{"walkthrough -set learning_rate=3 -lr 4", 1, "-set has learning_rate, which -lr sets"},
		{"walkthrough -set activation=relu", 1, "-set has activation, which -activations sets"},
		{"walkthrough -set label=relu", 1, "-set has label"},
		{"walkthrough -set gate_bias=1", 1, "gate_bias"},
		{"walkthrough -network highway -set gate_bias=high", 1, "gate_bias"},
		{"walkthrough -network highway -depth 1", 1, "depth is 1"},
		{"walkthrough -out " + file + "/report.html", 1, file},
		{"walkthrough -out .", 1, "-out: the page \".\" cannot be written: . is a folder"},
		{"walkthrough -out nowhere/report.html", 1, "there is no folder nowhere"},
		{"walkthrough -store " + file, 1, file},
		{"walkthrough -measure mean_abs_grad -out " + file, 2, "the page needs all quantities"},
		{"walkthrough -measure grads", 1, "-measure: unknown quantity \"grads\""},
		{"runs list -store nowhere", 1, "-store is \"nowhere\"; there is no such folder"},
		{"runs show nothing", 1, "not recorded"},
		{"runs delete nothing", 1, "nothing"},
	} {
		args := strings.Fields(c.args)
		if len(args) > 0 && args[0] == "walkthrough" && !strings.Contains(c.args, "-out") {
			args = append(args, "-json")
		}
		code, out, errs := program(t, args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Contains(out, "Iteration") {
			t.Errorf("vgrad %s: exit status %d, %q%q; want %d and %q", c.args, code, out, errs, c.code, c.want)
		}
	}
	entries, err := runs.Open(store)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := entries.List(); err != nil || len(list) != 0 {
		t.Errorf("%d runs were begun by bad input; %v", len(list), err)
	}
}

// A truncated or altered MNIST file is named.
func TestDamagedMNIST(t *testing.T) {
	alone(t)
	dir, err := data.MNIST{}.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "mnist")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(copied, "train-images-idx3-ubyte.gz")
	if err := os.Chmod(images, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(images, 1000); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VGRAD_DATA", filepath.Dir(copied))
	code, _, errs := program(t, "walkthrough", "-json")
	if code != 1 || !strings.Contains(errs, "train-images-idx3-ubyte.gz") {
		t.Errorf("exit status %d: %s; want 1 and the file's name", code, errs)
	}
}

// A store that a later version wrote is refused.
func TestNewerStore(t *testing.T) {
	dir := alone(t)
	args := []string{"walkthrough", "-data", "synthetic", "-steps", "3", "-activations", "relu", "-json"}
	if code, _, errs := program(t, args...); code != 0 {
		t.Fatal(errs)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*", "run.json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	newer := bytes.Replace(text, []byte(`"format": 2`), []byte(`"format": 99`), 1)
	if bytes.Equal(newer, text) {
		t.Fatalf("no format in %s", text)
	}
	if err := os.WriteFile(found[0], newer, 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := program(t, args...)
	if code != 1 || !strings.Contains(errs, "99") || !strings.Contains(errs, "later version") {
		t.Errorf("exit status %d: %s; want 1 and both versions", code, errs)
	}
}

// waitFor looks until ok, for a minute at most.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come about in a minute", what)
		}
	}
}

// A process killed in mid-run leaves every sample it recorded. The run can be started
// again; what an interrupt stops goes on.
func TestKilled(t *testing.T) {
	dir := alone(t)
	args := []string{"walkthrough", "-data", "synthetic", "-steps", "20000", "-activations", "relu", "-json", "-quiet"}
	var errs bytes.Buffer
	cmd := start(t, &errs, args...)
	store, err := runs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	recorded := func() int {
		list, err := store.List()
		if err != nil || len(list) == 0 {
			return -1
		}
		r, err := store.Get(list[0].Name)
		if err != nil {
			return -1
		}
		return r.LastStep
	}
	waitFor(t, "the 300th step", func() bool { return recorded() > 300 })
	before := recorded()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	after := recorded()
	if after < before {
		t.Errorf("%d steps were recorded before the kill, %d are left", before, after)
	}
	_, out, _ := program(t, "runs")
	if !strings.Contains(out, "unfinished") {
		t.Errorf("vgrad runs says\n%s", out)
	}
	attempt := func(want string, args ...string) {
		t.Helper()
		first := recorded()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for n := recorded(); ctx.Err() == nil && (n < 100 || n == first); n = recorded() {
				time.Sleep(20 * time.Millisecond)
			}
			cancel()
		}()
		var stdout, stderr bytes.Buffer
		code := run(ctx, args, streams{out: &stdout, err: &stderr})
		if code != 1 || !strings.Contains(stderr.String(), want) || !strings.Contains(stderr.String(), "goes on from there") {
			t.Errorf("exit status %d: %s; want it to say %q, then to be interrupted", code, &stderr, want)
		}
	}
	attempt(fmt.Sprintf("is unfinished: it stopped after step %d of 20000; it starts again", after), append(args, "-from-zero")...)
	attempt(fmt.Sprintf("continued at step %s of 20,000 (interrupted ", commas(recorded()+1)), args...)
}

func commas(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// Two processes training the same experiment: one trains, the other waits and
// loads; both succeed with the same numbers.
func TestTwoProcesses(t *testing.T) {
	alone(t)
	args := []string{"walkthrough", "-data", "synthetic", "-steps", "1500", "-activations", "relu", "-json", "-quiet"}
	var outs, errs [2]bytes.Buffer
	var cmds []*exec.Cmd
	for i := range 2 {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, args...)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		cmd.Stdout, cmd.Stderr = &outs[i], &errs[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("process %d: %v: %s", i, err, &errs[i])
		}
	}
	if outs[0].String() != outs[1].String() {
		t.Errorf("the two print different numbers:\n%s\n%s", &outs[0], &outs[1])
	}
	if code, out, _ := program(t, "runs"); code != 0 || strings.Count(out, "finished") != 1 {
		t.Errorf("vgrad runs says\n%s", out)
	}
}

func TestRuns(t *testing.T) {
	alone(t)
	if code, out, _ := program(t, "runs"); code != 0 || !strings.Contains(out, "no runs in") {
		t.Errorf("an empty store: %d, %s", code, out)
	}
	if code, _, errs := program(t, "walkthrough", "-data", "synthetic", "-steps", "20", "-activations", "relu,tanh", "-json"); code != 0 {
		t.Fatal(errs)
	}
	if _, out, _ := program(t, "runs", "show", "relu"); !strings.Contains(out, "finished in") || !strings.Contains(out, "mean |∂L/∂W|") || !strings.Contains(out, "Not found: ") {
		t.Errorf("runs show:\n%s", out)
	}
	if _, out, _ := program(t, "runs", "show", "relu", "-csv"); !strings.HasPrefix(out, "quantity,step,layer,site,value") {
		t.Errorf("runs show -csv:\n%.200s", out)
	}
	for _, args := range [][]string{{"runs", "-json"}, {"runs", "show", "-json", "relu"}} {
		if _, out, errs := program(t, args...); !json.Valid([]byte(out)) {
			t.Errorf("%v: not JSON: %s%s", args, out, errs)
		}
	}
	if code, out, errs := program(t, "runs", "delete", "relu", "tanh"); code != 0 || strings.Count(out, "deleted") != 2 {
		t.Errorf("runs delete: %d, %s%s", code, out, errs)
	}
	if _, out, _ := program(t, "runs"); !strings.Contains(out, "no runs in") {
		t.Errorf("after deleting:\n%s", out)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"-h"}, {"walkthrough", "-h"}, {"runs", "-help"}, {"assets", "-h"}} {
		if code, out, _ := program(t, args...); code != 0 || !strings.Contains(out, "vgrad") {
			t.Errorf("vgrad %v: exit status %d, %q", args, code, out)
		}
	}
}

// With no network and nothing fetched the Go backend serves, and the page says
// which command brings what it lacks, and has its tables.
func TestOffline(t *testing.T) {
	alone(t)
	t.Setenv("GOMLX_BACKEND", "")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", t.TempDir())
	dir, err := data.MNIST{}.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("VGRAD_DATA", filepath.Dir(dir))
	t.Setenv("VGRAD_CACHE", t.TempDir())
	t.Setenv("VGRAD_OFFLINE", "1")
	page := filepath.Join(t.TempDir(), "report.html")
	code, out, errs := program(t, "walkthrough", "-data", "synthetic", "-steps", "10", "-out", page)
	if code != 0 || !strings.Contains(errs, "VGRAD_OFFLINE") {
		t.Fatalf("exit status %d: %s%s", code, out, errs)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"go tool vgrad assets", "Claims of the article", "<table"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
