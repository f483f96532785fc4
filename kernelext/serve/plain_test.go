package serve

import (
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/messaging"
)

// What a plain cell defines is there in later cells, whatever happens between.
func TestPlainCells(t *testing.T) {
	n := open(t, notebookOptions(t))
	result := func(d *did) string {
		if len(d.results) != 1 {
			t.Errorf("%d results, %v, %q", len(d.results), d.reply, d.stderr)
			return ""
		}
		return d.results[0]["data"].(map[string]any)["text/plain"].(string)
	}
	n.want(n.run("x := 42\nname := \"Ada\""), map[string]any{"status": "ok"})
	if got := result(n.run("x * 2")); got != "84" {
		t.Errorf("%q", got)
	}
	n.want(n.run("rleu := xx"), map[string]any{"status": "error", "ename": CompileError})
	d := n.run("func third(s []int) int {\n\treturn s[3]\n}\ny := 1\nthird(nil)")
	n.want(d, map[string]any{"status": "error", "ename": Panic, "evalue": "runtime error: index out of range [3] with length 0"})
	if trace := ansi.ReplaceAllString(strings.Join(texts(d.errors[0]["traceback"]), "\n"), ""); !strings.Contains(trace, "line 2, in third:\n    return s[3]") || !strings.Contains(trace, "line 5:\n    third(nil)") {
		t.Errorf("%s", trace)
	}
	d = n.run("done := make(chan bool)\ngo func() { panic(\"apart\") }()\n<-done")
	n.want(d, map[string]any{"status": "error", "ename": Panic, "evalue": "apart"})
	if trace := strings.Join(texts(d.errors[0]["traceback"]), "\n"); strings.Count(trace, "line 2") != 1 {
		t.Errorf("not one place, that of the panic: %s", trace)
	}
	request := n.send("z := 7\nfmt.Println(\"started\")\ntime.Sleep(time.Minute)", nil)
	n.iopub("stream")
	n.ask(messaging.Control, "interrupt_request", nil)
	n.want(n.awaitLeft(request), map[string]any{"status": "error", "ename": Interrupted})
	if got := result(n.run("fmt.Sprint(x, y, z, name)")); !strings.Contains(got, "42 1 7") {
		t.Errorf("%q", got)
	}
	d = n.await(n.send("var word string\nfmt.Scanln(&word)\nword", map[string]any{"allow_stdin": true}), "reader")
	if got := result(d); !strings.Contains(got, "reader") || len(d.asked) != 1 {
		t.Errorf("%q, %q", got, d.asked)
	}
	if d := n.run("%%\nfmt.Println(x)"); d.stdout != "42\n" {
		t.Errorf("a cell of GoNB's: %q, %v", d.stdout, d.reply)
	}
	if d := n.run("%who"); len(d.shown) != 1 || !strings.Contains(d.shown[0]["data"].(map[string]any)["text/plain"].(string), "name") {
		t.Errorf("%v", d.shown)
	}
	n.run("%reset")
	n.want(n.run("x"), map[string]any{"status": "error", "ename": CompileError})
}

func texts(list any) (out []string) {
	for _, line := range list.([]any) {
		out = append(out, line.(string))
	}
	return out
}

// The checks of conformance with the session of plain cells.
func TestNotebookConformance(t *testing.T) {
	conformance(t, open(t, notebookOptions(t)))
}
