// Package wire defines the messages between a notebook cell and the vgrad program.
//
// A cell is compiled and linked every time it runs, and linking the training code takes
// seconds. Therefore a cell does not train. It starts the vgrad program, which is built
// already, and asks it to train. This package depends on neither training nor figures.
//
// The cell writes one [Request] to the program's standard input. It reads [Message] values
// from the program's standard output until one is Done or Failed. Both are JSON. Messages
// carry no samples: the program records them in the run store, and the cell reads them
// there. The cell keeps the input open as long as it wants the work done. When the input
// ends, because the cell was interrupted or died, the program stops, and what was recorded
// is kept.
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
	// Train lists experiments to train; those that are recorded are loaded.
	Train []vgrad.Experiment
	// Sweep asks for Progress messages instead of Begin messages, for many experiments.
	// False: Begin.
	Sweep bool
	// Judge asks for the table of the article's claims with verdicts from these runs.
	// False: no table.
	Judge bool
	// Speed asks how fast each backend trains the experiments in Train. They are not
	// trained to their end, and nothing is recorded. False: they are trained.
	Speed bool
}

// Message is one message from the program. Exactly one field is set.
type Message struct {
	Say    string      `json:",omitempty"` // a notice in one line, such as which backend is used
	Begin  *Begun      `json:",omitempty"` // a training begins; not sent for a run that is loaded
	Claims *page.Table `json:",omitempty"` // the table that Judge asks for
	// Progress of a sweep: sent at its beginning and after each finished run.
	Progress *vgrad.Progress `json:",omitempty"`
	// Timed is how far the measurement of Speed is, in stretches; Total is their number.
	Timed *Stretches `json:",omitempty"`
	// Speeds is the result of Speed.
	Speeds []vgrad.Speed `json:",omitempty"`
	Failed string        `json:",omitempty"` // why the request was not done; the last message
	Done   bool          `json:",omitempty"` // the last message
}

// Begun is a training that begins.
type Begun struct {
	Experiment vgrad.Experiment
	Run        string // the name of its run in the store
	// From is the step at which an interrupted run goes on, and Continued says so. Zero: the
	// run starts at step 0.
	From      int    `json:",omitempty"`
	Continued string `json:",omitempty"`
}

// Stretches counts timed stretches of training.
type Stretches struct{ Done, Total int }

// Ask writes the request and calls hear for each message until the work is done. It
// returns the program's error, hear's error, or [ErrCut] if the program ended without a
// last message.
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

// ErrCut is the error of a program that ended before its last message.
var ErrCut = errors.New("the vgrad program ended early")

// Voice is the program's side: it sends messages. It is safe for use from
// several goroutines.
type Voice struct {
	mu sync.Mutex
	e  *json.Encoder
}

// NewVoice returns a Voice that writes to w.
func NewVoice(w io.Writer) *Voice { return &Voice{e: json.NewEncoder(w)} }

// Send writes a message as one line of JSON.
func (v *Voice) Send(m Message) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.e.Encode(m); err != nil {
		return fmt.Errorf("wire: send: %w", err)
	}
	return nil
}

// Hear reads the request. It is the program's side of [Ask].
func Hear(r io.Reader) (Request, error) {
	var req Request
	if err := json.NewDecoder(r).Decode(&req); err != nil {
		return req, fmt.Errorf("wire: read the request: %w", err)
	}
	return req, nil
}
