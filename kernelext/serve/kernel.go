package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// Options say what a kernel is made of.
type Options struct {
	Connection messaging.Connection
	File       string   // the connection file
	GoNB       string   // the program; goimports lies beside it
	Watcher    []string // command that calls [Watch] with the arguments -dir FOLDER -- PROGRAM …
	Work       []string // folders of the modules that cells see
	Env        []string // more of the environment of cells
	History    string   // folder of the histories; "": they are not kept
	Version    string   // of the kernel, for its banner
	GoVersion  string   // of the Go that compiles cells; "": that of this program
	Output     int      // bytes that a cell may show; 0: 50 MB
	Memory     float64  // part of the free memory that a cell may take; 0: 0.8
	Log        func(line string)

	// Session makes the session, whose folder is dir; nil: cells are GoNB's alone.
	Session func(dir string) Session
}

// Kernel serves one notebook.
type Kernel struct {
	o       Options
	server  *messaging.Server
	folder  *folder
	session Session
	history *history
	queue   *queue
	comms   *comms
	inputs  inputs
	done    chan struct{} // closed when it is to end
	once    sync.Once

	debugging atomic.Bool // a page shows the variables

	noAutoGet bool // the reader told GoNB so; only the goroutine that runs cells knows

	mu      sync.Mutex
	count   int
	gonb    *gonb
	current *execution        // what runs
	sources map[int]string    // cells by number, for tracebacks
	numbers map[int]int       // the kernel's number of a cell by GoNB's
	parents map[string]parent // readers' requests by those to GoNB that they caused
	order   []string          // the keys of parents, oldest first
}

// parent is a reader's message that GoNB answers by and by.
type parent struct {
	message *messaging.Message
	out     *output // of the cell; nil for a comm
}

// New binds the sockets and starts GoNB, for which it does not wait.
func New(o Options) (*Kernel, error) {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.Output == 0 {
		o.Output = 50 << 20
	}
	if o.Memory == 0 {
		o.Memory = 0.8
	}
	o.GoVersion = orElse(o.GoVersion, runtime.Version())
	k := &Kernel{
		o: o, session: passing{}, queue: newQueue(), done: make(chan struct{}),
		sources: map[int]string{}, numbers: map[int]int{}, parents: map[string]parent{},
	}
	server, err := messaging.Listen(o.Connection, messaging.Options{Log: o.Log, State: k.state})
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	k.server = server
	k.comms = newComms(k)
	if k.folder, err = newFolder(); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	if k.history, err = openHistory(o.History, notebookName(o.File)); err != nil {
		o.Log(err.Error())
	}
	if o.Session != nil {
		k.session = o.Session(k.folder.dir)
	}
	if err := k.startGoNB(); err != nil {
		return nil, errors.Join(err, k.folder.remove(), server.Close())
	}
	return k, nil
}

// Connection is where the kernel is reached.
func (k *Kernel) Connection() messaging.Connection { return k.server.Connection() }

// Run serves until a client asks for the end, the context ends, or Jupyter is gone.
func (k *Kernel) Run(ctx context.Context) error {
	go k.supervise()
	go k.work()
	for _, ch := range []messaging.Channel{messaging.Shell, messaging.Control, messaging.Stdin} {
		go k.listen(ch)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	orphan := watchParent()
	k.publish(nil, "status", map[string]string{"execution_state": "starting"})
	k.publish(nil, "status", map[string]string{"execution_state": k.state()}) // for those who were there before
	for {
		select {
		case <-ctx.Done():
		case <-k.done:
		case <-orphan:
			k.o.Log("serve: Jupyter is gone, and so is its kernel")
		case s := <-signals:
			if s == os.Interrupt {
				k.interrupt()
				continue
			}
		}
		return k.close()
	}
}

// watchParent returns a channel that is closed when the Jupyter that started the kernel
// is gone. A kernel that is to outlive its parent is started without the variable.
func watchParent() <-chan struct{} {
	pid, err := strconv.Atoi(os.Getenv("JPY_PARENT_PID"))
	if err != nil || pid <= 1 {
		return nil
	}
	if ended := gone(pid); ended != nil {
		return ended
	}
	ended, was := make(chan struct{}), os.Getppid()
	go func() {
		for os.Getppid() == was {
			time.Sleep(time.Second)
		}
		close(ended)
	}()
	return ended
}

// end lets Run return.
func (k *Kernel) end() { k.once.Do(func() { close(k.done) }) }

func (k *Kernel) close() error {
	k.end()
	k.queue.close()
	g := k.theGoNB()
	closed := make(chan error, 1)
	go func() { closed <- k.server.Close() }()
	if g != nil {
		g.stop()
	}
	return errors.Join(<-closed, k.folder.remove())
}

// listen takes what comes on a channel.
func (k *Kernel) listen(ch messaging.Channel) {
	for {
		select {
		case m := <-k.server.Messages(ch):
			k.take(ch, m)
		case <-k.done:
			return
		}
	}
}

// take answers a message, or queues it. What asks the session is answered at once, also
// while a cell runs; so is what changes nothing.
func (k *Kernel) take(ch messaging.Channel, m *messaging.Message) {
	switch m.Header.Type {
	case "execute_request", "history_request":
		k.queue.put(m)
	case "debug_request":
		var q debugRequest
		if m.Read(&q) == nil && q.Command == "richInspectVariables" { // it runs a program
			k.queue.put(m)
			return
		}
		go k.answer(ch, m)
	case "complete_request", "inspect_request", "is_complete_request", "kernel_info_request", "comm_info_request", "connect_request":
		go k.answer(ch, m)
	case "interrupt_request":
		k.around(m, func() {
			k.interrupt()
			k.reply(ch, m, "interrupt_reply", map[string]any{"status": "ok"})
		})
	case "shutdown_request":
		k.shutdown(ch, m)
	case "comm_open", "comm_msg", "comm_close":
		k.around(m, func() { k.comms.fromClient(m) })
	case "input_reply":
		k.inputs.answer(m)
	default:
		k.unknown(ch, m)
	}
}

// around tells that the kernel is busy with a message, and then idle. While a cell runs
// it is busy again afterwards: pages show the state that came last.
func (k *Kernel) around(m *messaging.Message, do func()) {
	k.status(m, "busy")
	do()
	k.status(m, "idle")
	k.mu.Lock()
	running := k.current
	k.mu.Unlock()
	switch {
	case running == nil:
	case m.Header.Type == "debug_request": // JupyterLab asks again after each message that a cell causes
		k.status(m, "busy")
	default:
		k.status(running.request, "busy")
	}
}

// state is what the kernel does: idle, or busy with a cell.
func (k *Kernel) state() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current != nil {
		return "busy"
	}
	return "idle"
}

func (k *Kernel) status(m *messaging.Message, state string) {
	k.publish(m, "status", map[string]string{"execution_state": state})
}

// publish sends to all clients what a message caused; nil for none.
func (k *Kernel) publish(cause *messaging.Message, kind string, content any) {
	m := messaging.New(k.server.Session(), kind, content)
	if cause != nil {
		m = cause.Reply(kind, content)
	}
	k.server.Publish(kind, m, droppable(kind))
}

// pass publishes a message of GoNB's as one that the cause has caused.
func (k *Kernel) pass(cause *messaging.Message, m *messaging.Message) {
	m = k.drawn(m)
	to := messaging.New(k.server.Session(), m.Header.Type, m.Content)
	if cause != nil {
		to = cause.Reply(m.Header.Type, m.Content)
	}
	to.Metadata, to.Buffers = m.Metadata, m.Buffers
	if string(to.Metadata) == "null" {
		to.Metadata = nil
	}
	k.server.Publish(m.Header.Type, to, droppable(m.Header.Type))
}

// droppable reports whether a client that is far behind can do without a message.
func droppable(kind string) bool {
	return kind == "stream" || kind == "display_data" || kind == "update_display_data"
}

func (k *Kernel) reply(ch messaging.Channel, m *messaging.Message, kind string, content any) {
	if err := k.server.Send(ch, m.Reply(kind, content)); err != nil && !errors.Is(err, messaging.ErrGone) {
		k.o.Log(err.Error())
	}
}

// answer answers what is asked beside the cells.
func (k *Kernel) answer(ch messaging.Channel, m *messaging.Message) {
	k.around(m, func() {
		kind := strings.TrimSuffix(m.Header.Type, "_request") + "_reply"
		k.reply(ch, m, kind, k.guarded(m))
	})
}

// guarded answers with an error where the answer panics.
func (k *Kernel) guarded(m *messaging.Message) (content any) {
	defer func() {
		if r := recover(); r != nil {
			k.o.Log(fmt.Sprintf("serve: %s: %v", m.Header.Type, r))
			content = refusal(Panic, fmt.Sprint(r))
		}
	}()
	switch m.Header.Type {
	case "kernel_info_request":
		return k.info()
	case "comm_info_request":
		return k.comms.info(m)
	case "connect_request":
		c := k.Connection()
		return map[string]any{"status": "ok", "shell_port": c.Shell, "iopub_port": c.IOPub, "stdin_port": c.Stdin, "hb_port": c.Heartbeat, "control_port": c.Control}
	case "is_complete_request":
		return k.isComplete(m)
	case "complete_request":
		return k.complete(m)
	case "debug_request":
		return k.debug(m)
	}
	return k.inspect(m)
}

// refusal is the content of a reply that is an error.
func refusal(name, message string) map[string]any {
	return map[string]any{"status": "error", "ename": name, "evalue": message, "traceback": []string{name + ": " + message}}
}

// unknown answers what is not known: a request with an error, the rest not at all.
func (k *Kernel) unknown(ch messaging.Channel, m *messaging.Message) {
	k.o.Log(fmt.Sprintf("serve: %s: a %q is not known", ch, m.Header.Type))
	name, isRequest := strings.CutSuffix(m.Header.Type, "_request")
	if !isRequest || ch == messaging.Stdin {
		return
	}
	k.around(m, func() {
		content := refusal("NotImplementedError", fmt.Sprintf("this kernel does not answer a %s", m.Header.Type))
		k.reply(ch, m, name+"_reply", content)
	})
}

func (k *Kernel) shutdown(ch messaging.Channel, m *messaging.Message) {
	var asked struct {
		Restart bool `json:"restart"`
	}
	m.Read(&asked)
	k.status(m, "busy")
	k.queue.close()
	k.reply(ch, m, "shutdown_reply", map[string]any{"status": "ok", "restart": asked.Restart})
	k.publish(m, "shutdown_reply", map[string]any{"status": "ok", "restart": asked.Restart})
	k.status(m, "idle")
	k.end()
}

// info is the content of kernel_info_reply.
func (k *Kernel) info() map[string]any {
	version := strings.TrimPrefix(k.o.GoVersion, "go")
	return map[string]any{
		"status":                 "ok",
		"protocol_version":       messaging.Version,
		"implementation":         "vgrad",
		"implementation_version": orElse(k.o.Version, "devel"),
		"language_info": map[string]any{
			"name": "go", "version": version, "mimetype": "text/x-go", "file_extension": ".go",
			"pygments_lexer": "go", "codemirror_mode": "go", "nbconvert_exporter": "script",
		},
		"banner":             fmt.Sprintf("Go %s, vgrad's kernel\n%%help lists commands, Tab completes, Shift-Tab explains.", version),
		"debugger":           false,
		"supported_features": []string{},
		"help_links": []map[string]string{
			{"text": "Go", "url": "https://go.dev/doc/"},
			{"text": "Go packages", "url": "https://pkg.go.dev/"},
			{"text": "GoMLX", "url": "https://github.com/gomlx/gomlx"},
			{"text": "GoNB", "url": "https://github.com/janpfeifer/gonb"},
		},
	}
}

// codeRequest is the content of what asks about code.
type codeRequest struct {
	Code   string `json:"code"`
	Cursor *int   `json:"cursor_pos"` // in unicode characters; nil: at the end
	Detail int    `json:"detail_level"`
}

func readCode(m *messaging.Message) (q codeRequest, cursor int, wrong map[string]any) {
	if err := m.Read(&q); err != nil {
		return q, 0, refusal("ValueError", err.Error())
	}
	length := len([]rune(q.Code))
	cursor = length
	if q.Cursor != nil {
		cursor = min(max(*q.Cursor, 0), length)
	}
	return q, cursor, nil
}

func (k *Kernel) isComplete(m *messaging.Message) map[string]any {
	q, _, wrong := readCode(m)
	if wrong != nil {
		return wrong
	}
	status, indent := k.session.Status(q.Code)
	reply := map[string]any{"status": status}
	if status == "incomplete" {
		reply["indent"] = indent
	}
	return reply
}

// askLimit bounds what a reader waits for a completion.
const askLimit = 10 * time.Second

func (k *Kernel) complete(m *messaging.Message) map[string]any {
	q, cursor, wrong := readCode(m)
	if wrong != nil {
		return wrong
	}
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	c := k.session.Complete(ctx, q.Code, cursor)
	if c.Matches == nil {
		c.Matches = []string{}
	}
	if c.Metadata == nil {
		c.Metadata = map[string]any{}
	}
	return map[string]any{"status": "ok", "matches": c.Matches, "cursor_start": c.Start, "cursor_end": c.End, "metadata": c.Metadata}
}

func (k *Kernel) inspect(m *messaging.Message) map[string]any {
	q, cursor, wrong := readCode(m)
	if wrong != nil {
		return wrong
	}
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	found, data := k.session.Inspect(ctx, q.Code, cursor, q.Detail)
	if data == nil {
		data = map[string]string{}
	}
	return map[string]any{"status": "ok", "found": found, "data": data, "metadata": map[string]any{}}
}

func (k *Kernel) answerHistory(m *messaging.Message) {
	k.around(m, func() {
		var q historyRequest
		q.Output = false
		err := m.Read(&q)
		var list [][3]any
		if err == nil {
			list, err = k.history.find(q)
		}
		if err != nil {
			content := refusal("ValueError", err.Error())
			content["history"] = []any{}
			k.reply(messaging.Shell, m, "history_reply", content)
			return
		}
		k.reply(messaging.Shell, m, "history_reply", map[string]any{"status": "ok", "history": list})
	})
}

// work runs the cells, one at a time.
func (k *Kernel) work() {
	for {
		m := k.queue.take()
		switch {
		case m == nil:
			return
		case m.Header.Type == "history_request":
			k.answerHistory(m)
		case m.Header.Type == "debug_request":
			k.answer(messaging.Control, m)
		default:
			k.execute(m)
		}
	}
}

// startGoNB starts one.
func (k *Kernel) startGoNB() error {
	g, err := startGoNB(&k.o, k.folder, k.heard)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gonb = g
	clear(k.numbers)
	return nil
}

func (k *Kernel) theGoNB() *gonb {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.gonb
}

// liveGoNB waits for a GoNB that has not ended, for as long as one may take to start.
func (k *Kernel) liveGoNB(stop <-chan struct{}) *gonb {
	limit := time.After(startLimit)
	for {
		g := k.theGoNB()
		select {
		case <-g.down:
		default:
			return g
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-limit:
			return g
		case <-stop:
			return g
		}
	}
}

// supervise starts GoNB again when it has ended.
func (k *Kernel) supervise() {
	pause := time.Duration(0)
	for {
		g, began := k.theGoNB(), time.Now()
		select {
		case <-g.down:
		case <-k.done:
			return
		}
		k.o.Log(fmt.Sprintf("serve: GoNB has ended and is started again; its last words: %s", lastWords(g.said.String())))
		if pause = min(2*pause+100*time.Millisecond, 30*time.Second); time.Since(began) > time.Minute {
			pause = 0
		}
		for {
			select {
			case <-time.After(pause):
			case <-k.done:
				return
			}
			err := k.startGoNB()
			if err == nil {
				break
			}
			k.o.Log(err.Error())
			pause = min(2*pause+100*time.Millisecond, 30*time.Second)
		}
	}
}

// lastWords is the end of what a program said, in one line.
func lastWords(text string) string {
	lines := strings.Split(strings.TrimSpace(ansi.ReplaceAllString(text, "")), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}

// remember notes which reader's message a message to GoNB stands for.
func (k *Kernel) remember(id string, p parent) {
	const most = 256
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.parents[id]; !known {
		k.order = append(k.order, id)
	}
	k.parents[id] = p
	if len(k.order) > most {
		delete(k.parents, k.order[0])
		k.order = k.order[1:]
	}
}

// heard takes what GoNB publishes beside the cell that runs: for comms, and what came
// late of a cell.
func (k *Kernel) heard(m *messaging.Message) {
	switch m.Header.Type {
	case "status", "execute_input", "execute_reply", "kernel_info_reply", "error":
		return
	}
	k.mu.Lock()
	p, known := k.parents[m.ParentID()]
	k.mu.Unlock()
	k.comms.fromGoNB(m)
	if known && (p.out == nil || m.Header.Type != "stream") {
		k.pass(p.message, m)
	}
}

// interrupt stops the cell that runs, and what it waits for.
func (k *Kernel) interrupt() {
	k.mu.Lock()
	e := k.current
	k.mu.Unlock()
	if e != nil {
		e.interrupt()
	}
}

// lines are those of a cell.
func (k *Kernel) lines(cell int) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strings.Split(k.sources[cell], "\n")
}

// source is a line of a cell, "" where it is not known.
func (k *Kernel) source(cell, line int) string {
	lines := k.lines(cell)
	if line < 1 || line > len(lines) {
		return ""
	}
	return strings.TrimRight(lines[line-1], "\r")
}

func (k *Kernel) keepSource(cell int, code string) {
	const most = 2000
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sources[cell] = code
	delete(k.sources, cell-most)
}
