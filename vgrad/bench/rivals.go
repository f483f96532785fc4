package main

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// files are the rivals' scripts, and the locks of their environments as
// kernelext/jupyter/lock.py writes them: every package with its version and hashes.
//
//go:embed rivals
var files embed.FS

// rival is a library that vgrad is compared with.
type rival struct {
	name, title string // "torch", "PyTorch"
	pack        string // its package in the lock
	download    string // size of the download and on disk, in prose
	ways        []way  // the ways to use it, the usual one first
}

// way is a way to use a rival.
type way struct {
	name    string // in tables
	variant string // the script's -variant
	threads int    // 0: the library's default
	script  string // its file; "": with_NAME.py
	parts   string // keys of the parts that measure it; D: part d, with all seeds trained instead of extrapolated
}

// in reports whether a part measures it.
func (w way) in(part string) bool { return strings.Contains(w.parts, part) }

var rivals = []rival{
	{"torch", "PyTorch", "torch", "3 GB, 6 GB unpacked", []way{
		{"eager", "eager", 0, "", "abde"}, {"eager, 1 thread", "eager", 1, "", "abde"},
		{"the step through torch.compile, 1 thread", "compile", 1, "", "abd"}, {"all seeds in one vmap, 1 thread", "together", 1, "", "D"},
		{"torch.nn", "", 0, "families_torch.py", "h"}, {"torch.nn, 1 thread", "", 1, "families_torch.py", "h"},
	}},
	{"tensorflow", "TensorFlow", "tensorflow-cpu", "350 MB, 1.6 GB unpacked", []way{
		{"a tf.function call a step", "step", 0, "", "abe"}, {"a tf.function call a step, 1 thread", "step", 1, "", "ab"},
		{"the loop in one tf.function, 1 thread", "loop", 1, "", "ab"}, {"the loop in one tf.function, XLA", "xla", 0, "", "ab"},
	}},
	{"jax", "JAX", "jax", "150 MB, 600 MB unpacked", []way{
		{"lax.scan", "", 0, "", "abe"}, {"lax.scan, 1 thread", "", 1, "", "ab"}, {"all seeds in one vmap", "together", 0, "", "D"},
		{"lax.scan of lax.scan", "", 0, "families_jax.py", "h"}, {"lax.scan of lax.scan, 1 thread", "", 1, "families_jax.py", "h"},
	}},
}

// rivalNamed returns the rival of that name.
func rivalNamed(name string) (rival, error) {
	var known []string
	for _, r := range rivals {
		if r.name == name {
			return r, nil
		}
		known = append(known, r.name)
	}
	return rival{}, fmt.Errorf("there is no rival %q; there are %s", name, strings.Join(known, ", "))
}

// each yields the ways of all rivals that a part measures.
func (b *bench) each(part string) iter.Seq2[rival, way] {
	return func(yield func(rival, way) bool) {
		for _, r := range b.rivals {
			for _, w := range r.ways {
				if w.in(part) && !yield(r, w) {
					return
				}
			}
		}
	}
}

// script returns the file name of the rival's script.
func (r rival) script() string { return "with_" + r.name + ".py" }

// lock returns the text of the rival's requirements file.
func (r rival) lock() (string, error) {
	text, err := files.ReadFile("rivals/" + r.name + ".txt")
	return string(text), err
}

// version returns the version of the rival's package in the lock.
func (r rival) version() string {
	text, _ := r.lock() // cannot fail: it is embedded, and a test reads it
	_, rest, _ := strings.Cut("\n"+text, "\n"+r.pack+"==")
	version, _, _ := strings.Cut(rest, " ")
	return version
}

// label names a way of the rival in tables.
func (r rival) label(w way) string { return fmt.Sprintf("%s %s, %s", r.title, r.version(), w.name) }

// command returns the command that runs the rival's script with the Python of its
// environment. mode is "serve" or "article".
func (b *bench) command(ctx context.Context, r rival, w way, mode string, more ...string) *exec.Cmd {
	script := w.script
	if script == "" {
		script = r.script()
	}
	args := append([]string{b.place.file("scripts", script), mode, "-variant", w.variant, "-threads", strconv.Itoa(w.threads)}, more...)
	cmd := exec.CommandContext(ctx, b.place.python(r), args...)
	cmd.Env = append(os.Environ(), "VGRAD_BENCH_DATA="+b.place.file("data"), "PYTHONNOUSERSITE=1", "TORCHINDUCTOR_CACHE_DIR="+b.place.file("inductor"))
	return cmd
}

// request is the training that a rival's server runs. Zero fields: as in the article.
type request struct {
	Network    string `json:"network,omitempty"` // of part h
	Depth      int    `json:"depth,omitempty"`
	Width      int    `json:"width,omitempty"`
	Activation string `json:"activation,omitempty"`
	Batch      int    `json:"batch,omitempty"`
	Steps      int    `json:"steps,omitempty"`
}

// server is a rival's process that trains one request after the other and keeps what it
// has compiled.
type server struct {
	start  func() *exec.Cmd
	cmd    *exec.Cmd // nil: not started
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail
}

// serving returns the server of a way of a rival. The process starts with the first call
// of ask.
func (b *bench) serving(ctx context.Context, r rival, w way) *server {
	return &server{start: func() *exec.Cmd { return b.command(ctx, r, w, "serve") }}
}

// ask trains once. If ctx ends before the answer, ask kills the process.
func (s *server) ask(ctx context.Context, r request) (o outcome, err error) {
	if s.cmd == nil {
		if err := s.open(); err != nil {
			return o, err
		}
	}
	answered := make(chan struct{})
	go func() {
		o, err = s.exchange(r)
		close(answered)
	}()
	select {
	case <-answered:
		if err != nil {
			s.close()
			err = fmt.Errorf("%w: %s", err, s.stderr)
		}
		return o, err
	case <-ctx.Done():
		s.kill()
		<-answered
		s.close()
		return o, ctx.Err()
	}
}

// open starts the process.
func (s *server) open() (err error) {
	cmd := s.start()
	s.stderr = &tail{}
	cmd.Stderr = s.stderr
	if s.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	s.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	return nil
}

// exchange sends a request and reads the answer.
func (s *server) exchange(r request) (o outcome, err error) {
	question, err := json.Marshal(r)
	if err != nil {
		return o, err
	}
	_, err = s.in.Write(append(question, '\n'))
	line := ""
	if err == nil {
		line, err = s.out.ReadString('\n')
	}
	if err != nil {
		return o, fmt.Errorf("it ended: %w", err)
	}
	all, err := outcomes([]byte(line))
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("it answered with %d outcomes", len(all))
	}
	if err != nil {
		return o, err
	}
	return all[0], nil
}

// kill kills the process.
func (s *server) kill() { _ = s.cmd.Process.Kill() } // an error: it has ended already

// close kills the process and waits for its end.
func (s *server) close() {
	if s.cmd != nil {
		s.kill()
		_ = s.cmd.Wait() // always an error: the process was killed
		s.cmd = nil
	}
}

// outcomes parses what a program printed: a JSON array of outcomes, or other lines followed
// by such an array in the last line.
func outcomes(printed []byte) ([]outcome, error) {
	var all []outcome
	text := strings.TrimSpace(string(printed))
	if err := json.Unmarshal([]byte(text), &all); err == nil {
		return all, nil
	}
	line := text[strings.LastIndexByte(text, '\n')+1:]
	if err := json.Unmarshal([]byte(line), &all); err != nil {
		return nil, fmt.Errorf("read the outcomes that it printed: %w: %.200q", err, line)
	}
	return all, nil
}

// process runs a program and reads the outcomes that it prints. The seconds are those from
// its start to its end.
func process(cmd *exec.Cmd) (seconds float64, got []outcome, err error) {
	stderr := &tail{}
	cmd.Stderr = stderr
	start := time.Now()
	printed, err := cmd.Output()
	seconds = time.Since(start).Seconds()
	if err != nil {
		return seconds, nil, fmt.Errorf("%w: %s", err, stderr)
	}
	got, err = outcomes(printed)
	return seconds, got, err
}

// tail keeps the last 500 bytes that are written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if over := len(t.text) - 500; over > 0 {
		t.text = t.text[over:]
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.Join(strings.Fields(string(t.text)), " ") }

var errOffline = errors.New("the environment is missing, and VGRAD_OFFLINE=1 forbids downloading it")
