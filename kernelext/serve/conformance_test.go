package serve

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// The checks that kernels in any language are put to (those of runtimed/kernel-testbed, in
// our own words), over a real ZeroMQ connection.
func TestConformance(t *testing.T) {
	o := testOptions(t)
	o.Work = []string{repository(t)} // for gonbui
	o.Session = func(string) Session { return &fakeSession{} }
	n := open(t, o)
	conformance(t, n)
}

func conformance(t *testing.T, n *notebook) {
	const hello = "fmt.Println(\"hello\")"
	check := func(name string, f func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			n.TB = t
			f(t)
		})
	}
	check("heartbeat", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := n.client.Ping(ctx); err != nil {
			t.Error(err)
		}
	})
	check("welcome", func(t *testing.T) { // open has waited for that of the first client
		another := connect(t, n.kernel, n.kernel.Connection())
		another.client.Close()
	})
	check("kernel_info", func(t *testing.T) {
		info := n.ask(messaging.Shell, "kernel_info_request", nil)
		n.want(info, map[string]any{"status": "ok", "implementation": "vgrad"})
		for _, field := range []string{"implementation_version", "banner", "help_links", "language_info"} {
			if info.reply[field] == nil {
				t.Errorf("%s is missing", field)
			}
		}
	})
	check("language", func(t *testing.T) {
		language := n.ask(messaging.Shell, "kernel_info_request", nil).reply["language_info"].(map[string]any)
		if language["name"] != "go" || language["file_extension"] != ".go" || language["mimetype"] != "text/x-go" || !strings.HasPrefix(language["version"].(string), "1.") {
			t.Errorf("%v", language)
		}
	})
	check("protocol version", func(t *testing.T) {
		n.want(n.ask(messaging.Control, "kernel_info_request", nil), map[string]any{"protocol_version": "5.4"})
	})
	check("stdout", func(t *testing.T) {
		if d := n.run(hello); d.stdout != "hello\n" || d.stderr != "" {
			t.Errorf("%q, %q, %v", d.stdout, d.stderr, d.reply)
		}
	})
	check("stderr", func(t *testing.T) {
		if d := n.run("fmt.Fprintln(os.Stderr, \"oops\")"); d.stderr != "oops\n" || d.stdout != "" {
			t.Errorf("%q, %q, %v", d.stdout, d.stderr, d.reply)
		}
	})
	check("execute_reply", func(t *testing.T) {
		n.want(n.run(hello), map[string]any{"status": "ok", "user_expressions": map[string]any{}, "payload": []any{}})
	})
	check("busy and idle", func(t *testing.T) {
		d := n.run(hello)
		first, last := d.messages[0], d.messages[len(d.messages)-1]
		if !strings.Contains(string(first.Content), "busy") || !strings.Contains(string(last.Content), "idle") {
			t.Errorf("%v", d.kinds())
		}
	})
	check("execute_input", func(t *testing.T) {
		d := n.run(hello)
		if kinds := d.kinds(); kinds[1] != "execute_input" || !strings.Contains(string(d.messages[1].Content), `hello`) {
			t.Errorf("%v", kinds)
		}
	})
	check("complete", func(t *testing.T) {
		d := n.ask(messaging.Shell, "complete_request", map[string]any{"code": "fmt.Print", "cursor_pos": 9})
		n.want(d, map[string]any{"status": "ok", "cursor_end": 9})
		if matches, _ := d.reply["matches"].([]any); len(matches) == 0 {
			t.Errorf("%v", d.reply)
		}
	})
	check("inspect", func(t *testing.T) {
		d := n.ask(messaging.Shell, "inspect_request", map[string]any{"code": "fmt.Println", "cursor_pos": 8, "detail_level": 0})
		n.want(d, map[string]any{"status": "ok", "found": true})
		if data, _ := d.reply["data"].(map[string]any); !strings.Contains(fmt.Sprint(data["text/plain"]), "Println") {
			t.Errorf("%v", d.reply)
		}
	})
	check("is_complete: complete", func(t *testing.T) {
		n.want(n.ask(messaging.Shell, "is_complete_request", map[string]any{"code": "x := 1"}), map[string]any{"status": "complete"})
	})
	check("is_complete: incomplete", func(t *testing.T) {
		d := n.ask(messaging.Shell, "is_complete_request", map[string]any{"code": "for i := range 3 {"})
		n.want(d, map[string]any{"status": "incomplete"})
		if d.reply["indent"] == "" {
			t.Error("no indent")
		}
	})
	check("history", func(t *testing.T) {
		n.run("_ = \"to be remembered\"")
		d := n.ask(messaging.Shell, "history_request", map[string]any{"hist_access_type": "tail", "n": 1, "output": false, "raw": true})
		if list, _ := d.reply["history"].([]any); len(list) != 1 || list[0].([]any)[2] != "_ = \"to be remembered\"" {
			t.Errorf("%v", d.reply)
		}
	})
	check("comm_info", func(t *testing.T) {
		n.want(n.ask(messaging.Shell, "comm_info_request", map[string]any{}), map[string]any{"status": "ok", "comms": map[string]any{}})
	})
	check("an error is reported", func(t *testing.T) {
		d := n.run("panic(\"on purpose\")")
		n.want(d, map[string]any{"status": "error", "ename": Panic, "evalue": "on purpose"})
		if len(d.errors) != 1 || len(d.errors[0]["traceback"].([]any)) == 0 {
			t.Errorf("%v", d.errors)
		}
	})
	check("display_data", func(t *testing.T) {
		d := n.run("import \"github.com/janpfeifer/gonb/gonbui\"\ngonbui.DisplayHTML(\"<b>x</b>\")\ngonbui.Sync()")
		if len(d.shown) != 1 || d.shown[0]["data"].(map[string]any)["text/html"] != "<b>x</b>" {
			t.Errorf("%v, %v", d.shown, d.reply)
		}
	})
	check("update_display_data", func(t *testing.T) {
		d := n.run("import \"github.com/janpfeifer/gonb/gonbui\"\ngonbui.UpdateHTML(\"an id\", \"<b>1</b>\")\ngonbui.UpdateHTML(\"an id\", \"<b>2</b>\")\ngonbui.Sync()")
		kinds := slices.DeleteFunc(d.kinds(), func(kind string) bool { return !strings.Contains(kind, "display") })
		if !slices.Equal(kinds, []string{"display_data", "update_display_data"}) || d.shown[1]["transient"].(map[string]any)["display_id"] != "an id" {
			t.Errorf("%v, %v, %v", kinds, d.shown, d.reply)
		}
	})
	check("execute_result", func(t *testing.T) {
		d := n.run("1 + 1")
		if len(d.results) != 1 || d.results[0]["data"].(map[string]any)["text/plain"] != "2" || d.results[0]["execution_count"] != d.reply["execution_count"] {
			t.Errorf("%v, %v", d.results, d.reply)
		}
	})
	check("stdin", func(t *testing.T) {
		d := n.await(n.send("var name string\nfmt.Scanln(&name)\nfmt.Println(\"hello\", name)", map[string]any{"allow_stdin": true}), "reader")
		if len(d.asked) != 1 || d.stdout != "hello reader\n" {
			t.Errorf("%q, %q, %v", d.asked, d.stdout, d.reply)
		}
	})
	check("comm", func(t *testing.T) {
		got := make(chan string, 10)
		n.kernel.Register("echo", func(c *Comm, kind string, data []byte) {
			got <- kind
			if kind == "comm_msg" {
				c.Send(map[string]string{"back": string(data)})
			}
		})
		id := map[string]any{"comm_id": "1", "target_name": "echo", "data": map[string]any{}}
		n.client.Request(messaging.Shell, "comm_open", id)
		n.client.Request(messaging.Shell, "comm_msg", id)
		if m := n.iopub("comm_msg"); !strings.Contains(string(m.Content), "back") {
			t.Errorf("%s", m.Content)
		}
		n.want(n.ask(messaging.Shell, "comm_info_request", map[string]any{"target_name": "echo"}), map[string]any{"comms": map[string]any{"1": map[string]string{"target_name": "echo"}}})
		n.client.Request(messaging.Shell, "comm_close", id)
		n.want(n.ask(messaging.Shell, "comm_info_request", map[string]any{}), map[string]any{"comms": map[string]any{}})
		for _, want := range []string{"comm_open", "comm_msg", "comm_close"} {
			if kind := <-got; kind != want {
				t.Errorf("%s, want %s", kind, want)
			}
		}
		n.client.Request(messaging.Shell, "comm_open", map[string]any{"comm_id": "2", "target_name": "unknown", "data": map[string]any{}})
		if m := n.iopub("comm_close"); !strings.Contains(string(m.Content), `"comm_id":"2"`) {
			t.Errorf("%s", m.Content)
		}
	})
	check("interrupt", func(t *testing.T) {
		n.want(n.ask(messaging.Control, "interrupt_request", nil), map[string]any{"status": "ok"})
	})
	check("execution count", func(t *testing.T) {
		a, b := n.run("a := 1\n_ = a"), n.run("b := 1\n_ = b")
		if a.reply["execution_count"].(float64)+1 != b.reply["execution_count"].(float64) {
			t.Errorf("%v, %v", a.reply, b.reply)
		}
	})
	check("parent headers", func(t *testing.T) {
		request := n.send(hello, nil)
		d := n.await(request)
		for _, m := range d.messages {
			if !strings.Contains(string(m.Parent), `"msg_type":"execute_request"`) || m.Header.Session == "" {
				t.Errorf("%s: %s", m.Header.Type, m.Parent)
			}
		}
		if len(d.messages) < 4 {
			t.Errorf("%v", d.kinds())
		}
	})
	check("shutdown", func(t *testing.T) {
		n.client.Request(messaging.Control, "shutdown_request", map[string]any{"restart": true})
		select {
		case m := <-n.client.Messages(messaging.Control):
			for m.Header.Type != "shutdown_reply" {
				m = <-n.client.Messages(messaging.Control)
			}
			if !strings.Contains(string(m.Content), `"restart":true`) {
				t.Errorf("%s", m.Content)
			}
		case <-time.After(waitLimit):
			t.Error("no reply")
		}
	})
}
