// Package wire is what a notebook cell and the vgrad program say to each other.
//
// A cell is compiled and linked every time it runs. Linking what trains takes
// seconds, so a cell does not: it starts the vgrad program, which is built
// already, asks it to train, and draws what comes back. The package stands
// between training and figures, and knows neither.
//
// The cell writes one [Request] to the program's standard input and reads
// [Message] values from its standard output until one is Done or says why not,
// both as JSON. They are notices only: what a training measures stands in the run
// store, where the cell reads it as it grows. The cell keeps the input open for as
// long as it wants the work done: when the input ends, because the cell was
// interrupted or died, the program stops and what was recorded is kept.
package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/page"
)

// Request is what a cell asks for.
type Request struct {
	// Store is the folder of the runs.
	Store string
	// Train lists experiments to train, or to load where they are recorded.
	Train []vgrad.Experiment
	// Sweep asks for Progress instead of samples: there are many experiments.
	Sweep bool
	// Judge asks for the table of the article's claims, judged by those runs.
	Judge bool
}

// Message is one thing the program says. Exactly one field is set.
type Message struct {
	Say    string      `json:",omitempty"` // a notice in one line, such as which backend it is
	Begin  *Begun      `json:",omitempty"` // a training begins; a run that is loaded does not
	Claims *page.Table `json:",omitempty"`
	// Progress of a sweep: at its beginning, and whenever a run is finished.
	Progress *vgrad.Progress `json:",omitempty"`
	Failed   string          `json:",omitempty"` // why the request was not done; the last message
	Done     bool            `json:",omitempty"` // the last message
}

// Begun is a training that begins.
type Begun struct {
	Experiment vgrad.Experiment
	Run        string // the name of its run in the store
}

// Ask writes the request and calls hear for each message until the work is
// done. It fails with what the program said, with hear's error, and with
// [ErrCut] where the program ended without a word.
func Ask(to io.Writer, from io.Reader, r Request, hear func(Message) error) error {
	if err := json.NewEncoder(to).Encode(r); err != nil {
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	d := json.NewDecoder(from)
	for {
		var m Message
		if err := d.Decode(&m); err != nil {
			return fmt.Errorf("%w: %w", ErrCut, err)
		}
		switch {
		case m.Done:
			return nil
		case m.Failed != "":
			return errors.New(m.Failed)
		}
		if err := hear(m); err != nil {
			return err
		}
	}
}

// ErrCut is the error of a program that ended before it was done.
var ErrCut = errors.New("the vgrad program ended early")

// Voice is the program's side: it sends messages. It is safe for use from
// several goroutines.
type Voice struct {
	mu sync.Mutex
	e  *json.Encoder
}

// NewVoice returns a voice that speaks to w.
func NewVoice(w io.Writer) *Voice { return &Voice{e: json.NewEncoder(w)} }

// Send sends a message.
func (v *Voice) Send(m Message) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.e.Encode(m); err != nil {
		return fmt.Errorf("wire: send: %w", err)
	}
	return nil
}

// Hear reads the request.
func Hear(r io.Reader) (Request, error) {
	var req Request
	if err := json.NewDecoder(r).Decode(&req); err != nil {
		return req, fmt.Errorf("wire: read the request: %w", err)
	}
	return req, nil
}
