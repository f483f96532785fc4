package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// executeRequest is the content of an execute_request. What it leaves out has the values
// that the protocol gives.
type executeRequest struct {
	Code            string            `json:"code"`
	Silent          bool              `json:"silent"`
	StoreHistory    bool              `json:"store_history"`
	UserExpressions map[string]string `json:"user_expressions"`
	AllowStdin      bool              `json:"allow_stdin"`
	StopOnError     bool              `json:"stop_on_error"`
}

// execution is one cell on its way.
type execution struct {
	executeRequest
	k       *Kernel
	request *messaging.Message
	number  int
	out     *output
	payload []map[string]any // for the page, beside the outputs
	lines   int              // of the program before the reader's

	unfetched  error         // why packages that the cell lacks could not be fetched
	stopAsking chan struct{} // closed when no answer of the reader's is waited for

	mu          sync.Mutex
	gonb        *gonb // where it runs; nil: not yet, or not any more
	interrupted bool
	stdinDenied bool
	feeding     bool  // the reader is asked for a line of standard input
	overMemory  int64 // bytes at which it was killed
}

// gather is for how long a failed cell waits for cells that were sent together with it,
// before they are told that they do not run. Those that a client sends after the reply
// always run.
const gather = 20 * time.Millisecond

func (k *Kernel) execute(m *messaging.Message) {
	e := &execution{k: k, request: m, stopAsking: make(chan struct{})}
	e.executeRequest = executeRequest{AllowStdin: true, StopOnError: true, StoreHistory: true}
	k.status(m, "busy")
	defer k.status(m, "idle")
	if err := m.Read(&e.executeRequest); err != nil {
		k.reply(messaging.Shell, m, "execute_reply", e.failed(&CellError{Name: "ValueError", Message: err.Error()}))
		return
	}
	if e.Silent {
		e.StoreHistory = false
	}
	k.mu.Lock()
	if e.StoreHistory && strings.TrimSpace(e.Code) != "" {
		k.count++
	}
	e.number = k.count
	k.current = e
	k.mu.Unlock()
	defer e.finish()
	k.keepSource(e.number, e.Code)
	e.out = newOutput(k.o.Output, func(out *messaging.Message) {
		if !e.Silent {
			k.pass(m, out)
		}
	})
	if !e.Silent {
		k.publish(m, "execute_input", map[string]any{"code": e.Code, "execution_count": e.number})
	}
	result, err := e.run()
	text := ""
	if result != nil && len(result.Data) > 0 && !e.Silent {
		text = result.plain()
		metadata := orNone(result.Metadata)
		k.withPicture(result.Data, metadata)
		k.publish(m, "execute_result", map[string]any{"execution_count": e.number, "data": result.Data, "metadata": metadata})
	}
	if e.StoreHistory && strings.TrimSpace(e.Code) != "" {
		if err := k.history.add(e.number, e.Code, text); err != nil {
			k.o.Log(err.Error())
		}
	}
	if err == nil {
		content := map[string]any{"status": "ok", "execution_count": e.number, "user_expressions": e.userExpressions(), "payload": e.pages()}
		e.finish()
		k.reply(messaging.Shell, m, "execute_reply", content)
		return
	}
	e.out.close()
	wrong := cellError(err)
	if !e.Silent {
		k.publish(m, "error", wrong.content())
	}
	var aborted []*messaging.Message
	if e.StopOnError {
		time.Sleep(gather)
		aborted = k.queue.drain()
	}
	e.finish()
	k.reply(messaging.Shell, m, "execute_reply", e.failed(wrong))
	for _, behind := range aborted {
		k.abort(behind)
	}
}

// finish makes it no longer the one that runs.
func (e *execution) finish() {
	e.k.mu.Lock()
	defer e.k.mu.Unlock()
	if e.k.current == e {
		e.k.current = nil
	}
}

// failed is the content of the reply for an error.
func (e *execution) failed(wrong *CellError) map[string]any {
	content := wrong.content()
	content["status"], content["execution_count"] = "error", e.number
	content["user_expressions"], content["payload"] = map[string]any{}, e.pages()
	return content
}

func (e *execution) pages() []map[string]any {
	if e.payload == nil {
		return []map[string]any{}
	}
	return e.payload
}

// abort tells that a cell does not run, because one before it failed. The reply has no
// count: JupyterLab would mark the cell with it, as one that has run.
func (k *Kernel) abort(m *messaging.Message) {
	k.status(m, "busy")
	k.reply(messaging.Shell, m, "execute_reply", map[string]any{
		"status": "aborted", "user_expressions": map[string]any{}, "payload": []any{},
		"ename": "Aborted", "evalue": "a cell before it failed", "traceback": []string{},
	})
	k.status(m, "idle")
}

// run does what the cell says.
func (e *execution) run() (*bundle, error) {
	code := e.commands(e.Code)
	if strings.TrimSpace(code) == "" {
		return nil, nil
	}
	program, err := e.translate(code)
	if err != nil {
		return nil, err
	}
	return e.runProgram(program)
}

// translate makes a program of code, and fetches packages that it lacks.
func (e *execution) translate(code string) (Program, error) {
	s := e.k.session
	program, err := s.Translate(e.number, code)
	if err != nil || len(program.Missing) == 0 {
		return program, err
	}
	dir, wrong := e.fetch(program.Missing)
	if dir != "" {
		s.Look(dir)
		if program, err = s.Translate(e.number, code); err != nil || len(program.Missing) == 0 {
			return program, err
		}
	}
	missing := program.Missing
	s.Without(missing)
	if program, err = s.Translate(e.number, code); err != nil || len(program.Missing) == 0 {
		e.out.say("no package " + strings.Join(missing, ", ") + ", which the cell imports and does not name" + because(wrong) + "\n")
		return program, err
	}
	err = s.NotFound(program)
	if err == nil {
		err = &CellError{Name: CompileError, Message: "there is no package " + strings.Join(program.Missing, ", ")}
	}
	var cell *CellError
	if wrong != nil && errors.As(err, &cell) {
		cell.Traceback = append(cell.Traceback, wrong.Error())
	}
	return program, err
}

// runProgram runs a program to its end.
func (e *execution) runProgram(program Program) (*bundle, error) {
	k := e.k
	if err := k.folder.newCell(); err != nil {
		return nil, err
	}
	if l, err := net.Listen("unix", k.folder.cell("ask")); err != nil {
		k.o.Log(fmt.Sprintf("serve: cells cannot ask their reader: %v", err))
	} else {
		defer l.Close()
		go e.serveAsk(l)
	}
	g := k.liveGoNB(e.stopAsking)
	e.mu.Lock()
	if e.interrupted {
		e.mu.Unlock()
		return nil, &CellError{Name: Interrupted, Message: interruptedMessage}
	}
	e.gonb = g
	e.mu.Unlock()
	r := &run{
		out: func(m *messaging.Message) { e.note(g, m); e.out.add(m) },
		ask: func(prompt string, hidden bool) string { value, _ := e.ask(prompt, hidden); return value },
	}
	if len(program.Forget) > 0 {
		if _, err := g.quietly("%rm " + strings.Join(program.Forget, " ")); err != nil {
			return e.outcome(reply{}, err)
		}
	}
	e.lines = program.Lines
	source := program.Source
	if program.Plain {
		source = "%noautoget\n" + source // what it imports is at hand, and go get takes longer than all else
	}
	stop := e.observe(g, program.Source)
	what, err := g.execute(source, r, e.AllowStdin)
	for range 4 { // each time a cell may lack what is only seen once the rest is there
		if err != nil || !e.bring(g, program, &what) {
			break
		}
		r = &run{out: r.out, ask: r.ask}
		what, err = g.execute(source, r, e.AllowStdin)
	}
	stop()
	k.mu.Lock()
	if r.count > 0 {
		k.numbers[r.count] = e.number
	}
	k.mu.Unlock()
	e.mu.Lock()
	e.gonb = nil
	e.mu.Unlock()
	if err == nil && what.Status != "ok" && e.compileError(what) != nil {
		k.session.Refused(program)
	} else {
		k.session.Finish(program)
	}
	if after := k.after(program); after != "" && err == nil {
		if _, err := g.quietly(after); err != nil {
			k.o.Log(err.Error())
		}
	}
	return e.outcome(what, err)
}

// after is what GoNB is told when a program has run, so that it is as it was before.
func (k *Kernel) after(program Program) string {
	if !program.Plain {
		for line := range strings.Lines(program.Source) {
			switch strings.TrimSpace(line) {
			case "%autoget":
				k.noAutoGet = false
			case "%noautoget":
				k.noAutoGet = true
			}
		}
		return ""
	}
	after := ""
	if len(program.Declared) > 0 {
		after = "%rm " + strings.Join(program.Declared, " ") + "\n"
	}
	if !k.noAutoGet {
		after += "%autoget"
	}
	return after
}

// note remembers for a while to which cell a message to GoNB belongs: what its program
// shows may come after GoNB has told that it has ended.
func (e *execution) note(g *gonb, m *messaging.Message) {
	e.k.remember(m.ParentID(), parent{e.request, e.out})
}

const interruptedMessage = "the cell was interrupted"

// outcome finds out what became of the cell.
func (e *execution) outcome(what reply, down error) (*bundle, error) {
	failed := down != nil || what.Status != "ok"
	crash := e.out.finish(failed)
	e.mu.Lock()
	interrupted, denied, over := e.interrupted, e.stdinDenied, e.overMemory
	e.mu.Unlock()
	var said exchangeError
	if readExchange(e.k.folder.cell("error.json"), &said) && (failed || said.Name != "") {
		return nil, e.withFrames(&CellError{Name: said.Name, Message: said.Message}, said.frames(), "")
	}
	switch {
	case !failed:
		result := &bundle{}
		if readExchange(e.k.folder.cell("result.json"), result) {
			return result, nil
		}
		return nil, nil
	case over > 0:
		return nil, &CellError{Name: OutOfMemory, Message: fmt.Sprintf("the cell was killed when it held %d MB, nearly all memory that was free", over>>20)}
	case interrupted:
		message := interruptedMessage
		if said, ok := strings.CutPrefix(e.out.lastLine(), "vgrad: interrupted"); ok { // package cell says what is kept
			message += said
		}
		return nil, &CellError{Name: Interrupted, Message: message}
	case down != nil:
		e.k.comms.lost()
		return nil, &CellError{Name: KernelError, Message: down.Error() + "; it is started again, and what earlier cells defined is kept"}
	case crash != nil:
		name := Panic
		if crash.fatal && strings.Contains(crash.message, "out of memory") {
			name = OutOfMemory
		}
		return nil, e.withFrames(&CellError{Name: name, Message: crash.message}, crash.frames, crash.culprit())
	case denied:
		return nil, &CellError{Name: StdinNotImplemented, Message: stdinMessage}
	}
	wrong := e.explain(what)
	if e.unfetched != nil {
		wrong.Traceback = append(wrong.Traceback, e.unfetched.Error())
	}
	return nil, wrong
}

const stdinMessage = "the cell reads standard input, but this client cannot be asked for input"

// exchangeError is error.json.
type exchangeError struct {
	Name    string `json:"ename"`
	Message string `json:"evalue"`
	Frames  []struct {
		File string `json:"file"`
		Line int    `json:"line"`
		Func string `json:"func"`
	} `json:"frames"`
}

func (x exchangeError) frames() (list []frame) {
	for _, f := range x.Frames {
		one := frame{function: f.Func, line: f.Line}
		if m := plainFile.FindStringSubmatch(f.File); m != nil {
			fmt.Sscan(m[1], &one.cell)
			one.ours = true
		}
		list = append(list, one)
	}
	return list
}

// readExchange reads a file of the exchange folder, if it is there.
func readExchange(file string, v any) bool {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return err == nil && json.Unmarshal(text, v) == nil
}

// withFrames adds the reader's own lines of a stack to an error, the innermost last.
func (e *execution) withFrames(wrong *CellError, frames []frame, culprit string) *CellError {
	var lines, program []string
	if dir := e.k.theGoNB().tempDir(); dir != "" {
		text, _ := os.ReadFile(filepath.Join(dir, "main.go")) // a test's has another name, and no lines then
		program = strings.Split(string(text), "\n")
	}
	var starts [2]int // where the goroutine was started: often the line that goes on in it
	for _, f := range slices.Backward(frames) {
		cell, line := f.cell, f.line
		if !f.ours {
			cell, line = e.locate(f, program)
		}
		if cell == 0 || line < 1 || starts == [2]int{cell, line} {
			continue
		}
		if f.created {
			starts = [2]int{cell, line}
		}
		place := fmt.Sprintf("Cell [%d], line %d", cell, line)
		if name := strings.TrimPrefix(f.function, "main."); name != "" && !generated.MatchString(name) {
			place += ", in " + name
		}
		lines = append(lines, place+":", "    "+strings.TrimSpace(e.k.source(cell, line)))
	}
	if culprit != "" {
		lines = append(lines, "in "+culprit)
	}
	wrong.Traceback = append(lines, red+wrong.Name+plain+": "+wrong.Message)
	return wrong
}

// locate finds the reader's line of a frame. GoNB writes cell and line beside what it
// takes for a place in its program, but it looks at pieces of text as they come: it
// misses a place that is cut in two, and one that is cut in its number it takes for
// another. So it is believed where the line has the text that the program has there, and
// else the line is looked for by its text and that around it.
func (e *execution) locate(f frame, program []string) (cell, line int) {
	if f.cell != 0 {
		cell, line = e.reader(f.cell, f.line)
	}
	if !strings.HasSuffix(f.file, "main.go") || f.at < 1 || f.at > len(program) {
		return cell, line
	}
	text := func(at int) string {
		if at < 1 || at > len(program) {
			return ""
		}
		return strings.TrimSpace(program[at-1])
	}
	if cell != 0 && strings.TrimSpace(e.k.source(cell, line)) == text(f.at) {
		return cell, line
	}
	best := 0
	cell, line = 0, 0
	for number := e.number; number > max(0, e.number-200); number-- {
		for i, source := range e.k.lines(number) {
			if strings.TrimSpace(source) != text(f.at) || text(f.at) == "" {
				continue
			}
			alike := 1
			for d := 1; d <= 3; d++ {
				for _, by := range []int{-d, d} {
					if near := strings.TrimSpace(e.k.source(number, i+1+by)); near != "" && near == text(f.at+by) {
						alike++
					}
				}
			}
			if alike > best {
				best, cell, line = alike, number, i+1
			}
		}
	}
	return cell, line
}

// generated are the names of functions that hold a cell's statements.
var generated = regexp.MustCompile(`^(main|runCell)(\.|$)`)

// reader turns cell and line as GoNB counts them into the reader's. A line below 1 is not
// the reader's.
func (e *execution) reader(cell, line int) (int, int) {
	e.k.mu.Lock()
	known, ok := e.k.numbers[cell]
	e.k.mu.Unlock()
	if !ok || known == e.number {
		return e.number, line - e.lines
	}
	return known, line
}

// userExpressions evaluates each as a cell of its own.
func (e *execution) userExpressions() map[string]any {
	all := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(e.UserExpressions)) {
		result, err := e.k.quietExecution(e.request, e.number).evaluate(e.UserExpressions[name])
		if err != nil {
			wrong := cellError(err).content()
			wrong["status"] = "error"
			all[name] = wrong
			continue
		}
		all[name] = map[string]any{"status": "ok", "data": result.Data, "metadata": orNone(result.Metadata)}
	}
	return all
}

// quietExecution is one whose outputs nobody sees.
func (k *Kernel) quietExecution(cause *messaging.Message, number int) *execution {
	e := &execution{k: k, request: cause, number: number, stopAsking: make(chan struct{})}
	e.out = newOutput(k.o.Output, func(*messaging.Message) {})
	return e
}

// evaluate is the value of an expression.
func (e *execution) evaluate(expression string) (*bundle, error) {
	program, err := e.k.session.Translate(e.number, expression)
	if err != nil {
		return nil, err
	}
	if !program.Plain || len(program.Missing) > 0 {
		return nil, &CellError{Name: CompileError, Message: "it is no expression of plain Go"}
	}
	result, err := e.runProgram(program)
	if err == nil && (result == nil || len(result.Data) == 0) {
		err = &CellError{Name: CompileError, Message: "it has no value"}
	}
	return result, err
}

func orNone(m map[string]json.RawMessage) map[string]json.RawMessage {
	if m == nil {
		return map[string]json.RawMessage{}
	}
	return m
}

// interrupt interrupts the cell. GoNB kills a program that does not end within five
// seconds; where it has not by then, GoNB itself is ended.
func (e *execution) interrupt() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.interrupted {
		close(e.stopAsking)
	}
	e.interrupted = true
	g := e.gonb
	if g == nil {
		return
	}
	g.interrupt()
	time.AfterFunc(8*time.Second, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.gonb == g {
			g.kill()
		}
	})
}
