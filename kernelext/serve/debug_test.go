package serve

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/messaging"
)

// JupyterLab's variable view: what it asks, in its order, gets names, types and values; a
// breakpoint is refused in words.
func TestVariableView(t *testing.T) {
	n := open(t, notebookOptions(t))
	debug := func(command string, arguments any) *did {
		t.Helper()
		return n.ask(messaging.Control, "debug_request", map[string]any{"type": "request", "seq": 5, "command": command, "arguments": arguments})
	}
	body := func(d *did) map[string]any {
		t.Helper()
		if d.reply["success"] != true || d.reply["request_seq"] != 5.0 || d.reply["type"] != "response" {
			t.Fatalf("%v", d.reply)
		}
		return d.reply["body"].(map[string]any)
	}
	started := func(want bool) {
		t.Helper()
		info := body(debug("debugInfo", nil))
		if info["isStarted"] != want || info["richRendering"] != true || info["hashMethod"] != "Murmur2" || fmt.Sprint(info["breakpoints"], info["stoppedThreads"]) != "[] []" {
			t.Errorf("%v", info)
		}
	}
	started(false)
	body(debug("initialize", map[string]any{"clientID": "jupyterlab"}))
	body(debug("attach", nil))
	started(true)
	if list := body(debug("inspectVariables", nil))["variables"].([]any); len(list) != 0 {
		t.Errorf("%v", list)
	}
	n.want(n.run("x := 42\nconst k = 2.5\ntype pair struct{ A, B int }\np := &pair{1, 2}\nnames := []string{\"a\", \"b\"}\nch := make(chan int)\nfunc f() {}\nlong := make([]float64, 1_000_000)\nrate, word := 0.25, \"w\""), map[string]any{"status": "ok"})
	seen := ""
	for _, v := range body(debug("inspectVariables", nil))["variables"].([]any) {
		v := v.(map[string]any)
		seen += fmt.Sprintln(v["name"], "|", v["type"], "|", v["value"], v["variablesReference"])
	}
	const want = `ch | chan int | chan int 0
long | []float64 | []float64{0, 0, 0, 0, 0, 0, 0, 0, … 999992 more} 0
names | []string | []string{"a", "b"} 0
p | *pair | &pair{A: 1, B: 2} 0
rate | float | 0.25 0
word | str | "w" 0
x | int | 42 0
k | constant | 2.5 0
`
	if seen != want {
		t.Errorf("%s\nwant\n%s", seen, want)
	}
	rich := body(debug("richInspectVariables", map[string]any{"variableName": "p"}))
	if data := fmt.Sprint(rich["data"]); !strings.Contains(data, "&pair{A: 1, B: 2}") {
		t.Error(data)
	}
	if rich := body(debug("richInspectVariables", map[string]any{"variableName": "ch"})); !strings.Contains(fmt.Sprint(rich["data"]), "ch is a channel") {
		t.Error(rich)
	}
	n.want(debug("richInspectVariables", map[string]any{"variableName": "os.Exit(1)"}), map[string]any{"success": false, "message": `there is no variable "os.Exit(1)"`})
	body(debug("dumpCell", map[string]any{"code": "x"}))
	n.want(debug("setBreakpoints", map[string]any{"breakpoints": []map[string]int{{"line": 1}}}), map[string]any{"success": false, "message": noBreakpoints, "body": map[string]any{"breakpoints": []any{}}})
	n.want(debug("evaluate", map[string]any{"expression": "x"}), map[string]any{"success": false})

	request := n.send("x = 43\nfmt.Println(\"started\")\ntime.Sleep(time.Minute)", nil)
	n.iopub("stream")
	n.left = nil
	d := debug("inspectVariables", nil) // at once, while a cell runs
	if !strings.Contains(fmt.Sprint(body(d)), "value:42") {
		t.Errorf("%v", d.reply)
	}
	for _, m := range n.left { // JupyterLab would ask again at each
		if m.ParentID() == request.Header.ID {
			t.Errorf("the cell said %s %s because of the question", m.Header.Type, m.Content)
		}
	}
	n.ask(messaging.Control, "interrupt_request", nil)
	n.awaitLeft(request)
	body(debug("disconnect", nil))
	started(false)
	if rows := n.run("x + 1"); fmt.Sprint(rows.results) == "" || rows.status() != "ok" {
		t.Errorf("%v", rows.reply)
	}
}
