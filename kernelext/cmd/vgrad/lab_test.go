package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/vgrad/assets"
)

// needLab says what a test needs that starts Jupyter.
func needLab(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs Jupyter")
	}
	home, err := jupyter.Open()
	if err != nil {
		t.Fatal(err)
	}
	_, err = kernel.Read(home.Data())
	if err == nil {
		_, err = home.Find(t.Context())
	}
	if err != nil {
		t.Fatalf("%v; this test needs what this brings: go tool vgrad setup", err)
	}
}

// writeNotebook writes a notebook with cells and returns its path, in which is a space.
func writeNotebook(t *testing.T, cells ...string) string {
	t.Helper()
	var list []map[string]any
	for i, source := range cells {
		list = append(list, map[string]any{"cell_type": "code", "id": fmt.Sprint("c", i), "source": source,
			"metadata": struct{}{}, "outputs": []any{}, "execution_count": nil})
	}
	text, err := json.Marshal(map[string]any{"cells": list, "nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]string{"name": kernel.Name, "display_name": kernel.DisplayName, "language": "go"}}})
	path := filepath.Join(t.TempDir(), "a notebook.ipynb")
	if err == nil {
		err = os.WriteFile(path, text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// startLab starts vgrad lab as a process of its own and returns its address.
func startLab(t *testing.T, notebook string) (cmd *exec.Cmd, address string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(self, "lab", "-no-browser", "-offline", notebook)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // no-ops where the test has stopped it
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	_, address, found := strings.Cut(strings.TrimSpace(line), ": ")
	if err != nil || !found {
		t.Fatalf("it printed %q, %v", line, err)
	}
	go io.Copy(io.Discard, out)
	return cmd, address
}

// The lab's token is the environment's where that has one; a file that has none is told.
func TestToken(t *testing.T) {
	secret, empty := filepath.Join(t.TempDir(), "secret"), filepath.Join(t.TempDir(), "empty")
	for path, text := range map[string]string{secret: "of a file\n", empty: "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ value, file, want, fails string }{
		{},
		{value: "sesame", want: "sesame"},
		{value: "sesame", file: secret, want: "sesame"},
		{file: secret, want: "of a file"},
		{file: empty, fails: "is empty"},
		{file: secret + "x", fails: "no such file"},
	} {
		t.Setenv("JUPYTER_TOKEN", c.value)
		t.Setenv("JUPYTER_TOKEN_FILE", c.file)
		got, err := token()
		if c.fails == "" && (got != c.want || err != nil) || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
}

const drawing = "import \"github.com/janpfeifer/gonb/gonbui\"\n%%\ngonbui.DisplayHTML(`<p id=\"drawn\">a gradient that vanishes</p>`)\ngonbui.Sync()"

// The lab opens, runs a cell in a browser, and Ctrl-C leaves nothing of it behind.
func TestLab(t *testing.T) {
	needLab(t)
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed: apt-get install chromium")
	}
	notebook := writeNotebook(t, drawing)
	lab, address := startLab(t, notebook)

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1200, 800))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	if err := chromedp.Run(ctx); err != nil { // starts the browser, which else would end with the next context
		t.Fatal(err)
	}
	limited, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	var picture []byte
	err = chromedp.Run(limited, chromedp.Navigate(address),
		until(`document.querySelector(".jp-Notebook .cm-content")`), chromedp.ActionFunc(shiftEnter),
		until(`document.querySelector("#drawn")?.checkVisibility()`))
	if shot := chromedp.Run(ctx, chromedp.CaptureScreenshot(&picture)); shot == nil {
		keep(t, "lab.png", picture)
	}
	if err != nil {
		t.Fatal(err)
	}
	running := descendants(t, lab.Process.Pid)
	for _, want := range []string{"gonb", "kernel run", "kernel watch"} {
		if !strings.Contains(strings.Join(running, "\n"), want) {
			t.Errorf("%s is not among the lab's processes:\n%s", want, strings.Join(running, "\n"))
		}
	}
	if err := lab.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := lab.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	for _, process := range running {
		pid, name, _ := strings.Cut(process, " ")
		if now, err := os.ReadFile("/proc/" + pid + "/cmdline"); err == nil && len(now) > 0 {
			t.Errorf("%s still runs after Ctrl-C", name)
		}
	}
	if response, err := http.Get(address); err == nil {
		response.Body.Close()
		t.Error("it still answers after Ctrl-C")
	}
}

// until waits until JavaScript is true. It asks for no element by chromedp's own means:
// those fail where Lab draws the element anew meanwhile.
func until(js string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for {
			var is bool
			err := chromedp.Run(ctx, chromedp.Evaluate("!!("+js+")", &is))
			if is {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s: %w", js, errors.Join(ctx.Err(), err))
			case <-time.After(200 * time.Millisecond): // an error may be that of a page that goes
			}
		}
	})
}

// shiftEnter runs the first cell. Lab does nothing while it has no kernel, so it is
// pressed until the cell runs.
func shiftEnter(ctx context.Context) error {
	for range 20 {
		var waits bool
		err := chromedp.Run(ctx, chromedp.Evaluate(`document.querySelector(".jp-Notebook .cm-content").focus()`, nil),
			chromedp.KeyEvent("\r", chromedp.KeyModifiers(input.ModifierShift)), chromedp.Sleep(500*time.Millisecond),
			chromedp.Evaluate(`document.querySelector(".jp-Notebook .jp-InputPrompt").textContent.includes("[ ]")`, &waits))
		if err != nil || !waits {
			return err
		}
	}
	return errors.New("the cell does not run")
}

// keep stores a picture where VGRAD_TEST_PICTURES says.
func keep(t *testing.T, name string, picture []byte) {
	if dir := os.Getenv("VGRAD_TEST_PICTURES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), picture, 0o666); err != nil {
			t.Error(err)
		}
	}
}

// descendants lists the processes below one, as "pid command".
func descendants(t *testing.T, root int) (list []string) {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	below := map[string]bool{fmt.Sprint(root): true}
	for grown := true; grown; {
		grown = false
		for line := range strings.Lines(string(out)) {
			f := strings.Fields(line)
			if below[f[1]] && !below[f[0]] {
				below[f[0]], grown = true, true
				list = append(list, f[0]+" "+strings.Join(f[2:], " "))
			}
		}
	}
	return list
}

// After the repository has moved the doctor says so, and fixes it.
func TestDoctorMendsAMove(t *testing.T) {
	needLab(t)
	home := copyOfCache(t)
	k := kernel.Spec{Bin: "/where/it was/bin", Work: []string{filepath.Join(t.TempDir(), "where it was")}}
	if _, _, err := k.Install(home.Data()); err != nil {
		t.Fatal(err)
	}
	code, out, errs := program(t, "doctor", "-quick")
	if code != 1 || !strings.Contains(out, "WRONG  work path") || !strings.Contains(out, "where it was") || !strings.Contains(out, "fix with: go tool vgrad setup") {
		t.Errorf("moved: %d\n%s%s", code, out, errs)
	}
	if code, out, errs := program(t, "doctor", "-quick", "-mend", "-json"); code != 0 || !json.Valid([]byte(out)) {
		t.Errorf("fixed: %d\n%s%s", code, out, errs)
	}
	if code, out, _ := program(t, "doctor", "-quick"); code != 0 || strings.Contains(out, "WRONG") {
		t.Errorf("after: %d\n%s", code, out)
	}
}

// copyOfCache gives the test a cache with all that was set up but the kernelspec, which
// others use meanwhile.
func copyOfCache(t *testing.T) jupyter.Home {
	t.Helper()
	cache, err := assets.Cache()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "a cache")
	if err := os.MkdirAll(filepath.Join(dir, "jupyter"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin", "gopls", "echarts", "xla-cpu", "mnist", filepath.Join("jupyter", "venv")} {
		if err := os.Symlink(filepath.Join(cache, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("VGRAD_CACHE", dir)
	return jupyter.Home{Dir: filepath.Join(dir, "jupyter")}
}

// Wrong use is told before anything is set up or started.
func TestLabRefuses(t *testing.T) {
	t.Setenv("VGRAD_CACHE", t.TempDir())
	t.Setenv("VGRAD_OFFLINE", "1")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"lab a b", 2, "one notebook"},
		{"lab nowhere.ipynb", 1, "no such file"},
		{"lab lab_test.go", 1, "is not a notebook"},
		{"lab -backend tpu", 1, "say go or xla"},
		{"setup here", 2, "no arguments"},
		{"uninstall now", 2, "no arguments"},
		{"kernel", 2, "say install, remove or papermill"},
		{"kernel install -user -prefix x", 2, "not both"},
		{"kernel install -prefix x", 1, "go tool vgrad setup"},
		{"kernel remove -prefix x", 1, "no such file"},
		{"doctor -quick -json", 1, "checks failed"},
	} {
		if code, _, errs := program(t, strings.Fields(c.args)...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("vgrad %s: %d, %s; want %d and %q", c.args, code, errs, c.code, c.says)
		}
	}
}

// What cannot be read or written is told before any notebook is executed, all of it at once.
func TestPublishRefuses(t *testing.T) {
	t.Setenv("VGRAD_CACHE", t.TempDir()) // has no Jupyter: nothing is executed
	one, two := writeNotebook(t, drawing), writeNotebook(t, drawing)
	wrong := filepath.Join(t.TempDir(), "wrong.ipynb")
	if err := os.WriteFile(wrong, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(filepath.Dir(two), "a notebook.html")
	if err := os.Mkdir(taken, 0o777); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(t.TempDir(), "a notebook.html")
	index := filepath.Join(t.TempDir(), "index.ipynb")
	protected := writeNotebook(t, drawing)
	for path, text := range map[string]string{mine: "<p>by hand</p>", index: string(readFile(t, one))} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(protected, 0o444); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		says []string
	}{
		{[]string{"-out", filepath.Dir(mine), one}, []string{mine, "was not made by vgrad"}},
		{[]string{"-out", t.TempDir(), one, index}, []string{"the index of the notebooks and", index, "have the same page"}},
		{[]string{protected}, []string{protected, "read-only"}},
		{[]string{"-out", wrong, one}, []string{"-out is", wrong, "no folder of that name"}},
		{[]string{"nowhere.ipynb", wrong}, []string{"nowhere.ipynb", "wrong.ipynb is not a notebook"}},
		{[]string{two}, []string{"a notebook.html", "is a folder"}},
		{[]string{"-out", t.TempDir(), one, two}, []string{"have the same page", one, two}},
	} {
		code, out, errs := program(t, append([]string{"publish"}, c.args...)...)
		for _, want := range c.says {
			if code != 1 || !strings.Contains(errs, want) || out != "" {
				t.Errorf("vgrad publish %q: %d, %s%s; want %q", c.args, code, out, errs, want)
			}
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Notebooks are published with their pages and an index into a folder that is made; a
// second time they say the same, and one that fails shows its cell and ends it.
func TestPublish(t *testing.T) {
	needLab(t)
	one, two := writeNotebook(t, drawing), writeNotebook(t, "import \"fmt\"\n%%\nfmt.Println(6 * 7)")
	if err := os.Rename(two, filepath.Join(filepath.Dir(one), "two.ipynb")); err != nil {
		t.Fatal(err)
	}
	two = filepath.Join(filepath.Dir(one), "two.ipynb")
	out := filepath.Join(t.TempDir(), "site", "pages")
	if code, _, errs := program(t, "publish", "-quiet", "-pdf", "-out", out, one, two); code != 0 {
		t.Fatalf("%d, %s", code, errs)
	}
	if pdf := readFile(t, filepath.Join(out, "two.pdf")); !strings.HasPrefix(string(pdf), "%PDF-") {
		t.Errorf("the PDF is %.20q", pdf)
	}
	for name, want := range map[string]string{"a notebook.html": "a gradient that vanishes", "two.html": "42", "index.html": "two.html"} {
		if text, err := os.ReadFile(filepath.Join(out, name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not have %q: %v", name, want, err)
		}
	}
	before, err := os.ReadFile(two)
	if err != nil || !strings.Contains(string(before), `"42\n"`) {
		t.Errorf("the notebook has no output: %v", err)
	}
	if code, said, errs := program(t, "publish", "-quiet", "-check", one, two); code != 0 || strings.Count(said, "unchanged") != 2 {
		t.Errorf("-check: %d, %s%s", code, said, errs)
	}
	text := strings.Replace(string(before), "6 * 7", "6 * 8", 1)
	if err := os.WriteFile(two, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if code, said, errs := program(t, "publish", "-quiet", "-check", one, two); code != 1 || !strings.Contains(said, "- 42") || !strings.Contains(said, "+ 48") || !strings.Contains(errs, "1 output differs") {
		t.Errorf("-check of what has changed: %d, %s%s", code, said, errs)
	}
	if after, err := os.ReadFile(two); err != nil || string(after) != text {
		t.Errorf("-check wrote: %v", err)
	}
	if code, _, errs := program(t, "publish", "-quiet", writeNotebook(t, "%%\npanic(\"no gradient\")")); code != 1 || !strings.Contains(errs, "code cell 1 fails") || !strings.Contains(errs, "Panic: no gradient") {
		t.Errorf("a cell that panics: %d, %s", code, errs)
	}
}
