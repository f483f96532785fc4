package serve

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
	"github.com/vgrad/lab/kernelext/session"
)

// The test's program is the watcher as well, and a kernel that tests kill.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 2 && os.Args[1] == "watch":
		if err := Watch(os.Args[3], os.Args[5:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case len(os.Args) > 2 && os.Args[1] == "kernel":
		serveForTest(os.Args[2], os.Args[3])
		os.Exit(0)
	}
	flag.Parse()
	tools, err := os.MkdirTemp("", "serve-test")
	if err != nil {
		panic(err)
	}
	toolsDir = tools
	code := m.Run()
	os.RemoveAll(tools)
	os.Exit(code)
}

var toolsDir string

// gonbProgram builds GoNB and goimports as go.mod pins them.
var gonbProgram = sync.OnceValue(func() string {
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", toolsDir+string(filepath.Separator), "github.com/janpfeifer/gonb", "golang.org/x/tools/cmd/goimports")
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	return filepath.Join(toolsDir, "gonb")
})

func testOptions(t testing.TB) Options {
	t.Setenv("VGRAD_OFFLINE", "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Connection: messaging.Connection{Key: "secret"}, File: "/x/kernel-00000000-0000.json",
		GoNB: gonbProgram(), Watcher: []string{self, "watch"}, Env: []string{"GOPROXY=off", "GOWORK=auto", "GOFLAGS='-ldflags=-s -w'"},
		Log: func(line string) { t.Log(line) },
	}
}

// notebook is a kernel and its client.
type notebook struct {
	testing.TB
	kernel  *Kernel
	client  *messaging.Client
	process *os.Process                   // of GoNB, where it is alone
	left    []*messaging.Message          // from IOPub, not yet asked for
	replies map[string]*messaging.Message // on Shell, by request
}

func open(t testing.TB, o Options) *notebook {
	t.Helper()
	k, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- k.Run(context.Background()) }()
	t.Cleanup(func() {
		k.end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(k.folder.dir); err == nil {
			t.Errorf("the folder %s is left", k.folder.dir)
		}
	})
	return connect(t, k, k.Connection())
}

func connect(t testing.TB, k *Kernel, conn messaging.Connection) *notebook {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := messaging.Dial(ctx, conn, messaging.Options{Log: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	n := &notebook{TB: t, kernel: k, client: c, replies: map[string]*messaging.Message{}}
	n.iopub("iopub_welcome")
	return n
}

// waitLimit is generous: the machine may be busy.
const waitLimit = 90 * time.Second

// iopub waits for a message of a kind.
func (n *notebook) iopub(kind string) *messaging.Message {
	n.Helper()
	limit := time.After(waitLimit)
	for {
		select {
		case m := <-n.client.Messages(messaging.IOPub):
			if m.Header.Type == kind {
				return m
			}
			n.left = append(n.left, m)
		case <-limit:
			n.Fatalf("no %s came", kind)
		}
	}
}

// did is what a cell did.
type did struct {
	reply          map[string]any
	stdout, stderr string
	messages       []*messaging.Message // all that it caused, in order
	errors         []map[string]any
	results        []map[string]any
	shown          []map[string]any
	asked          []string // prompts
}

func (d *did) status() string { return fmt.Sprint(d.reply["status"]) }

func (d *did) kinds() (kinds []string) {
	for _, m := range d.messages {
		kinds = append(kinds, m.Header.Type)
	}
	return kinds
}

func (n *notebook) send(code string, more map[string]any) *messaging.Message {
	content := map[string]any{"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{}, "allow_stdin": false, "stop_on_error": true}
	for k, v := range more {
		content[k] = v
	}
	return n.client.Request(messaging.Shell, "execute_request", content)
}

// run runs a cell.
func (n *notebook) run(code string) *did { n.Helper(); return n.await(n.send(code, nil)) }

// awaitLeft is await for a request of which messages may have come already.
func (n *notebook) awaitLeft(request *messaging.Message, answers ...string) *did {
	n.Helper()
	left := n.left
	n.left = nil
	return n.awaiting(request, left, answers, waitLimit)
}

// await waits for what a request does: its reply and idle.
func (n *notebook) await(request *messaging.Message, answers ...string) *did {
	n.Helper()
	return n.awaiting(request, nil, answers, waitLimit)
}

// awaitFor is await for a cell that takes longer.
func (n *notebook) awaitFor(request *messaging.Message, most time.Duration) *did {
	n.Helper()
	return n.awaiting(request, nil, nil, most)
}

func (n *notebook) awaiting(request *messaging.Message, left []*messaging.Message, answers []string, most time.Duration) *did {
	n.Helper()
	d := &did{}
	idle := false
	limit := time.After(most)
	take := func(m *messaging.Message) {
		if m.ParentID() != request.Header.ID {
			n.left = append(n.left, m)
			return
		}
		d.messages = append(d.messages, m)
		var content map[string]any
		m.Read(&content)
		switch m.Header.Type {
		case "stream":
			if content["name"] == "stdout" {
				d.stdout += content["text"].(string)
			} else {
				d.stderr += content["text"].(string)
			}
		case "error":
			d.errors = append(d.errors, content)
		case "execute_result":
			d.results = append(d.results, content)
		case "display_data", "update_display_data":
			d.shown = append(d.shown, content)
		case "status":
			idle = idle || content["execution_state"] == "idle"
		}
	}
	for _, m := range left {
		take(m)
	}
	if m := n.replies[request.Header.ID]; m != nil {
		m.Read(&d.reply)
	}
	for !idle || d.reply == nil {
		select {
		case m := <-n.client.Messages(messaging.IOPub):
			take(m)
		case m := <-n.client.Messages(messaging.Shell):
			n.replies[m.ParentID()] = m
			if m.ParentID() == request.Header.ID {
				m.Read(&d.reply)
			}
		case m := <-n.client.Messages(messaging.Control):
			if m.ParentID() == request.Header.ID {
				m.Read(&d.reply)
			}
		case m := <-n.client.Messages(messaging.Stdin):
			var q struct{ Prompt string }
			m.Read(&q)
			d.asked = append(d.asked, q.Prompt)
			value := ""
			if len(answers) > 0 {
				value, answers = answers[0], answers[1:]
			}
			reply := m.Reply("input_reply", map[string]string{"value": value})
			n.client.Send(messaging.Stdin, reply)
		case <-limit:
			n.Fatalf("%s: reply %v, idle %v after %v: %v", request.Content, d.reply, idle, most, d.kinds())
		}
	}
	return d
}

// ask sends a request and waits for its reply.
func (n *notebook) ask(ch messaging.Channel, kind string, content any) *did {
	n.Helper()
	return n.await(n.client.Request(ch, kind, content))
}

// want compares a reply's fields.
func (n *notebook) want(d *did, fields map[string]any) {
	n.Helper()
	for name, want := range fields {
		got, _ := json.Marshal(d.reply[name])
		wanted, _ := json.Marshal(want)
		if string(got) != string(wanted) {
			n.Errorf("%s: %s, want %s", name, got, wanted)
		}
	}
}

// serveForTest is a kernel in a process of its own.
func serveForTest(file, gonb string) {
	conn, err := messaging.ReadConnection(file)
	if err != nil {
		panic(err)
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	k, err := New(Options{Connection: conn, File: file, GoNB: gonb, Watcher: []string{self, "watch"}, Log: func(line string) { fmt.Fprintln(os.Stderr, line) }})
	if err != nil {
		panic(err)
	}
	if err := k.Run(context.Background()); err != nil {
		panic(err)
	}
}

// repository is the folder of this module.
func repository(t testing.TB) string {
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func jsonText(text string) json.RawMessage { return json.RawMessage(text) }

// notebookOptions are those of a kernel with plain cells, which see this module.
func notebookOptions(t testing.TB) Options {
	o := testOptions(t)
	o.Work = []string{repository(t)}
	o.Session = func(dir string) Session {
		return Notebook(session.Options{Dir: dir, Modules: o.Work, Env: append(os.Environ(), o.Env...)})
	}
	return o
}
