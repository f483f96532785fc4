package session

import (
	"context"
	"errors"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// patience is how long an answer to a front end may take; what is known by then is told.
const patience = 700 * time.Millisecond

// coldPatience is how long it waits for the packages to be known.
const coldPatience = 350 * time.Millisecond

// scene is a repaired cell, type-checked, with the way to what stands for the word at the
// cursor.
type scene struct {
	*build
	s    *Session   // with the packages that could be looked at
	path []ast.Node // from the file to the word; nil where the text around it is no Go
	pos  token.Pos
}

// withScene type-checks a cell and calls f while nothing in the session changes. It does
// not wait for a go command: it reports false where the packages or the session are not
// to be had in time.
func (s *Session) withScene(ctx context.Context, a attempt, f func(*scene)) bool {
	s.waitCold(ctx)
	for {
		missing, done := s.tryScene(ctx, a, f)
		if done {
			return true
		}
		if len(missing) == 0 {
			return false
		}
		if !s.index.fetch(ctx, missing) {
			return false
		}
	}
}

// waitCold waits a little for the packages to be known.
func (s *Session) waitCold(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, coldPatience)
	defer stop()
	select {
	case <-s.index.whole:
	case <-ctx.Done():
	}
}

// tryScene calls f unless packages have to be asked for first, or the session is busy.
func (s *Session) tryScene(ctx context.Context, a attempt, f func(*scene)) (missing []string, done bool) {
	if !s.lock(ctx) {
		return nil, false
	}
	defer s.mu.Unlock()
	seen := s
	if !s.index.ready() {
		if !isClosed(s.index.common) {
			return nil, false
		}
		seen = &Session{options: s.options, index: s.index.commonOnly(), defs: s.defs, gonb: s.gonb}
	}
	c := &cellText{code: a.code}
	b := seen.newBuild(parseCell(c))
	b.all = true
	b.close()
	b.name()
	b.compose()
	for _, path := range b.paths() {
		if !seen.index.atHand(path) {
			missing = append(missing, path)
		}
	}
	if len(missing) > 0 && seen == s {
		return missing, false
	}
	seen.index.giveUp(missing)
	b.check()
	if b.file == nil || b.pkg == nil {
		return nil, false
	}
	sc := &scene{build: b, s: seen}
	if at := b.text.place(c, a.at); at >= 0 && b.file.FileStart.IsValid() {
		sc.pos = b.file.FileStart + token.Pos(at)
		sc.path = pathAt(b.file, sc.pos)
	}
	f(sc)
	return nil, true
}

// lock takes the session; false where that takes too long, as a cell is being translated
// that needs packages compiled.
func (s *Session) lock(ctx context.Context) bool {
	for !s.mu.TryLock() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(2 * time.Millisecond):
		}
	}
	if ctx.Err() != nil {
		s.mu.Unlock()
		return false
	}
	return true
}

// paths lists the packages that the composed text imports.
func (b *build) paths() []string {
	all := map[string]bool{}
	for key := range b.aliases {
		all[key.path] = true
	}
	for _, i := range b.p.imports {
		all[i.path] = true
	}
	for _, d := range b.dots {
		all[d.path] = true
	}
	var paths []string
	for path := range all {
		paths = append(paths, path)
	}
	return paths
}

// atHand reports whether a package can be loaded, or found missing, without the go command.
func (x *index) atHand(path string) bool {
	x.mu.Lock()
	_, absent := x.absent[path]
	x.mu.Unlock()
	return absent || path == "unsafe" || x.export(path) != ""
}

// giveUp notes packages that are not asked for.
func (x *index) giveUp(paths []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, path := range paths {
		x.absent[path] = errNoPackage
	}
}

// commonOnly is an index of the packages that are known while the others are still looked
// for.
func (x *index) commonOnly() *index {
	x.mu.Lock()
	defer x.mu.Unlock()
	small := &index{
		tool: x.tool, fset: x.fset, common: x.common, whole: x.common,
		pkgs: maps.Clone(x.pkgs), names: map[string]string{}, absent: map[string]error{},
	}
	for name, path := range x.names {
		if small.pkgs[path].Export != "" {
			small.names[name] = path
		}
	}
	small.importer = importer.ForCompiler(small.fset, "gc", small.open)
	return small
}

// asked are the packages that the go command is asked for on behalf of front ends: a
// second press of Tab does not ask again.
var asked sync.Map // of *index and path to a channel that is closed when the answer is there

type askedFor struct {
	index *index
	path  string
}

// fetch has packages compiled, and reports whether that was done in time. It goes on when
// it was not.
func (x *index) fetch(ctx context.Context, paths []string) bool {
	var answers []chan struct{}
	for _, path := range paths {
		key := askedFor{x, path}
		mine := make(chan struct{})
		answer, running := asked.LoadOrStore(key, mine)
		answers = append(answers, answer.(chan struct{}))
		if running {
			continue
		}
		go func() {
			defer close(mine)
			defer asked.Delete(key)
			if err := x.locate(path); err != nil && !errors.Is(err, errNoPackage) {
				x.giveUp([]string{path})
			}
		}()
	}
	for _, answer := range answers {
		select {
		case <-answer:
		case <-ctx.Done():
			return false
		}
	}
	for _, path := range paths {
		if !x.atHand(path) {
			return false
		}
	}
	return true
}

// node is the n-th node above the word; 0 is the word itself.
func (sc *scene) node(n int) ast.Node {
	if i := len(sc.path) - 1 - n; i >= 0 {
		return sc.path[i]
	}
	return nil
}

// qualifier calls packages as readers do.
func (sc *scene) qualifier(p *types.Package) string {
	if p == sc.pkg {
		return ""
	}
	return p.Name()
}

// readerName is what the reader calls a name of the checked text; "" where it is none of
// the reader's.
func (sc *scene) readerName(name string) string {
	if original, ok := sc.renamed[name]; ok {
		return original
	}
	if strings.HasPrefix(name, "ˇ") {
		return ""
	}
	return name
}

// sourceOf is the file and line where an object of another package is declared.
func (x *index) sourceOf(o types.Object) (file string, line int) {
	at := x.fset.Position(o.Pos())
	if !at.IsValid() || o.Pkg() == nil {
		return "", 0
	}
	x.mu.Lock()
	dir := x.pkgs[o.Pkg().Path()].Dir
	x.mu.Unlock()
	if dir == "" {
		return at.Filename, at.Line
	}
	return filepath.Join(dir, filepath.Base(filepath.ToSlash(at.Filename))), at.Line
}
