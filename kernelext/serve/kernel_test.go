package serve

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/messaging"
)

func TestGoNBCells(t *testing.T) {
	n := open(t, testOptions(t))
	d := n.run("import (\"fmt\"; \"os\")\n%%\nfmt.Println(\"hello\")\nfmt.Fprintln(os.Stderr, \"oops\")")
	n.want(d, map[string]any{"status": "ok", "execution_count": 1, "user_expressions": map[string]any{}})
	if d.stdout != "hello\n" || d.stderr != "oops\n" {
		t.Errorf("%q, %q", d.stdout, d.stderr)
	}
	if d := n.run("!echo $((6*7)); exit 3"); d.stdout != "42\n" || d.stderr != "exit status 3\n" || d.status() != "ok" {
		t.Errorf("%+v", d)
	}
	help := n.run("%help")
	if text, _ := help.reply["payload"].([]any); len(text) != 1 || !strings.Contains(help.reply["payload"].([]any)[0].(map[string]any)["data"].(map[string]any)["text/plain"].(string), "%who") {
		t.Errorf("%v", help.reply)
	}
	if d := n.run("import \"github.com/janpfeifer/gonb/gonbui\"\n%%\ngonbui.DisplayHTML(\"<b>x</b>\")\ngonbui.Sync()"); len(d.errors) != 1 {
		t.Logf("gonbui: %+v", d)
	}
}

// Each failure has a name, the message itself, and the reader's own lines.
func TestErrors(t *testing.T) {
	n := open(t, testOptions(t))
	n.run("func half(x int) int {\n\treturn 10 / x\n}")
	for _, c := range []struct{ code, name, message, traceback string }{
		{"%%\npanic(\"no gradient\")", Panic, "no gradient", "Cell [2], line 2:\n    panic(\"no gradient\")"},
		{"%%\n_ = half(0)", Panic, "runtime error: integer divide by zero", "Cell [3], line 2:\n    _ = half(0)\nCell [1], line 2, in half:\n    return 10 / x"},
		{"%%\ndone := make(chan bool)\ngo func() {\n\tvar m map[string]int\n\tm[\"a\"] = 1\n}()\n<-done", Panic, "assignment to entry in nil map", "line 5:\n    m[\"a\"] = 1"},
		{"%%\n<-make(chan int)", Panic, "all goroutines are asleep - deadlock!", "Cell [5], line 2"},
		{"import \"os\"\n%%\nos.Exit(3)", Exit, "the cell ended itself: os.Exit(3)", ""},
		{"import \"log\"\n%%\nlog.Fatal(\"a word\")", Error, "a word", ""},
		{"%%\nvar x int = \"a\"\n_ = x", CompileError, "cannot use \"a\" (untyped string constant) as int value in variable declaration", "Cell [8], line 2: cannot use \"a\" (untyped string constant) as int value in variable declaration\n    var x int = \"a\"\n                ^"},
		{"%%\nfoo(", CompileError, "expected operand, found '}'", ""},
		{"%exec", Error, "%exec requires the name of the function to execute", ""},
		{"import \"example.com/nowhere\"\n%%\nnowhere.F()", CompileError, "", "example.com/nowhere"},
	} {
		d := n.run(c.code)
		if len(d.errors) != 1 || d.status() != "error" {
			t.Errorf("%s: %v, %v", c.code, d.errors, d.reply)
			continue
		}
		e := d.errors[0]
		var lines []string
		for _, line := range e["traceback"].([]any) {
			lines = append(lines, line.(string))
		}
		traceback := ansi.ReplaceAllString(strings.Join(lines, "\n"), "")
		if e["ename"] != c.name || c.message != "" && e["evalue"] != c.message || !strings.Contains(traceback, c.traceback) {
			t.Errorf("%s:\n%s: %s\n%s", c.code, e["ename"], e["evalue"], traceback)
		}
		if d.reply["ename"] != e["ename"] || d.reply["evalue"] != e["evalue"] || strings.Contains(e["evalue"].(string), "exit status") {
			t.Errorf("%s: the reply says %v", c.code, d.reply)
		}
		if strings.Contains(d.stderr, "goroutine") || strings.Contains(d.stderr, "exit status") {
			t.Errorf("%s: standard error: %s", c.code, d.stderr)
		}
	}
}

// What is queued behind an error is aborted; what comes after it runs.
func TestStopOnError(t *testing.T) {
	n := open(t, testOptions(t))
	first := n.send("%%\npanic(1)", nil)
	second, third := n.send("!echo two", nil), n.send("!echo three", nil)
	if d := n.await(first); d.status() != "error" {
		t.Errorf("%v", d.reply)
	}
	for _, m := range []*messaging.Message{second, third} {
		d := n.awaitLeft(m)
		if d.status() != "aborted" || d.stdout != "" {
			t.Errorf("%v, %q", d.reply, d.stdout)
		}
	}
	a, b := n.send("%%\npanic(1)", map[string]any{"stop_on_error": false}), n.send("!echo on", nil)
	n.await(a)
	if d := n.awaitLeft(b); d.stdout != "on\n" {
		t.Errorf("%v", d.reply)
	}
}

// Silent cells show and count nothing, and those that are not stored do not count.
func TestSilent(t *testing.T) {
	n := open(t, testOptions(t))
	d := n.await(n.send("!echo a", map[string]any{"silent": true}))
	if got := d.kinds(); !slices.Equal(got, []string{"status", "status"}) {
		t.Errorf("%v", got)
	}
	n.want(d, map[string]any{"status": "ok", "execution_count": 0})
	d = n.await(n.send("!echo b", map[string]any{"store_history": false}))
	n.want(d, map[string]any{"execution_count": 0})
	n.want(n.run("  "), map[string]any{"execution_count": 0, "status": "ok"})
	n.want(n.run("!echo c"), map[string]any{"execution_count": 1})
	h := n.ask(messaging.Shell, "history_request", map[string]any{"hist_access_type": "tail", "n": 10, "raw": true, "output": false})
	n.want(h, map[string]any{"history": []any{[]any{1, 1, "!echo c"}}})
}

// GoNB's end under a cell is told, and the next cell runs.
func TestGoNBEnds(t *testing.T) {
	n := open(t, testOptions(t))
	n.run("!echo up")
	request := n.send("import (\"fmt\"; \"time\")\n%%\nfmt.Println(\"started\")\ntime.Sleep(time.Minute)", nil)
	n.iopub("stream")
	n.kernel.theGoNB().kill()
	d := n.awaitLeft(request)
	n.want(d, map[string]any{"status": "error", "ename": KernelError})
	if d := n.run("!echo again"); d.stdout != "again\n" {
		t.Errorf("%v %q", d.reply, d.stderr)
	}
}

func TestInterrupt(t *testing.T) {
	n := open(t, testOptions(t))
	request := n.send("import (\"fmt\"; \"time\")\n%%\nfmt.Println(\"started\")\ntime.Sleep(time.Minute)", nil)
	n.iopub("stream")
	n.want(n.ask(messaging.Control, "interrupt_request", nil), map[string]any{"status": "ok"})
	d := n.awaitLeft(request)
	n.want(d, map[string]any{"status": "error", "ename": Interrupted, "evalue": interruptedMessage})
	if d := n.run("!echo again"); d.stdout != "again\n" {
		t.Errorf("%v %q", d.reply, d.stderr)
	}
}

// gopls is not started, wherever it is.
func TestNoGopls(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/gopls", []byte("#!/bin/sh\necho $$ > "+dir+"/ran\nsleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+dir)
	n := open(t, testOptions(t))
	n.run("!echo up")
	if _, err := os.Stat(dir + "/ran"); err == nil {
		t.Error("it was started")
	}
}
