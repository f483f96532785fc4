package keep

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"time"
)

// Cell is what a program is told of its cell.
type Cell struct {
	// Number is the cell's execution count, from 1.
	Number int
	// Input says that the cell may read standard input; the reader is then asked for it.
	Input bool
}

// program is this program, as package keep knows it.
type program struct {
	mu      sync.Mutex
	session string // its folder; "": none
	cell    Cell
	vars    []variable // loaded and defined, the latest of a name
	waiting []variable // to be loaded by Ready
	result  *bundle
	begun   time.Time
	spent   time.Duration // on keeping values before the end
	dirty   bool          // a statement ran since they were kept
	last    string        // what kept.json had then
	ended   bool
}

var this program

// Begin is the first call of a cell's program.
func Begin(c Cell) {
	this = program{session: os.Getenv("VGRAD_SESSION"), cell: c, begun: time.Now()}
	if c.Input && this.session != "" {
		askFor(filepath.Join(this.session, "cell", "ask"))
	}
}

// Type makes the concrete type of a value in an interface known, so that the value can be
// loaded. It comes before Load.
func Type[T any]() { registerType(reflect.TypeFor[T]()) }

// Load asks for the value of a variable of an earlier cell. ptr is a *T to the
// variable. The value is there after [Ready].
func Load(name string, ptr any) { this.waiting = append(this.waiting, variable{name, ptr}) }

// Ready loads what [Load] asked for. Variables that share memory share it again. A value
// that cannot be read ends the cell with an error.
func Ready() {
	index, err := readIndex(this.session)
	if err == nil {
		err = load(this.session, index, this.waiting)
	}
	if err != nil {
		panic(&failure{name: "Error", message: err.Error()})
	}
	for _, v := range this.waiting {
		this.put(v)
	}
	this.waiting = nil
	this.dirty = false
}

// load reads the files of the variables, each once.
func load(session string, index index, vars []variable) error {
	var wrong []error
	done := map[string]bool{}
	for _, v := range vars {
		file := index[v.Name]
		if file == "" {
			wrong = append(wrong, errors.New("the value of "+v.Name+" is not there; run the cell that defines it again"))
			continue
		}
		if done[file] {
			continue
		}
		done[file] = true
		data, err := os.ReadFile(filepath.Join(session, "values", file))
		if err == nil {
			err = decodeGroup(data, index.in(file, vars))
		}
		if err != nil {
			wrong = append(wrong, errors.New("the value of "+v.Name+" cannot be read: "+err.Error()+"; run the cell that defines it again"))
		}
	}
	return errors.Join(wrong...)
}

// Statement comes before the n-th statement of the cell that may change variables. What the
// statements before it have changed is kept, as by [Define]: a statement that is
// interrupted, or ends the program, changes nothing of that.
func Statement(n int) {
	this.mu.Lock()
	defer this.mu.Unlock()
	if this.dirty {
		this.keepNow()
	}
	this.dirty = true
}

// Define says that a variable has its value. ptr is a *T to it. From now on the variable is
// kept at the end of the cell, however the cell ends; as far as that takes little time it is
// kept at once, so that it is there if the program is killed.
func Define(name string, ptr any) {
	this.mu.Lock()
	defer this.mu.Unlock()
	this.put(variable{name, ptr})
	this.keepNow()
}

// keepNow keeps all variables before the end of the cell, if there is time for it.
func (p *program) keepNow() {
	if p.session == "" || p.spent > max(patience, time.Since(p.begun)/patienceShare) {
		return
	}
	start := time.Now()
	p.keep() // the end of the cell tells of errors
	p.spent += time.Since(start)
	p.dirty = false
}

// Values may be kept before the end of a cell as long as that takes patience in all, or its
// share of the cell's time.
const (
	patience      = 20 * time.Millisecond
	patienceShare = 20
)

// put adds a variable; a later one of a name replaces an earlier one.
func (p *program) put(v variable) {
	for i := range p.vars {
		if p.vars[i].Name == v.Name {
			p.vars[i] = v
			return
		}
	}
	p.vars = append(p.vars, v)
}

// keep writes the values of all variables, and kept.json.
//
// Goroutines of the cell may go on meanwhile. A map that is read while another goroutine
// writes it ends the program, even where the cell does all that with a lock. Therefore
// only one thread runs Go code then, and the codec looks before it reads a map whether a
// goroutine lost its thread in the midst of writing it.
func (p *program) keep() error {
	if p.session == "" || len(p.vars) == 0 {
		return nil
	}
	if runtime.NumGoroutine() > 1 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	list, err := write(p.session, encodeVariables(p.vars))
	text := jsonOfKept(list)
	if text == p.last {
		return err
	}
	if e := replace(filepath.Join(p.session, "cell", "kept.json"), []byte(text)); e != nil {
		return errors.Join(err, e)
	}
	p.last = text
	return err
}
