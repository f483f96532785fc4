package serve

import "context"

// Session knows what a notebook has defined, and makes programs of cells.
type Session interface {
	// Translate makes a program of a cell. An error that is a *[CellError] is the cell's.
	Translate(number int, code string) (Program, error)
	// Finish is called after the program has run, whatever its end, and Refused in its
	// place where GoNB could not compile it.
	Finish(Program)
	Refused(Program)
	// NotFound is the error of a program whose missing packages cannot be fetched.
	NotFound(Program) error
	// Without names packages that cannot be fetched: a cell that imports one and does not
	// name it can do without.
	Without(packages []string)
	// Look names a folder whose module brings more packages.
	Look(dir string)
	// Status is complete, incomplete (with what the next line begins with), invalid or unknown.
	Status(code string) (status, indent string)
	// Complete completes at a position in unicode characters.
	Complete(ctx context.Context, code string, cursor int) Completion
	// Inspect explains what is at a position.
	Inspect(ctx context.Context, code string, cursor, detail int) (found bool, data map[string]string)
	Who() []Variable
	Reset()
}

// Program is what a session makes of a cell.
type Program struct {
	Source   string   // what GoNB is given
	Declared []string // names in it that GoNB is to forget when it has run
	Forget   []string // names that GoNB is to forget before
	Lines    int      // lines that Source has before the reader's
	Missing  []string // packages to fetch first; Source is then empty
	Plain    bool     // false: a cell of GoNB's
	Of       any      // the session's own
}

// Completion is the reply to a request for one. Positions count unicode characters.
type Completion struct {
	Matches    []string
	Start, End int
	Metadata   map[string]any
}

// Variable is a row of %who.
type Variable struct {
	Name, Kind, Type string
	Size             int64 // bytes
	Cell             int
	Note             string // why its value is not kept
	Text             string // the value in a short line; "" for functions and types
}

// passing is a session without plain cells: GoNB gets each cell as it is.
type passing struct{}

func (passing) Translate(_ int, code string) (Program, error) { return Program{Source: code}, nil }
func (passing) Finish(Program)                                {}
func (passing) Refused(Program)                               {}
func (passing) NotFound(Program) error                        { return nil }
func (passing) Without([]string)                              {}
func (passing) Look(string)                                   {}
func (passing) Status(string) (status, indent string)         { return "unknown", "" }
func (passing) Complete(_ context.Context, _ string, at int) Completion {
	return Completion{Start: at, End: at}
}
func (passing) Inspect(context.Context, string, int, int) (bool, map[string]string) {
	return false, nil
}
func (passing) Who() []Variable { return nil }
func (passing) Reset()          {}
