//go:build linux

package serve

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// What is malformed, forged or unknown is ignored or refused, and the kernel goes on.
func TestNonsense(t *testing.T) {
	n := open(t, testOptions(t))
	for _, ch := range []messaging.Channel{messaging.Shell, messaging.Control, messaging.Stdin} {
		n.client.SendFrames(ch, [][]byte{[]byte("nonsense")})
		n.client.SendFrames(ch, messaging.New("s", "execute_request", nil).Encode([]byte("guess")))
		n.client.Request(ch, "no_such_thing", nil)
	}
	n.want(n.ask(messaging.Shell, "no_such_request", nil), map[string]any{"status": "error", "ename": "NotImplementedError"})
	n.want(n.ask(messaging.Control, "debug_request", map[string]any{"seq": 7, "command": "pause"}), map[string]any{"status": "error", "success": false, "request_seq": 7, "command": "pause"})
	n.want(n.ask(messaging.Shell, "complete_request", map[string]any{"code": 3}), map[string]any{"status": "error"})
	n.want(n.ask(messaging.Shell, "complete_request", map[string]any{"code": "é", "cursor_pos": -100}), map[string]any{"status": "ok"})
	n.want(n.ask(messaging.Shell, "history_request", map[string]any{"hist_access_type": "all"}), map[string]any{"status": "error"})
	n.want(n.ask(messaging.Shell, "execute_request", map[string]any{"code": []int{1}}), map[string]any{"status": "error"})
	n.client.Request(messaging.Shell, "comm_msg", map[string]any{"comm_id": 1})
	n.client.Request(messaging.Shell, "comm_open", nil)
	n.client.Request(messaging.Stdin, "input_reply", map[string]any{"value": "nobody asked"})
	if d := n.run("!echo alive"); d.stdout != "alive\n" {
		t.Errorf("%v", d.reply)
	}
}

// What a cell prints without an end is cut with a word, and the cell can be interrupted.
func TestOutputIsCut(t *testing.T) {
	o := testOptions(t)
	o.Output = 10 << 20
	n := open(t, o)
	request := n.send("import (\"fmt\"; \"strings\")\n%%\nline := strings.Repeat(\"x\", 999)\nfor {\n\tfmt.Println(line)\n}", nil)
	text, messages := 0, 0
	for text <= o.Output {
		m := n.iopub("stream")
		var s struct{ Name, Text string }
		m.Read(&s)
		if text += len(s.Text); s.Name == "stderr" {
			if !strings.Contains(s.Text, "is cut here, after 10 MB") {
				t.Errorf("%q", s.Text)
			}
			break
		}
		messages++
	}
	if text < o.Output-64<<10 || messages > 1000 {
		t.Errorf("%d bytes in %d messages", text, messages)
	}
	n.ask(messaging.Control, "interrupt_request", nil)
	d := n.awaitLeft(request)
	n.want(d, map[string]any{"ename": Interrupted})
	if d := n.run("!echo alive"); d.stdout != "alive\n" {
		t.Errorf("%v", d.reply)
	}
}

// 50 MB of output arrive whole, and leave no memory behind.
func TestMuchOutput(t *testing.T) {
	n := open(t, testOptions(t))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d := n.run("import (\"fmt\"; \"strings\")\n%%\nline := strings.Repeat(\"x\", 999)\nfor range 49_000 {\n\tfmt.Println(line)\n}\nfmt.Print(\"end\")")
	if len(d.stdout) != 49_000_003 || !strings.HasSuffix(d.stdout, "end") || d.status() != "ok" {
		t.Errorf("%d bytes, %v", len(d.stdout), d.reply)
	}
	t.Logf("%d messages", len(d.messages))
	d = nil
	n.left = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	}
}

// What a cell has started ends with it, also where it holds the cell's output open. What a
// command of the shell has started stays.
func TestForkedEnds(t *testing.T) {
	n := open(t, testOptions(t))
	const start = "import (\"os\"; \"os/exec\"; \"syscall\")\n%%\nc := exec.Command(\"sleep\", \"1000\")\nc.SysProcAttr = &syscall.SysProcAttr{Setsid: true}\n"
	for _, more := range []string{"c.Stdout = os.Stdout\nc.Start()", "c.Start()"} {
		begin := time.Now()
		n.want(n.run(start+more), map[string]any{"status": "ok"})
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%v", took)
		}
		if left := n.running("sleep"); left != 0 {
			t.Errorf("%q: %d are left", more, left)
		}
	}
	n.run("!nohup sleep 1000 >/dev/null 2>&1 &")
	n.run("import \"fmt\"\n%%\nfmt.Println()")
	if left := n.running("sleep"); left != 1 {
		t.Errorf("%d are left of a command's", left)
	}
}

// running counts the processes of a name below the kernel's watcher, once those that were
// killed have had time to die.
func (n *notebook) running(name string) (count int) {
	time.Sleep(200 * time.Millisecond)
	for _, p := range descendants(n.kernel.theGoNB().watcher.Process.Pid) {
		if p.name == name && p.state != 'Z' {
			count++
		}
	}
	return count
}

// The comms of package gonbui pass through GoNB, both ways.
func TestGoNBComms(t *testing.T) {
	n := open(t, testOptions(t))
	n.run("!echo up")
	opening := n.client.Request(messaging.Shell, "comm_open", map[string]any{
		"comm_id": "page", "target_name": "gonb_comm", "kernel_id": "00000000-0000", "data": map[string]any{},
	})
	m := n.iopub("comm_msg")
	if m.ParentID() != opening.Header.ID || !strings.Contains(string(m.Content), "#comm_open_ack") {
		t.Errorf("%s", m.Content)
	}
	n.client.Request(messaging.Shell, "comm_msg", map[string]any{"comm_id": "page", "data": map[string]any{"address": "#heartbeat/ping", "value": true}})
	if m := n.iopub("comm_msg"); !strings.Contains(string(m.Content), "#heartbeat/pong") {
		t.Errorf("%s", m.Content)
	}
	n.want(n.ask(messaging.Shell, "comm_info_request", nil), map[string]any{"comms": map[string]any{"page": map[string]string{"target_name": "gonb_comm"}}})
}

// A cell that forks without an end is interrupted with all that it started.
func TestForkBomb(t *testing.T) {
	n := open(t, testOptions(t))
	request := n.send("import (\"fmt\"; \"os/exec\")\n%%\nfor i := range 200 {\n\texec.Command(\"sh\", \"-c\", \"trap '' INT; sleep 1000 & wait\").Start()\n\tif i == 100 {\n\t\tfmt.Println(\"many\")\n\t}\n}\nselect {}", nil)
	n.iopub("stream")
	n.ask(messaging.Control, "interrupt_request", nil)
	n.want(n.awaitLeft(request), map[string]any{"ename": Interrupted})
	if left := n.running("sleep"); left != 0 {
		t.Errorf("%d are left", left)
	}
	if d := n.run("!echo alive"); d.stdout != "alive\n" {
		t.Errorf("%v", d.reply)
	}
}

// A cell that takes too much memory is killed and told; the kernel lives.
func TestMemoryIsBounded(t *testing.T) {
	o := testOptions(t)
	o.Memory = float64(400<<20) / float64(freeMemory())
	n := open(t, o)
	d := n.run("import \"time\"\n%%\nvar all [][]byte\nfor {\n\tb := make([]byte, 8<<20)\n\tfor i := range b {\n\t\tb[i] = 1\n\t}\n\tall = append(all, b)\n\ttime.Sleep(10 * time.Millisecond)\n}")
	n.want(d, map[string]any{"ename": OutOfMemory})
	if d := n.run("!echo alive"); d.stdout != "alive\n" {
		t.Errorf("%v", d.reply)
	}
}

// A cell that reads, whose client cannot be asked, ends with a clear word.
func TestNoStdin(t *testing.T) {
	n := open(t, testOptions(t))
	d := n.run("import \"fmt\"\n%%\nvar s string\nfmt.Scanln(&s)\nfmt.Println(s)")
	n.want(d, map[string]any{"ename": StdinNotImplemented, "evalue": stdinMessage})
	d = n.await(n.send("!read a; read b; echo $b $a", map[string]any{"allow_stdin": true}), "1", "2")
	if d.stdout != "2 1\n" || len(d.asked) != 2 {
		t.Errorf("%q, %q", d.stdout, d.asked)
	}
	d = n.await(n.send("%with_inputs\n!read a; echo $a", map[string]any{"allow_stdin": true}), "word")
	if d.stdout != "word\n" || len(d.asked) != 1 {
		t.Errorf("GoNB's own: %q, %q", d.stdout, d.asked)
	}
}

// The programs of plain cells ask over the socket in their exchange folder.
func TestAskSocket(t *testing.T) {
	n := open(t, testOptions(t))
	const code = "import (\"bufio\"; \"fmt\"; \"net\"; \"os\")\n%%\nc, err := net.Dial(\"unix\", os.Getenv(\"VGRAD_SESSION\")+\"/cell/ask\")\nif err != nil {\n\tpanic(err)\n}\nfmt.Fprintln(c, `{\"prompt\":\"name? \",\"password\":false}`)\nline, _ := bufio.NewReader(c).ReadString('\\n')\nfmt.Print(line)"
	d := n.await(n.send(code, map[string]any{"allow_stdin": true}), "Ada")
	if d.stdout != "{\"value\":\"Ada\"}\n" || len(d.asked) != 1 || d.asked[0] != "name? " {
		t.Errorf("%q, %q, %v", d.stdout, d.asked, d.reply)
	}
	if d := n.run(code); d.stdout != "{\"eof\":true}\n" {
		t.Errorf("%q, %v", d.stdout, d.reply)
	}
}

// What is asked beside the cells is answered while one runs, which stays busy.
func TestAnswersWhileACellRuns(t *testing.T) {
	fake := &fakeSession{held: make(chan struct{})}
	o := testOptions(t)
	o.Session = func(string) Session { return fake }
	n := open(t, o)
	request := n.send("fmt.Println(\"started\")\ntime.Sleep(time.Minute)", nil)
	n.iopub("stream")
	slow := n.client.Request(messaging.Shell, "complete_request", map[string]any{"code": "fmt.", "cursor_pos": 4})
	d := n.ask(messaging.Shell, "is_complete_request", map[string]any{"code": "x"})
	n.want(d, map[string]any{"status": "complete"})
	busy := func(m *messaging.Message) bool {
		return m.Header.Type == "status" && m.ParentID() == request.Header.ID && strings.Contains(string(m.Content), "busy")
	}
	for before := 1; before < 2; { // that of its start was taken with the stream, or is left
		before = 0
		for _, m := range n.left {
			if busy(m) {
				before++
			}
		}
		if before < 2 {
			n.left = append(n.left, n.iopub("status"))
			if busy(n.left[len(n.left)-1]) {
				before++
			}
		}
	}
	close(fake.held)
	n.want(n.awaitLeft(slow), map[string]any{"status": "ok"})
	n.kernel.interrupt()
	n.awaitLeft(request)
}

// User expressions are evaluated; one that fails is an error of its own.
func TestUserExpressions(t *testing.T) {
	o := testOptions(t)
	o.Session = func(string) Session { return &fakeSession{} }
	n := open(t, o)
	d := n.await(n.send("x := 1\n_ = x", map[string]any{"user_expressions": map[string]string{"good": "6 * 7", "bad": "6 *"}}))
	all := d.reply["user_expressions"].(map[string]any)
	good, bad := all["good"].(map[string]any), all["bad"].(map[string]any)
	if good["status"] != "ok" || good["data"].(map[string]any)["text/plain"] != "42" || bad["status"] != "error" || bad["ename"] != CompileError {
		t.Errorf("%v", all)
	}
	if d := n.run("%who"); len(d.shown) != 1 || !strings.Contains(fmt.Sprint(d.shown), "<td>x</td>") {
		t.Errorf("%v", d.shown)
	}
	if d := n.run("%clear\n%reset"); d.kinds()[2] != "clear_output" || !strings.Contains(fmt.Sprint(d.shown), "forgotten") {
		t.Errorf("%v %v", d.kinds(), d.shown)
	}
}

// The history is there after a restart: tail, range, search, output, each once.
func TestHistorySurvives(t *testing.T) {
	t.Setenv("JPY_SESSION_NAME", "/home/me/a.ipynb")
	o := testOptions(t)
	o.Session = func(string) Session { return &fakeSession{} }
	o.History = filepath.Join(t.TempDir(), "history")
	t.Run("first", func(t *testing.T) {
		n := open(t, o)
		n.run("1 + 1")
		n.run("!echo a")
		n.run("!echo a")
	})
	if err := os.WriteFile(filepath.Join(o.History, "cut.jsonl"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := open(t, o)
	n.run("!echo b")
	for _, c := range []struct {
		ask  string
		want string
	}{
		{`{"hist_access_type":"tail","n":2}`, `[[1,3,"!echo a"],[2,1,"!echo b"]]`},
		{`{"hist_access_type":"range","session":0,"start":0,"stop":10}`, `[[2,1,"!echo b"]]`},
		{`{"hist_access_type":"range","session":-1,"start":1,"stop":3,"output":true}`, `[[1,1,["1 + 1","2"]],[1,2,["!echo a",null]]]`},
		{`{"hist_access_type":"search","pattern":"!e*","unique":true}`, `[[1,3,"!echo a"],[2,1,"!echo b"]]`},
		{`{"hist_access_type":"search","pattern":"? + ?"}`, `[[1,1,"1 + 1"]]`},
	} {
		d := n.ask(messaging.Shell, "history_request", jsonText(c.ask))
		n.want(d, map[string]any{"history": jsonText(c.want)})
	}
}

// Many cells in a row leave no files, goroutines or memory behind, and the last ones are as
// quick as the first.
func TestManyCells(t *testing.T) {
	n := open(t, testOptions(t))
	cells := 400
	if testing.Short() {
		cells = 40
	}
	state := func() (files, routines int, kernel, gonb int64) {
		filepath.WalkDir(n.kernel.folder.dir, func(string, os.DirEntry, error) error { files++; return nil })
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return files, runtime.NumGoroutine(), int64(m.HeapAlloc), memory([]process{{pid: int(n.kernel.theGoNB().pid.Load())}})
	}
	took := func(count int) time.Duration {
		start := time.Now()
		for range count {
			n.want(n.run("import \"fmt\"\n%%\nfmt.Println(1)"), map[string]any{"status": "ok"})
			n.left, n.replies = nil, map[string]*messaging.Message{}
		}
		return time.Since(start) / time.Duration(count)
	}
	took(10)
	files, routines, kernel, gonb := state()
	first := took(10)
	took(cells)
	last := took(10)
	filesNow, routinesNow, kernelNow, gonbNow := state()
	t.Logf("files %d → %d, goroutines %d → %d, kernel %d → %d KB, GoNB %d → %d KB, a cell %v → %v",
		files, filesNow, routines, routinesNow, kernel>>10, kernelNow>>10, gonb>>10, gonbNow>>10, first, last)
	if filesNow > files+5 || routinesNow > routines+10 || kernelNow > kernel+8<<20 || gonbNow > gonb+64<<20 {
		t.Error("it grows")
	}
}
