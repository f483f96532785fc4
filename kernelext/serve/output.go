package serve

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// together is for how long text is gathered into one message: a page that redraws for
// each of a thousand lines stands still.
const together = 30 * time.Millisecond

// output is what a cell shows, on its way to the reader: text in order, gathered, bounded,
// and without what the Go runtime says of a crash.
type output struct {
	publish func(m *messaging.Message) // under the reader's header
	limit   int                        // bytes

	mu      sync.Mutex
	name    string // of the stream that pending belongs to
	pending strings.Builder
	timer   *time.Timer
	last    time.Time // of the last message
	bytes   int
	cut     bool
	closed  bool

	crash crashFilter
	exit  string // what GoNB said of the end
	tail  tail   // the end of standard error
}

func newOutput(limit int, publish func(*messaging.Message)) *output {
	return &output{publish: publish, limit: limit}
}

// exitWords is what GoNB says on standard error when a program has failed.
var exitWords = regexp.MustCompile(`^(\^C\n)?(exit status \d+|signal: [a-zA-Z0-9 ]+( \(core dumped\))?)\n$`)

// add takes in a message that GoNB published for the cell.
func (o *output) add(m *messaging.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return
	case m.Header.Type == "stream":
		o.stream(m)
	default:
		o.flush()
		if o.counts(len(m.Content)) {
			o.publish(m)
		}
	}
}

func (o *output) stream(m *messaging.Message) {
	var s struct{ Name, Text string }
	if m.Read(&s) != nil || s.Text == "" {
		return
	}
	if s.Name != "stderr" {
		o.text(s.Name, s.Text)
		return
	}
	if exitWords.MatchString(s.Text) {
		o.exit = s.Text
		return
	}
	if passed := o.crash.add(s.Text, time.Now()); passed != "" {
		o.stderr(passed)
	}
}

func (o *output) stderr(text string) {
	o.tail.Write([]byte(text))
	o.text("stderr", text)
}

// text gathers text. What comes first after a pause goes at once.
func (o *output) text(name, text string) {
	if !o.counts(len(text)) {
		return
	}
	if name != o.name {
		o.flush()
		o.name = name
	}
	o.pending.WriteString(text)
	switch {
	case time.Since(o.last) > together, o.pending.Len() > 1<<20:
		o.flush()
	case o.timer == nil:
		o.timer = time.AfterFunc(together, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.flush()
		})
	}
}

// counts adds to what the cell has shown, and says once that it was too much.
func (o *output) counts(bytes int) bool {
	if o.cut {
		return false
	}
	if o.bytes += bytes; o.bytes <= o.limit {
		return true
	}
	o.flush()
	o.cut = true
	o.send("stderr", fmt.Sprintf("\nThe output of this cell is cut here, after %d MB; the cell goes on.\n", o.limit>>20))
	return false
}

func (o *output) flush() {
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
	if o.pending.Len() == 0 {
		return
	}
	text := o.pending.String()
	o.pending.Reset()
	o.send(o.name, text)
}

func (o *output) send(name, text string) {
	o.last = time.Now()
	o.publish(messaging.New("", "stream", map[string]string{"name": name, "text": text}))
}

// tick lets go of text that looked like the start of a crash and is none.
func (o *output) tick() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if passed := o.crash.late(time.Now()); passed != "" && !o.closed {
		o.stderr(passed)
	}
}

// say tells the reader something that the cell did not.
func (o *output) say(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
	o.send("stderr", text)
}

// finish sends what is left, and returns the crash that the runtime told of, if any.
func (o *output) finish(failed bool) *crash {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, rest := o.crash.end()
	if rest != "" {
		o.stderr(rest)
	}
	if o.exit != "" && !failed {
		o.text("stderr", o.exit)
	}
	o.flush()
	return found
}

// close lets nothing through any more.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
	o.closed = true
}

// lastLine is the last line on standard error that says something.
func (o *output) lastLine() string {
	lines := strings.Split(strings.TrimSpace(o.tail.String()), "\n")
	return strings.TrimSpace(ansi.ReplaceAllString(lines[len(lines)-1], ""))
}

var ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")

// bundle is what a cell shows as its result.
type bundle struct {
	Data     map[string]json.RawMessage `json:"data"`
	Metadata map[string]json.RawMessage `json:"metadata"`
}

// plain is the text of a bundle.
func (b *bundle) plain() string {
	var text string
	json.Unmarshal(b.Data["text/plain"], &text)
	return text
}
