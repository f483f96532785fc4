package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// index knows which packages a cell can import, and where their types are.
//
// It is filled once, in the background, in two parts: the standard library's common
// packages take a tenth of a second, and a cell that needs no others need not wait for
// the laboratory's, which may have to be compiled.
type index struct {
	tool goTool
	fset *token.FileSet // of what was imported; positions have file and line

	common, whole chan struct{} // closed when that part is there
	begin         sync.Once
	failed        error // why the whole is not there

	mu       sync.Mutex
	pkgs     map[string]pkg    // by path
	names    map[string]string // paths of those that need no import, by name
	importer types.Importer
	absent   map[string]error // what was asked for in vain
	folder   string           // of the module that is asked for what is not in view; ""

	state      string    // of the sources of the modules in view, when they were listed
	quietUntil time.Time // when they are looked at again
}

func newIndex(o Options) *index {
	x := &index{
		tool: goTool{opts: o}, fset: token.NewFileSet(),
		common: make(chan struct{}), whole: make(chan struct{}),
		pkgs: map[string]pkg{}, names: maps.Clone(standard), absent: map[string]error{},
	}
	x.importer = importer.ForCompiler(x.fset, "gc", x.open)
	return x
}

// warm fills the index. Later calls wait for the first.
func (x *index) warm(ctx context.Context) error {
	x.begin.Do(func() { x.fill(ctx) })
	return x.failed
}

func (x *index) fill(ctx context.Context) {
	defer close(x.whole)
	x.state = x.tool.opts.sourceState()
	if kept := x.readKept(); kept != nil {
		x.add(kept)
		close(x.common)
		return
	}
	std, err := x.tool.list(ctx, "", true, common...)
	if err == nil {
		err = x.tool.writeWork()
	}
	x.add(std)
	close(x.common)
	if err != nil {
		x.failed = err
		return
	}
	x.failed = x.fillWhole(ctx)
}

// fillWhole lists the laboratory's packages, with their types, and the others by name:
// theirs are asked for when a cell names them.
func (x *index) fillWhole(ctx context.Context) error {
	if len(x.tool.opts.Modules) == 0 {
		std, err := x.tool.list(ctx, "", false, "std")
		x.add(std)
		return err
	}
	lab, err := x.tool.list(ctx, "", true, labPatterns...)
	x.add(lab)
	others, err2 := x.tool.list(ctx, "", false, append([]string{"std"}, x.tool.ownPatterns()...)...)
	x.add(others)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	return x.keep()
}

// A look at the sources that takes longer than lookQuick is not repeated for lookShare
// times as long, so that large modules do not make cells slow.
const (
	lookQuick = 5 * time.Millisecond
	lookShare = 20
)

// refresh lists packages anew where the sources of a module in view changed since: the
// reader works on a package beside the notebook. What was imported before is forgotten,
// since types of two times are not the same.
func (x *index) refresh() {
	if !x.ready() {
		return
	}
	begun := time.Now()
	if begun.Before(x.quietUntil) {
		return
	}
	now := x.tool.opts.sourceState()
	if took := time.Since(begun); took > lookQuick {
		x.quietUntil = begun.Add(lookShare * took)
	}
	if now == x.state {
		return
	}
	x.state = now
	x.mu.Lock()
	for path, p := range x.pkgs {
		if x.tool.opts.isOfModule(p.Dir) {
			p.Export = ""
			x.pkgs[path] = p
		}
	}
	x.importer = importer.ForCompiler(x.fset, "gc", x.open)
	clear(x.absent)
	x.mu.Unlock()
	ctx, stop := context.WithTimeout(context.Background(), askLimit)
	defer stop()
	if err := x.fillWhole(ctx); err != nil {
		return // what is broken is told when a cell names it
	}
}

// add adds packages. The types of one that is known stay, so that what was got for one
// cell does not mix versions with what is in view.
func (x *index) add(list []pkg) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, p := range list {
		old, found := x.pkgs[p.Path]
		if _, err := os.Stat(old.Export); found && err == nil {
			p.Export = old.Export
		}
		p.Dep = p.Dep && (!found || old.Dep)
		x.pkgs[p.Path] = p
		delete(x.absent, p.Path)
	}
	x.names = x.chooseNames()
}

// chooseNames says which package a name means that nothing else defines: the
// laboratory's, else the standard library's, else one of the modules in view.
func (x *index) chooseNames() map[string]string {
	names := maps.Clone(standard)
	best, far := map[string]string{}, map[string]string{}
	modules := x.tool.ownPatterns()
	before := func(path, than string) bool { // the modules' own order, then the shorter path, so that it is the same each time
		return than == "" || cmp.Or(cmp.Compare(patternOf(path, modules), patternOf(than, modules)), cmp.Compare(len(path), len(than)), cmp.Compare(path, than)) < 0
	}
	for path, p := range x.pkgs {
		switch {
		case !p.importable() || p.Std || slices.Contains(notForCells, path):
		case p.Lab && !strings.HasPrefix(path, labModule+"/kernelext/keep"):
			names[p.Name] = path
		case !p.Lab && before(path, best[p.Name]):
			best[p.Name] = path
		}
	}
	for path, p := range x.pkgs { // at last what those need in turn, as goimports finds it
		if _, offered := best[p.Name]; !offered && !p.Std && !p.Lab && p.isPublic() && before(path, far[p.Name]) {
			far[p.Name] = path
		}
	}
	for _, list := range []map[string]string{best, far} {
		for name, path := range list {
			if names[name] == "" {
				names[name] = path
			}
		}
	}
	return names
}

// patternOf is the place of the first pattern that a path matches.
func patternOf(path string, patterns []string) int {
	i := slices.IndexFunc(patterns, func(p string) bool { return strings.HasPrefix(path+"/", strings.TrimSuffix(p, "...")) })
	if i < 0 {
		return len(patterns)
	}
	return i
}

// ready reports whether all packages are known.
func (x *index) ready() bool { return isClosed(x.whole) }

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// known lists the packages that can be imported, by path.
func (x *index) known() []pkg {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []pkg
	for _, path := range slices.Sorted(maps.Keys(x.pkgs)) {
		if p := x.pkgs[path]; p.importable() {
			all = append(all, p)
		}
	}
	return all
}

// implicit returns the package that a name means where nothing defines it. For a name
// that is none of the standard library's common packages it waits for the whole index.
func (x *index) implicit(name string) (path string, ok bool) {
	if path := standard[name]; isCommon(path) {
		return path, true
	}
	<-x.whole
	path, ok = x.implicits()[name]
	return path, ok
}

func isCommon(path string) bool { return slices.Contains(common, path) }

// implicits are the packages that need no import, by name.
func (x *index) implicits() map[string]string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.names
}

// nameOf is the name of a package as its clause has it.
func (x *index) nameOf(path string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if p, ok := x.pkgs[path]; ok {
		return p.Name
	}
	return lastWord(path)
}

// lastWord is the name that a path suggests.
func lastWord(path string) string {
	words := strings.Split(path, "/")
	last := words[len(words)-1]
	if len(words) > 1 && len(last) > 1 && last[0] == 'v' && strings.Trim(last[1:], "0123456789") == "" {
		last = words[len(words)-2]
	}
	if i := strings.LastIndex(last, ".v"); i > 0 { // gopkg.in/yaml.v3
		last = last[:i]
	}
	return strings.ReplaceAll(strings.TrimPrefix(last, "go-"), "-", "_")
}

// Import makes the index an importer for package types.
func (x *index) Import(path string) (*types.Package, error) { return x.load(path) }

// load returns the types of a package. It waits for the part of the index that the
// package is in.
func (x *index) load(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if err := x.locate(path); err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	p, err := x.importer.Import(path)
	if err != nil { // the build cache was cleaned
		delete(x.pkgs, path)
		return nil, fmt.Errorf("the types of package %s cannot be read: %w", path, err)
	}
	return p, nil
}

// locate makes sure that the file with the types of a package is known.
func (x *index) locate(path string) error {
	<-x.common
	if x.export(path) != "" {
		return nil
	}
	<-x.whole
	if x.export(path) != "" {
		return nil
	}
	x.mu.Lock()
	err, asked := x.absent[path]
	folder := x.folder
	x.mu.Unlock()
	if asked {
		return err
	}
	return x.ask(folder, path)
}

// export is the file with the types of a package; "" where it is not known or gone.
func (x *index) export(path string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	file := x.pkgs[path].Export
	if file != "" {
		if _, err := os.Stat(file); err != nil {
			return ""
		}
	}
	return file
}

// askLimit is how long the go command may take to compile a package whose types a cell
// needs.
const askLimit = 5 * time.Minute

// ask has the go command make the types of a package: in the modules in view, else in
// the folder where it was got.
func (x *index) ask(folder, path string) error {
	ctx, stop := context.WithTimeout(context.Background(), askLimit)
	defer stop()
	var err error
	for _, dir := range slices.Compact([]string{"", folder}) {
		list, _ := x.tool.list(ctx, dir, true, path) // what is wrong is told below
		x.add(list)
		if x.export(path) != "" {
			return nil
		}
		if err = x.whyAbsent(ctx, dir, path); !errors.Is(err, errNoPackage) {
			break
		}
	}
	if ctx.Err() == nil {
		x.mu.Lock()
		x.absent[path] = err
		x.mu.Unlock()
	}
	return err
}

// whyAbsent says why the go command has no types of a package: there is none, or it does
// not compile.
func (x *index) whyAbsent(ctx context.Context, dir, path string) error {
	_, err := x.tool.run(ctx, dir, "list", "-export", "--", path)
	if err == nil {
		return errNoPackage
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); strings.Contains(line, ".go:") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 || strings.Contains(err.Error(), "no required module provides") || strings.Contains(err.Error(), "missing go.sum entry") || strings.Contains(err.Error(), "is not in std") {
		return errNoPackage
	}
	return errors.New("it does not compile: " + strings.Join(lines[:min(3, len(lines))], "; "))
}

// look names the folder of a module that is asked for packages that are not in view.
func (x *index) look(folder string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.folder = folder
	clear(x.absent)
}

// open opens the export data of a package for the importer; x.mu is held.
func (x *index) open(path string) (io.ReadCloser, error) {
	file := x.pkgs[path].Export
	if file == "" {
		return nil, fmt.Errorf("no export data of %s", path)
	}
	return os.Open(file)
}
