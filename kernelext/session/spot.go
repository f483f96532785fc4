package session

import (
	"go/token"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// spot is where a cursor stands in a cell, as its tokens tell.
type spot struct {
	code     string // commands are blank, so that offsets are the reader's
	at       int    // the cursor
	kind     spotKind
	from, to int     // of the word at the cursor; of a string, what is between its quotes
	token    scanned // the string that the cursor is in
	open     bool    // the string has no end
	tokens   []scanned
}

type spotKind int

const (
	codeSpot    spotKind = iota
	textSpot             // in a string
	pathSpot             // in the string of an import
	commandSpot          // in a line that begins with % or !
	deafSpot             // in a comment, a number, or another language: nothing completes there
)

func newSpot(code string, at int) *spot {
	p := &spot{at: at}
	p.code, p.kind = blankCommands(code, at)
	if p.kind != codeSpot {
		return p
	}
	tokens, errs := scanErrors(p.code)
	p.tokens = tokens
	i := slices.IndexFunc(tokens, func(t scanned) bool { return t.from < at && (at < t.to || at == t.to && reachesPast(t, errs)) })
	if i >= 0 {
		p.inToken(tokens[i], errs)
	}
	if p.kind == codeSpot {
		p.from, p.to = wordAt(p.code, at)
		if first, _ := utf8.DecodeRuneInString(p.code[p.from:]); p.from < p.to && unicode.IsDigit(first) {
			p.kind = deafSpot
		}
	}
	return p
}

// blankCommands makes command lines blank. A cell of another language has no Go.
func blankCommands(code string, at int) (string, spotKind) {
	lines := strings.Split(code, "\n")
	inText := insideLiterals(code)
	begin, isContinued := 0, false
	kind := codeSpot
	if isOtherLanguage(lines[0]) && at > len(lines[0]) {
		return code, deafSpot
	}
	for i, line := range lines {
		_, is := commandWord(line)
		is = is || line == "%" || line == "!"
		if (is || isContinued) && !inText[i] {
			if at >= begin && at <= begin+len(line) && !strings.HasPrefix(line, "//") {
				kind = commandSpot
			}
			isContinued = strings.HasSuffix(line, `\`)
			lines[i] = strings.Repeat(" ", len(line))
		}
		begin += len(line) + 1
	}
	if kind == commandSpot {
		return code, kind
	}
	return strings.Join(lines, "\n"), kind
}

// reachesPast reports whether a cursor at the end of a token is still in it.
func reachesPast(t scanned, errs []scanError) bool {
	switch t.tok {
	case token.COMMENT:
		return strings.HasPrefix(t.lit, "//") || isUnterminated(t, errs)
	case token.STRING, token.CHAR:
		return isUnterminated(t, errs)
	case token.INT, token.FLOAT, token.IMAG:
		return true
	}
	return false
}

func isUnterminated(t scanned, errs []scanError) bool {
	return slices.ContainsFunc(errs, func(e scanError) bool {
		return e.offset == t.from && strings.Contains(e.message, "not terminated")
	})
}

// inToken notes a token around the cursor that is no name.
func (p *spot) inToken(t scanned, errs []scanError) {
	switch t.tok {
	case token.COMMENT, token.CHAR, token.INT, token.FLOAT, token.IMAG:
		p.kind = deafSpot
	case token.STRING:
		p.kind, p.token, p.open = textSpot, t, isUnterminated(t, errs)
		p.from, p.to = t.from+1, t.to-1
		if p.open {
			p.to = p.at
		}
		for _, piece := range split(p.code) {
			if piece.kind == importPiece && piece.from <= t.from && t.to <= piece.to {
				p.kind = pathSpot
			}
		}
	}
}

// wordAt is the name around an offset, which may be empty.
func wordAt(code string, at int) (from, to int) {
	isPart := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	from = strings.LastIndexFunc(code[:at], func(r rune) bool { return !isPart(r) })
	if from < 0 {
		from = 0
	} else {
		_, size := utf8.DecodeRuneInString(code[from:])
		from += size
	}
	to = len(code)
	if i := strings.IndexFunc(code[at:], func(r rune) bool { return !isPart(r) }); i >= 0 {
		to = at + i
	}
	return from, to
}

// typed is what of the word stands before the cursor.
func (p *spot) typed() string { return p.code[p.from:p.at] }

// before lists the tokens before the word or the string at the cursor, without comments.
func (p *spot) before() (list []scanned) {
	end := p.from
	if p.kind == textSpot || p.kind == pathSpot {
		end = p.token.from
	}
	for _, t := range p.tokens {
		if t.to <= end && t.from < end && t.tok != token.COMMENT {
			list = append(list, t)
		}
	}
	return list
}

// isAfterDot reports whether the word is a member of something.
func (p *spot) isAfterDot() bool { return last(p.before()).tok == token.PERIOD }

// byteOffset is the place of a character; out of range is the nearest end.
func byteOffset(code string, character int) int {
	for at := range code {
		if character <= 0 {
			return at
		}
		character--
	}
	return len(code)
}

func characters(code string, at int) int { return utf8.RuneCountInString(code[:at]) }
