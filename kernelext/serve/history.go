package serve

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/vgrad/lab/vgrad/atomicfile"
)

// The history of a notebook keeps so many cells, and half of them when it is shortened.
// A cell that is larger is not remembered.
const (
	historyMost = 4000
	historyCell = 256 << 10
)

// history is what a notebook's cells were, over the sessions of its kernels. It is a file
// with a line of JSON a cell, to which each kernel appends.
type history struct {
	mu      sync.Mutex
	file    string // "": nothing is kept on disk
	session int
	cells   []remembered
}

// remembered is one cell.
type remembered struct {
	Session int    `json:"s"`
	Line    int    `json:"n"`
	Input   string `json:"i"`
	Output  string `json:"o,omitempty"`
}

// openHistory reads what there is in the folder of the notebook's name. A history that
// cannot be read is one that begins; the error says why.
func openHistory(dir, notebook string) (*history, error) {
	h := &history{session: 1}
	if dir == "" {
		return h, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return h, fmt.Errorf("serve: the history: %w", err)
	}
	h.file = filepath.Join(dir, fmt.Sprintf("%x", sha256.Sum256([]byte(notebook)))[:20]+".jsonl")
	forget(dir)
	text, err := os.ReadFile(h.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("serve: the history: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 4*historyCell)
	for lines.Scan() {
		var r remembered
		if json.Unmarshal(lines.Bytes(), &r) == nil { // a line that a crash has cut is none
			h.cells = append(h.cells, r)
			h.session = max(h.session, r.Session+1)
		}
	}
	if len(h.cells) > historyMost {
		h.cells = slices.Clone(h.cells[len(h.cells)-historyMost/2:])
		if err := atomicfile.Write(h.file, h.text()); err != nil {
			return h, fmt.Errorf("serve: shorten the history: %w", err)
		}
	}
	return h, nil
}

// forget removes the histories that were longest not written to.
func forget(dir string) {
	const most = 300
	files, _ := filepath.Glob(filepath.Join(dir, "*.jsonl")) // the pattern is right
	if len(files) <= most {
		return
	}
	age := map[string]time.Time{}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			age[file] = info.ModTime()
		}
	}
	slices.SortFunc(files, func(a, b string) int { return age[b].Compare(age[a]) })
	for _, file := range files[most:] {
		os.Remove(file)
	}
}

func (h *history) text() []byte {
	var text bytes.Buffer
	for _, r := range h.cells {
		line, _ := json.Marshal(r) // numbers and strings
		text.Write(append(line, '\n'))
	}
	return text.Bytes()
}

// add remembers a cell, with one write, so that what two kernels of one notebook add does
// not mix.
func (h *history) add(line int, input, output string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(input)+len(output) > historyCell {
		output = ""
	}
	if len(input) > historyCell {
		return nil
	}
	r := remembered{h.session, line, input, output}
	h.cells = append(h.cells, r)
	if len(h.cells) > 2*historyMost {
		h.cells = slices.Clone(h.cells[len(h.cells)-historyMost:])
	}
	if h.file == "" {
		return nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(h.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("serve: the history: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Close())
}

// historyRequest is the content of a history_request.
type historyRequest struct {
	Output  bool   `json:"output"`
	Raw     bool   `json:"raw"` // cells are remembered as they were typed in either case
	Access  string `json:"hist_access_type"`
	Session int    `json:"session"` // 0: this one; -1: the one before
	Start   int    `json:"start"`
	Stop    *int   `json:"stop"`
	N       *int   `json:"n"`
	Pattern string `json:"pattern"`
	Unique  bool   `json:"unique"`
}

// find answers a request: cells in their order, each [session, line, input] or, with
// output, [session, line, [input, output]].
func (h *history) find(q historyRequest) (list [][3]any, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := h.cells
	switch q.Access {
	case "tail":
	case "range":
		session := q.Session
		if session <= 0 {
			session += h.session
		}
		found = slices.DeleteFunc(slices.Clone(found), func(r remembered) bool {
			return r.Session != session || r.Line < q.Start || q.Stop != nil && r.Line >= *q.Stop
		})
		q.N = nil
	case "search":
		pattern := orElse(q.Pattern, "*")
		found = slices.DeleteFunc(slices.Clone(found), func(r remembered) bool { return !glob(pattern, r.Input) })
	default:
		return nil, fmt.Errorf("history: hist_access_type is %q; it may be tail, range or search", q.Access)
	}
	if q.Unique { // the latest of each
		seen := map[string]bool{}
		found = slices.Clone(found)
		slices.Reverse(found)
		found = slices.DeleteFunc(found, func(r remembered) bool { was := seen[r.Input]; seen[r.Input] = true; return was })
		slices.Reverse(found)
	}
	if q.N != nil && *q.N >= 0 && len(found) > *q.N {
		found = found[len(found)-*q.N:]
	}
	list = [][3]any{}
	for _, r := range found {
		var cell any = r.Input
		if q.Output {
			output := any(nil)
			if r.Output != "" {
				output = r.Output
			}
			cell = [2]any{r.Input, output}
		}
		list = append(list, [3]any{r.Session, r.Line, cell})
	}
	return list, nil
}

// glob matches a text against a pattern in which * stands for any text and ? for one
// character; there is no other sign.
func glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// notebookName is whose history it is: the notebook's path where Jupyter tells it, else
// the kernel that Jupyter knows, which stays the same when it restarts.
func notebookName(connectionFile string) string {
	return orElse(os.Getenv("JPY_SESSION_NAME"), path.Base(filepath.ToSlash(connectionFile)))
}
