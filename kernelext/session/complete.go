package session

import (
	"context"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Completion is what may take the place of a part of a cell. Positions count unicode
// characters.
type Completion struct {
	// Matches are the texts, the most likely first.
	Matches []string
	// Start and End bound what a match replaces.
	Start, End int
	// Metadata has under "_jupyter_types_experimental" an entry for each match, with its
	// start, end, text, type ("function", "field", "module", …) and signature.
	Metadata map[string]any
}

// Complete completes the word at a position, which counts unicode characters: names,
// members, fields of literals, import paths, GoNB's commands, and in strings what the
// laboratory knows. It answers within a second: where packages are still looked for, or a
// cell is being translated, with what is known without them.
func (s *Session) Complete(ctx context.Context, code string, cursor int) (c Completion) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	at := byteOffset(code, cursor)
	answer := proposal{from: at, to: at, at: at}
	defer func() {
		if fault := recover(); fault != nil {
			answer = proposal{from: at, to: at, at: at} // nothing is better than no kernel
		}
		c = answer.completion(code)
	}()
	answer = s.propose(ctx, newSpot(code, at), code)
	return c
}

// proposal is a list of candidates for a part of a cell.
type proposal struct {
	list         []candidate
	from, to, at int // at: the cursor; what stands before it is what is looked for
}

func (p proposal) completion(code string) Completion {
	c := Completion{Matches: []string{}, Start: characters(code, p.from), End: characters(code, p.to)}
	kinds := []map[string]any{}
	for _, m := range matching(p.list, code[p.from:p.at]) {
		c.Matches = append(c.Matches, m.text)
		kinds = append(kinds, map[string]any{"start": c.Start, "end": c.End, "text": m.text, "type": m.kind, "signature": m.signature})
	}
	c.Metadata = map[string]any{"_jupyter_types_experimental": kinds}
	return c
}

// propose finds the candidates for what the cursor is in.
func (s *Session) propose(ctx context.Context, p *spot, code string) proposal {
	switch p.kind {
	case commandSpot:
		list, from, to := magicCandidates(code, p.at)
		return proposal{list, from, to, p.at}
	case pathSpot:
		return proposal{s.importPaths(ctx), p.from, p.to, p.at}
	case textSpot:
		return s.proposeWords(ctx, p)
	case codeSpot:
		return proposal{s.proposeNames(ctx, p), p.from, p.to, p.at}
	}
	return proposal{from: p.at, to: p.at, at: p.at}
}

// importPaths lists the packages that can be imported.
func (s *Session) importPaths(ctx context.Context) (list []candidate) {
	s.waitCold(ctx)
	seen := map[string]bool{}
	for _, k := range s.index.known() {
		seen[k.Path] = true
		c := candidate{text: k.Path, kind: "module", signature: k.Name, scope: packageScope(k.Path)}
		if strings.HasPrefix(k.Path, "cmd/") {
			c.misfit = noFit
		}
		list = append(list, c)
	}
	for _, path := range standard {
		if !seen[path] {
			list = append(list, candidate{text: path, kind: "module", signature: lastWord(path), scope: restScope})
		}
	}
	return alphabetical(list)
}

// proposeNames lists what may stand at the cursor in Go.
func (s *Session) proposeNames(ctx context.Context, p *spot) (list []candidate) {
	switch last(p.before()).tok {
	case token.VAR, token.TYPE, token.CONST, token.FUNC, token.PACKAGE:
		return nil // a new name
	}
	a, ok := repaired(p.code, p.from, p.to, holder)
	if !ok {
		if p.isAfterDot() {
			return nil
		}
		a = attempt{p.code[:p.from] + p.code[p.to:], p.from}
	}
	if !s.withScene(ctx, a, func(sc *scene) { list = sc.candidates(p) }) {
		return s.coldNames(p)
	}
	return list
}

// candidates lists what may stand in the place of the word.
func (sc *scene) candidates(p *spot) (list []candidate) {
	if sel, ok := sc.node(1).(*ast.SelectorExpr); ok && sel.Sel == sc.node(0) {
		return sc.memberCandidates(sel)
	}
	if p.isAfterDot() {
		return nil
	}
	keys, isKey := sc.keyCandidates()
	if isKey && len(matching(keys, p.typed())) > 0 {
		return keys
	}
	if sc.node(0) != nil {
		if r := sc.roleAt(0); r.kind == valueRole {
			list = r.quotedValues()
		}
	}
	return append(list, sc.nameCandidates()...)
}

// proposeWords lists what the laboratory knows for a string.
func (s *Session) proposeWords(ctx context.Context, p *spot) proposal {
	var r role
	a, ok := s.textAttempt(p)
	if !ok || !s.withScene(ctx, a, func(sc *scene) { r = sc.roleOfText() }) {
		r = guessedRole(p.before())
	}
	typed := p.typed()
	words := r.wordsAt(typed)
	answer := proposal{from: p.from + words.from, to: p.at, at: p.at}
	for i, w := range words.words {
		answer.list = append(answer.list, candidate{text: w.text, kind: w.kind, signature: w.about, depth: i})
	}
	if !p.open {
		answer.to += wordEnd(p.code[p.at:p.to])
	}
	return answer
}

// textAttempt makes Go of the text around the string at the cursor.
func (s *Session) textAttempt(p *spot) (attempt, bool) {
	end := p.token.to
	if p.open {
		end = p.at
	}
	return repaired(p.code, p.token.from, end, `"`+holder+`"`)
}

// wordEnd is how many bytes belong to the word that a text begins with; a field's = too.
func wordEnd(text string) int {
	n := strings.IndexFunc(text, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	switch {
	case n < 0:
		return len(text)
	case text[n] == '=' && n > 0:
		return n + 1
	}
	return n
}

// coldNames is what can be told of names while nothing is known but the language.
func (s *Session) coldNames(p *spot) (list []candidate) {
	if p.isAfterDot() {
		return nil
	}
	seen := map[string]bool{}
	add := func(c candidate) {
		if !seen[c.text] {
			seen[c.text] = true
			list = append(list, c)
		}
	}
	for _, t := range p.tokens {
		if t.lit != "" && t.tok.IsLiteral() && isName(t.lit) && t.from != p.from {
			add(candidate{text: t.lit, kind: "variable"})
		}
	}
	for _, name := range s.labNames() {
		add(candidate{text: name, kind: "module", scope: labScope})
	}
	names := s.index.implicits()
	for name, path := range names {
		add(candidate{text: name, kind: "module", signature: path, scope: packageScope(path)})
	}
	for _, name := range types.Universe.Names() {
		add(objectCandidateOfUniverse(name))
	}
	for _, w := range statementWords(nil) {
		add(candidate{text: w, kind: "keyword", scope: restScope})
	}
	return alphabetical(list)
}

func objectCandidateOfUniverse(name string) candidate {
	c := objectCandidate(types.Universe.Lookup(name), name, nil)
	c.scope = restScope
	return c
}

func isName(text string) bool { from, to := wordAt(text, 0); return from == 0 && to == len(text) }

// labNames lists the packages of the laboratory by their folders.
func (s *Session) labNames() (names []string) {
	for _, dir := range s.options.Modules {
		m, err := readModule(dir)
		if err != nil || m.Module == nil || m.Module.Mod.Path != labModule {
			continue
		}
		names = append(names, "vgrad", "cell")
		entries, _ := os.ReadDir(filepath.Join(dir, "vgrad"))
		for _, e := range entries {
			if e.IsDir() && !strings.ContainsAny(e.Name(), "._") && !slices.Contains(notForCells, labModule+"/vgrad/"+e.Name()) && e.Name() != "testdata" && e.Name() != "internal" {
				names = append(names, e.Name())
			}
		}
	}
	return names
}
