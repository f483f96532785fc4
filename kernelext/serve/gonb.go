package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// gonb is one GoNB, which compiles and runs cells, and the connection with it.
type gonb struct {
	o      *Options
	folder *folder
	hear   func(*messaging.Message) // what it publishes that is no answer to a cell

	watcher *exec.Cmd
	words   io.WriteCloser // to the watcher; closing it ends GoNB
	client  *messaging.Client
	ready   chan struct{} // closed when cells can be run
	down    chan struct{} // closed when it has ended
	pid     atomic.Int64
	said    tail // the end of what it logged

	mu  sync.Mutex
	run *run // what is running
}

// run is one cell in GoNB.
type run struct {
	id    string                                  // of the request
	out   func(*messaging.Message)                // what it publishes
	ask   func(prompt string, hidden bool) string // asks the reader
	count int                                     // GoNB's number of the cell
	reply chan reply
	idle  chan struct{}
}

// reply is what GoNB says of a cell that has ended.
type reply struct {
	Status    string   `json:"status"`
	Ename     string   `json:"ename"`
	Evalue    string   `json:"evalue"`
	Traceback []string `json:"traceback"`
	Count     int      `json:"execution_count"`
}

// errDown is the error of a cell under which GoNB ended.
var errDown = errors.New("GoNB, which compiles and runs cells, has ended")

// startGoNB starts one. It returns at once: see gonb.ready.
func startGoNB(o *Options, f *folder, hear func(*messaging.Message)) (*gonb, error) {
	g := &gonb{o: o, folder: f, hear: hear, ready: make(chan struct{}), down: make(chan struct{})}
	file, conn, err := g.connection()
	if err != nil {
		return nil, err
	}
	argv := append(slices.Clone(o.Watcher[1:]), "-dir", f.dir, "--", o.GoNB, "--kernel", file, "-raw_error=true", "-logtostderr=true")
	if len(o.Work) > 0 {
		argv = append(argv, "-go_work="+strings.Join(o.Work, ","))
	}
	g.watcher = exec.Command(o.Watcher[0], argv...)
	g.watcher.Env = g.environment()
	g.watcher.Stderr = &g.said
	detach(g.watcher)
	if g.words, err = g.watcher.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := g.watcher.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := g.watcher.Start(); err != nil {
		return nil, fmt.Errorf("serve: start the watcher of GoNB: %w", err)
	}
	go g.watch(out)
	go g.connect(conn)
	return g, nil
}

// connection writes GoNB's connection file. It talks over sockets in the session's
// folder, which only this user can enter: there is no port that another program may take,
// and nothing to sign. The file is called as the kernel's own, of whose name GoNB takes
// the identifier for the scripts in the page.
func (g *gonb) connection() (file string, conn messaging.Connection, err error) {
	dir := filepath.Join(g.folder.dir, "gonb")
	if err := errors.Join(removeAll(dir), os.Mkdir(dir, 0o700)); err != nil { // an earlier GoNB's, perhaps
		return "", conn, fmt.Errorf("serve: make GoNB's folder: %w", err)
	}
	conn = messaging.Connection{
		Transport: "ipc", IP: filepath.Join(dir, messaging.NewID()[:4]),
		Shell: 1, Control: 2, Stdin: 3, IOPub: 4, Heartbeat: 5, Scheme: "hmac-sha256",
	}
	file = filepath.Join(dir, filepath.Base(g.o.File))
	return file, conn, conn.Write(file)
}

// environment is that of GoNB and of cells. It finds goimports, and no gopls: completion
// is the session's, and gopls takes a processor for seconds and hundreds of megabytes.
func (g *gonb) environment() []string {
	var path []string
	hides := false
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		_, err := os.Stat(filepath.Join(dir, "gopls"))
		switch {
		case err != nil:
			path = append(path, dir)
		case dir == filepath.Dir(g.o.GoNB):
		default: // of the user's: a program of that name that ends at once comes first
			path, hides = append(path, dir), true
		}
	}
	bin := filepath.Join(g.folder.dir, "bin")
	link(filepath.Join(filepath.Dir(g.o.GoNB), "goimports"), filepath.Join(bin, "goimports"))
	if no, err := exec.LookPath("false"); err == nil && hides {
		link(no, filepath.Join(bin, "gopls"))
	}
	path = append([]string{bin}, path...)
	env := append(os.Environ(),
		"PATH="+strings.Join(path, string(os.PathListSeparator)),
		"TMPDIR="+filepath.Join(g.folder.dir, "gonb"))
	if os.Getenv("GOTRACEBACK") == "" {
		env = append(env, "GOTRACEBACK=single")
	}
	return append(env, g.o.Env...)
}

// link makes a symbolic link, unless it is there; what fails with it says so itself.
func link(to, from string) {
	if _, err := os.Lstat(from); err != nil {
		os.Symlink(to, from)
	}
}

// watch waits for the end.
func (g *gonb) watch(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var pid int64
		if n, err := fmt.Sscanf(lines.Text(), "pid %d", &pid); n == 1 && err == nil {
			g.pid.Store(pid)
		}
	}
	g.watcher.Wait()
	killMarked(g.folder.dir)
	if pid := int(g.pid.Load()); pid > 0 {
		killGroup(pid)
	}
	close(g.down)
}

// connect waits until GoNB answers and hears it.
func (g *gonb) connect(conn messaging.Connection) {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	go func() {
		select {
		case <-g.down:
			cancel()
		case <-ctx.Done():
		}
	}()
	client, err := messaging.Dial(ctx, conn, messaging.Options{Log: g.o.Log})
	if err != nil {
		if ctx.Err() == context.DeadlineExceeded {
			g.o.Log(fmt.Sprintf("serve: GoNB does not answer: %v", err))
			g.words.Close()
		}
		return
	}
	g.client = client
	// Its socket forgets what is published before it has taken in the subscription.
	for heard := false; !heard; {
		asked := client.Request(messaging.Shell, "kernel_info_request", nil)
		wait := time.After(50 * time.Millisecond)
		for waiting := true; waiting && !heard; {
			select {
			case m := <-client.Messages(messaging.IOPub):
				heard = m.ParentID() == asked.Header.ID
			case <-client.Messages(messaging.Shell):
			case <-wait:
				waiting = false
			case <-g.down:
				return
			}
		}
	}
	close(g.ready)
	for {
		select {
		case m := <-client.Messages(messaging.IOPub):
			g.published(m)
		case m := <-client.Messages(messaging.Shell):
			g.replied(m)
		case m := <-client.Messages(messaging.Stdin):
			g.asked(m)
		case <-client.Done():
			return
		case <-g.down:
			client.Close()
			return
		}
	}
}

// startLimit bounds how long GoNB may take to be ready.
const startLimit = time.Minute

// running returns what is running if the message belongs to it.
func (g *gonb) running(m *messaging.Message) *run {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.run != nil && m.ParentID() == g.run.id {
		return g.run
	}
	return nil
}

func (g *gonb) published(m *messaging.Message) {
	r := g.running(m)
	if r == nil {
		g.hear(m)
		return
	}
	switch m.Header.Type {
	case "status":
		var s struct {
			State string `json:"execution_state"`
		}
		if m.Read(&s) == nil && s.State == "idle" {
			close(r.idle)
		}
	case "execute_input":
		var in struct {
			Count int `json:"execution_count"`
		}
		if m.Read(&in) == nil {
			r.count = in.Count
		}
	case "error": // the reply says the same
	default:
		r.out(m)
	}
}

func (g *gonb) replied(m *messaging.Message) {
	r := g.running(m)
	if r == nil || m.Header.Type != "execute_reply" {
		g.hear(m)
		return
	}
	var what reply
	if err := m.Read(&what); err != nil {
		what = reply{Status: "error", Ename: Error, Evalue: err.Error()}
	}
	r.reply <- what
}

func (g *gonb) asked(m *messaging.Message) {
	r := g.running(m)
	if r == nil || m.Header.Type != "input_request" {
		return
	}
	var q struct {
		Prompt   string `json:"prompt"`
		Password bool   `json:"password"`
	}
	if m.Read(&q) != nil {
		return
	}
	go func() {
		answer := m.Reply("input_reply", map[string]string{"status": "ok", "value": r.ask(q.Prompt, q.Password)})
		answer.Identities = nil
		g.client.Send(messaging.Stdin, answer)
	}()
}

// execute runs a cell to its end. It fails with errDown where GoNB ends before.
func (g *gonb) execute(code string, r *run, stdin bool) (reply, error) {
	select {
	case <-g.ready:
	case <-g.down:
		return reply{}, errDown
	}
	m := messaging.New(g.client.Session(), "execute_request", map[string]any{ // GoNB wants every field
		"code": code, "silent": false, "store_history": true, "allow_stdin": stdin, "stop_on_error": false, "user_expressions": map[string]any{},
	})
	r.id, r.reply, r.idle = m.Header.ID, make(chan reply, 1), make(chan struct{})
	g.setRun(r)
	defer g.setRun(nil)
	g.client.Send(messaging.Shell, m)
	var what reply
	select {
	case what = <-r.reply:
	case <-g.down:
		return what, errDown
	}
	select {
	case <-r.idle:
	case <-g.down:
	}
	return what, nil
}

func (g *gonb) setRun(r *run) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.run = r
}

// quietly runs commands of GoNB's whose words nobody wants.
func (g *gonb) quietly(code string) (reply, error) {
	return g.execute(code, &run{out: func(*messaging.Message) {}, ask: func(string, bool) string { return "" }}, false)
}

// forward hands a message of a client's on. Its identifier stays, so that what GoNB
// publishes for it can be told.
func (g *gonb) forward(m *messaging.Message) {
	select {
	case <-g.ready:
	default:
		return
	}
	to := *m
	to.Identities = nil
	g.client.Send(messaging.Shell, &to)
}

// interrupt interrupts what is running: the program of the cell, through GoNB, which
// kills it five seconds later, and whatever else runs below GoNB.
func (g *gonb) interrupt() {
	pid := int(g.pid.Load())
	if pid == 0 {
		return
	}
	signalProcess(pid, syscall.SIGINT)
	below := descendants(pid)
	for _, p := range below {
		if p.parent != pid || p.name == "go" || p.name == "goimports" { // GoNB signals its own child, but no compiler
			signalProcess(p.pid, syscall.SIGINT)
		}
	}
}

// kill ends it at once, with all that it started. The session's folder stays.
func (g *gonb) kill() {
	io.WriteString(g.words, "keep\n")
	pid := int(g.pid.Load())
	below := descendants(pid)
	if pid > 0 {
		signalProcess(pid, syscall.SIGKILL) // first, or it reports that its child was killed
	}
	for _, p := range below {
		signalProcess(p.pid, syscall.SIGKILL)
	}
	g.words.Close()
}

// stop ends it and waits until nothing is left.
func (g *gonb) stop() {
	g.words.Close()
	select {
	case <-g.down:
	case <-time.After(3 * patience):
		g.watcher.Process.Kill()
		<-g.down
	}
}

// tempDir is the folder in which it compiles, "" where there is none yet.
func (g *gonb) tempDir() string {
	dirs, _ := filepath.Glob(filepath.Join(g.folder.dir, "gonb", "gonb_*", "go.mod"))
	if len(dirs) == 0 {
		return ""
	}
	return filepath.Dir(dirs[len(dirs)-1])
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 8 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > most {
		t.text = append(t.text[:0], t.text[len(t.text)-most:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
