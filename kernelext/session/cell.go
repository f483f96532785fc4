package session

import (
	"go/parser"
	"go/scanner"
	"go/token"
	"strings"
)

// cellText is the text of a cell, to which all positions lead back.
type cellText struct {
	scanned []scanned
	number  int
	code    string
}

// position returns line and column of an offset, both from 1; the column counts bytes.
func (c *cellText) position(offset int) (line, column int) {
	before := c.code[:min(offset, len(c.code))]
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

// line returns the text of a line, counted from 1.
func (c *cellText) line(n int) string {
	lines := strings.Split(c.code, "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimSuffix(lines[n-1], "\r")
}

// wholeCell are GoNB's commands that say what to do with the whole cell: it is GoNB's.
var wholeCell = map[string]bool{
	"%": true, "main": true, "args": true, "test": true, "exec": true, "wasm": true, "capture": true,
	"with_inputs": true, "with_password": true,
}

// isWholeCell reports whether a line makes the cell one of GoNB's.
func isWholeCell(line string) bool {
	word, isCommand := commandWord(line)
	return isCommand && (wholeCell[word] || strings.HasPrefix(word, "%"))
}

// commandWord is the name of a command: "%env A b" has env, "%%" has %.
func commandWord(line string) (word string, isCommand bool) {
	line, _ = strings.CutPrefix(line, "//gonb:")
	if len(line) < 2 || line[0] != '%' && line[0] != '!' {
		return "", false
	}
	if line[0] == '!' {
		return "!", true
	}
	if words := strings.Fields(line[1:]); len(words) > 0 {
		return words[0], true
	}
	return "", false
}

// Split takes the command lines, those that begin with ! or %, out of a cell that has
// plain Go beside them. In rest they are empty, so that line numbers stay. Of a cell that
// GoNB runs as a whole (%%, %args, %test …) rest is all, and of one that has nothing but
// commands, commands is.
func Split(code string) (commands, rest string) {
	lines := strings.Split(code, "\n")
	inText := insideLiterals(code)
	var taken []string
	for i := 0; i < len(lines); i++ {
		if isWholeCell(lines[i]) && !inText[i] {
			return "", code
		}
		if _, is := commandWord(lines[i]); !is || inText[i] {
			continue
		}
		for more := true; more && i < len(lines); i++ {
			taken = append(taken, lines[i])
			more = strings.HasSuffix(lines[i], `\`)
			lines[i] = ""
		}
		i--
	}
	rest = strings.Join(lines, "\n")
	if strings.TrimSpace(rest) == "" {
		rest = ""
	}
	return strings.Join(taken, "\n"), rest
}

// insideLiterals tells for each line whether it begins inside a raw string or a comment.
func insideLiterals(code string) []bool {
	inside := make([]bool, strings.Count(code, "\n")+1)
	line := 0
	for _, t := range scan(code) {
		if t.tok != token.STRING && t.tok != token.COMMENT {
			continue
		}
		line = strings.Count(code[:t.from], "\n")
		for range strings.Count(code[t.from:t.to], "\n") {
			line++
			inside[line] = true
		}
	}
	return inside
}

// scanned is a token of a cell with its place.
type scanned struct {
	from, to int
	tok      token.Token
	lit      string
}

// scan returns the tokens of a text, comments too. What is no Go is token.ILLEGAL.
func scan(code string) []scanned {
	all, _ := scanErrors(code)
	return all
}

func scanErrors(code string) (all []scanned, errs []scanError) {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), func(at token.Position, message string) {
		errs = append(errs, scanError{at.Offset, message})
	}, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return all, errs
		}
		from := file.Offset(pos)
		to := from + len(lit)
		switch {
		case tok == token.SEMICOLON && lit != ";":
			to = from // set by the end of a line
		case lit == "":
			to = from + len(tok.String())
		case tok == token.COMMENT || tok == token.STRING:
			to = end(code, from, lit)
		}
		all = append(all, scanned{from, min(to, len(code)), tok, lit})
	}
}

type scanError struct {
	offset  int
	message string
}

// end is where a comment or string ends: carriage returns are not in its text.
func end(code string, from int, lit string) int {
	at := from
	for i := 0; i < len(lit) && at < len(code); at++ {
		if code[at] == lit[i] {
			i++
		} else if code[at] != '\r' {
			break
		}
	}
	return at
}

// pieceKind is what a top-level piece of a cell is.
type pieceKind int

const (
	importPiece    pieceKind = iota
	declPiece                // func, type, const
	varPiece                 // var
	definePiece              // names := values
	statementPiece           // all else
	resultPiece              // the last expression
	valuePiece               // an expression that is not shown
)

// piece is one top-level import, declaration or statement.
type piece struct {
	kind     pieceKind
	from, to int
	silent   bool // a semicolon follows
}

// split cuts a cell into its pieces: at the semicolons, written or not, that are in no
// brackets.
func split(code string) []piece {
	var all []piece
	var tokens []scanned
	depth := 0
	targets := gotoTargets(code)
	finish := func(silent bool) {
		for defines(withoutLabel(tokens)) && !targets[code[tokens[0].from:tokens[0].to]] {
			tokens = withoutLabel(tokens) // with it the variable would be local
		}
		if len(tokens) > 0 && tokens[0].tok != token.PACKAGE { // of a program that was pasted
			p := piece{kind: kindOf(tokens), from: tokens[0].from, to: tokens[len(tokens)-1].to, silent: silent}
			all = append(all, p)
		}
		tokens = nil
	}
	for _, t := range scan(code) {
		switch t.tok {
		case token.COMMENT:
			continue
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth = max(0, depth-1)
		case token.SEMICOLON:
			if depth == 0 && !(t.to > t.from && inHeader(code, tokens)) {
				if len(tokens) == 0 && len(all) > 0 && t.to > t.from {
					all[len(all)-1].silent = true // on a line of its own
				}
				finish(t.to > t.from)
				continue
			}
		}
		tokens = append(tokens, t)
	}
	finish(false)
	return all
}

// withoutLabel returns what follows the label that tokens begin with; nil if there is none.
func withoutLabel(tokens []scanned) []scanned {
	if len(tokens) > 2 && tokens[0].tok == token.IDENT && tokens[1].tok == token.COLON {
		return tokens[2:]
	}
	return nil
}

// defines reports whether tokens are a definition of variables, behind labels or not.
func defines(tokens []scanned) bool {
	for rest := withoutLabel(tokens); rest != nil; rest = withoutLabel(tokens) {
		tokens = rest
	}
	for i, t := range tokens {
		switch {
		case i == 0 && t.tok == token.VAR, i%2 == 1 && t.tok == token.DEFINE:
			return true
		case i%2 == 0 && t.tok != token.IDENT, i%2 == 1 && t.tok != token.COMMA:
			return false
		}
	}
	return false
}

// gotoTargets lists the labels to which the cell jumps by goto.
func gotoTargets(code string) map[string]bool {
	names := map[string]bool{}
	tokens := scan(code)
	for i, t := range tokens {
		if t.tok == token.GOTO && i+1 < len(tokens) {
			names[code[tokens[i+1].from:tokens[i+1].to]] = true
		}
	}
	return names
}

// inHeader reports whether a semicolon behind these tokens is one of those between the
// parts of for, if and switch: what stands before it is no statement yet.
func inHeader(code string, tokens []scanned) bool {
	for rest := withoutLabel(tokens); rest != nil; rest = withoutLabel(tokens) {
		tokens = rest
	}
	if len(tokens) == 0 {
		return false
	}
	switch tokens[0].tok {
	case token.FOR, token.IF, token.SWITCH:
		_, err := parser.ParseFile(token.NewFileSet(), "", "package p; func _() { "+code[tokens[0].from:last(tokens).to]+"\n}", parser.SkipObjectResolution)
		return err != nil
	}
	return false
}

// kindOf tells a piece by its first tokens; which statements define or have a value is
// told from their syntax later.
func kindOf(tokens []scanned) pieceKind {
	switch tokens[0].tok {
	case token.IMPORT:
		return importPiece
	case token.TYPE, token.CONST:
		return declPiece
	case token.VAR:
		return varPiece
	case token.FUNC:
		if isFuncDecl(tokens) {
			return declPiece
		}
	}
	return statementPiece
}

// isFuncDecl tells func name(…) and func (r T) name(…) from a function literal.
func isFuncDecl(tokens []scanned) bool {
	if len(tokens) > 1 && tokens[1].tok == token.IDENT {
		return true
	}
	depth := 0
	for i, t := range tokens[1:] {
		switch t.tok {
		case token.LPAREN:
			depth++
		case token.RPAREN:
			if depth--; depth == 0 {
				return i+3 < len(tokens) && tokens[i+2].tok == token.IDENT && tokens[i+3].tok == token.LPAREN
			}
		}
	}
	return false
}
