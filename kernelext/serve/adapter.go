package serve

import (
	"context"
	"errors"

	"github.com/vgrad/lab/kernelext/session"
)

// Notebook returns the session of plain cells, which gets to know packages by itself.
func Notebook(o session.Options) Session {
	s := session.New(o)
	go s.Warm(context.Background()) // what fails is said where it matters: a package is missing
	return notebookSession{s}
}

// notebookSession is package session's as a kernel sees it.
type notebookSession struct{ *session.Session }

func (n notebookSession) Translate(number int, code string) (Program, error) {
	p, err := n.Session.Translate(number, code)
	if err != nil {
		return Program{}, fromSession(err)
	}
	return Program{Source: p.Source, Declared: p.Declared, Forget: p.Forget, Lines: p.Lines, Missing: p.Missing, Plain: p.Plain, Of: p}, nil
}

func fromSession(err error) error {
	var e *session.CellError
	if errors.As(err, &e) {
		return &CellError{e.Name, e.Message, e.Traceback}
	}
	return err
}

func (n notebookSession) Finish(p Program)  { n.Session.Finish(p.Of.(*session.Program)) }
func (n notebookSession) Refused(p Program) { n.Session.Refused(p.Of.(*session.Program)) }

func (n notebookSession) NotFound(p Program) error {
	return fromSession(n.Session.NotFound(p.Of.(*session.Program)))
}

func (n notebookSession) Complete(ctx context.Context, code string, cursor int) Completion {
	return Completion(n.Session.Complete(ctx, code, cursor))
}

func (n notebookSession) Who() (rows []Variable) {
	for _, v := range n.Session.Who() {
		rows = append(rows, Variable(v))
	}
	return rows
}
