package session

import (
	"go/ast"
	"go/token"
	"strings"
)

// holder stands for the word at the cursor while a cell is parsed. No reader's name
// begins so.
const holder = "ˇcursor"

// attempt is a cell whose text around the cursor may be Go.
type attempt struct {
	code string
	at   int // of what stands for the word
}

// repaired makes Go of the text around a cursor: an unfinished statement is finished,
// brackets are closed, what follows is left out where it does not fit. ok is false where
// all that fails.
func repaired(code string, from, to int, word string) (a attempt, ok bool) {
	before, after := code[:from], code[to:]
	_, rest, _ := strings.Cut(after, "\n")
	var closed []string
	for _, end := range []string{"", "()"} {
		if a = (attempt{before + word + end + after, from}); a.isGo() {
			return a, true
		}
		for _, blocks := range []bool{true, false} {
			text := before + word + end
			text += closing(text, blocks) + "\n"
			closed = append(closed, text)
			for _, tail := range []string{rest, ""} {
				if a = (attempt{text + tail, from}); a.isGo() {
					return a, true
				}
			}
		}
	}
	if a, ok = withoutFaults(attempt{closed[0] + rest, from}); ok {
		return a, true
	}
	return alone(before, word, rest)
}

// isGo reports whether the piece of the cell around the word is Go.
func (a attempt) isGo() bool {
	_, _, wrong := a.piece()
	return !wrong
}

// piece finds the piece around the word and the first thing wrong in it.
func (a attempt) piece() (found piece, fault int, wrong bool) {
	for _, piece := range split(a.code) {
		if piece.from > a.at || a.at >= piece.to {
			continue
		}
		p := &parsed{cell: &cellText{code: a.code}}
		if problems := p.syntax(piece); len(problems) > 0 {
			return piece, problems[0].offset, true
		}
		return piece, 0, false
	}
	return piece{}, 0, true
}

// withoutFaults leaves out the lines that are no Go, but for that of the cursor.
func withoutFaults(a attempt) (attempt, bool) {
	for range 12 {
		found, fault, wrong := a.piece()
		if !wrong {
			return a, true
		}
		if found.to == 0 {
			return a, false
		}
		begin := strings.LastIndexByte(a.code[:min(fault, len(a.code))], '\n') + 1
		end := len(a.code)
		if i := strings.IndexByte(a.code[begin:], '\n'); i >= 0 {
			end = begin + i
		}
		if begin <= a.at && a.at <= end || strings.TrimSpace(a.code[begin:end]) == "" || begin < found.from {
			return a, false
		}
		a.code = a.code[:begin] + strings.Repeat(" ", end-begin) + a.code[end:]
	}
	return a, false
}

// alone puts what the cursor is a member of, or the word, in the place of its statement.
func alone(before, word, rest string) (attempt, bool) {
	operand := operandBefore(before)
	tokens := scan(before)
	begin := 0
	for _, t := range tokens {
		if t.tok == token.SEMICOLON || t.tok == token.LBRACE || t.tok == token.RBRACE {
			begin = t.to
		}
	}
	prefix := before[:min(begin, operand)] + "\n_ = "
	text := prefix + before[operand:] + word
	a := attempt{text + closing(text, true) + "\n" + rest, len(prefix) + len(before) - operand}
	if a.isGo() {
		return a, true
	}
	text = "_ = " + before[operand:] + word
	a = attempt{text, len(text) - len(word)}
	return a, a.isGo()
}

// operandBefore is where an operand begins that ends, with a dot, at the end of a text;
// without a dot it is the end.
func operandBefore(before string) int {
	tokens := scan(before)
	i := len(tokens) - 1
	for i >= 0 && (tokens[i].tok == token.COMMENT || tokens[i].from == tokens[i].to) {
		i--
	}
	if i < 0 || tokens[i].tok != token.PERIOD {
		return len(before)
	}
	begin := tokens[i].from
	for i--; i >= 0; {
		switch t := tokens[i]; {
		case isClosing(t.tok):
			depth := 0
			for ; i >= 0; i-- {
				if isClosing(tokens[i].tok) {
					depth++
				} else if isOpening(tokens[i].tok) {
					if depth--; depth == 0 {
						break
					}
				}
			}
			if i < 0 {
				return begin
			}
			begin = tokens[i].from
			if i--; i < 0 || tokens[i].tok != token.IDENT && tokens[i].tok != token.PERIOD && !isClosing(tokens[i].tok) {
				return begin
			}
			if tokens[i].tok == token.PERIOD { // a type assertion
				i--
			}
		case t.tok == token.IDENT || t.tok == token.STRING:
			begin = t.from
			if i--; i < 0 || tokens[i].tok != token.PERIOD {
				return begin
			}
			i--
		default:
			return begin
		}
	}
	return begin
}

func isClosing(t token.Token) bool {
	return t == token.RPAREN || t == token.RBRACK || t == token.RBRACE
}

func isOpening(t token.Token) bool {
	return t == token.LPAREN || t == token.LBRACK || t == token.LBRACE
}

// level is what is inside one open bracket: the tokens of its last statement, brackets
// that are closed as their last one.
type level struct {
	open   token.Token
	tokens []token.Token
	semis  int // in a header of for
}

// closing closes the brackets that are open at the end of a text. With blocks, it gives
// headers of if, for, switch and func the block that they lack.
func closing(text string, blocks bool) string {
	levels := []*level{{}}
	tokens, _ := scanErrors(text)
	for len(tokens) > 0 && last(tokens).tok == token.SEMICOLON && last(tokens).from == last(tokens).to {
		tokens = tokens[:len(tokens)-1] // the end of the text is not that of the statement
	}
	for _, t := range tokens {
		now := last(levels)
		switch t.tok {
		case token.COMMENT:
		case token.LPAREN, token.LBRACK, token.LBRACE:
			levels = append(levels, &level{open: t.tok})
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(levels) > 1 {
				levels = levels[:len(levels)-1]
				now = last(levels)
				now.tokens = append(now.tokens, t.tok)
			}
		case token.SEMICOLON:
			if t.to > t.from && now.lacksBlock() {
				now.semis++
				now.tokens = append(now.tokens, t.tok)
				continue
			}
			now.tokens, now.semis = nil, 0
		case token.COLON:
			if len(now.tokens) > 0 && (now.tokens[0] == token.CASE || now.tokens[0] == token.DEFAULT) {
				now.tokens = nil
				continue
			}
			now.tokens = append(now.tokens, t.tok)
		default:
			now.tokens = append(now.tokens, t.tok)
		}
	}
	var b strings.Builder
	for i := len(levels) - 1; i >= 0; i-- {
		l := levels[i]
		if blocks {
			b.WriteString(l.finish())
		}
		switch l.open {
		case token.LPAREN:
			b.WriteString(")")
		case token.LBRACK:
			b.WriteString("]")
		case token.LBRACE:
			b.WriteString("}")
		}
		if i > 0 {
			closes := map[token.Token]token.Token{token.LPAREN: token.RPAREN, token.LBRACK: token.RBRACK, token.LBRACE: token.RBRACE}
			levels[i-1].tokens = append(levels[i-1].tokens, closes[l.open])
		}
	}
	return b.String()
}

// lacksBlock reports whether the statement is a header without its block.
func (l *level) lacksBlock() bool {
	if len(l.tokens) == 0 {
		return false
	}
	switch l.tokens[0] {
	case token.IF, token.FOR, token.SWITCH, token.SELECT:
		return last(l.tokens) != token.RBRACE
	}
	return false
}

// finish is what the statement lacks.
func (l *level) finish() string {
	switch {
	case len(l.tokens) == 0:
		return ""
	case l.lacksBlock() && l.tokens[0] == token.FOR && l.semis == 1:
		return "; {}"
	case l.lacksBlock():
		return " {}"
	case l.tokens[0] == token.CASE:
		return ":"
	case l.endsInFunction():
		return " {}"
	}
	return ""
}

// endsInFunction reports whether the last bracket is that of a function's parameters or
// results, and no body follows.
func (l *level) endsInFunction() bool {
	for i := len(l.tokens) - 1; i >= 0; i-- {
		switch l.tokens[i] {
		case token.FUNC:
			return i < len(l.tokens)-1
		case token.RPAREN, token.RBRACK, token.IDENT, token.MUL, token.PERIOD:
		default:
			return false
		}
	}
	return false
}

// pathAt lists the nodes from a root to the name or the string at a position.
func pathAt(root ast.Node, pos token.Pos) []ast.Node {
	path := pathTo(root, pos)
	for len(path) > 0 {
		switch last(path).(type) {
		case *ast.Ident, *ast.BasicLit:
			return path
		}
		path = path[:len(path)-1]
	}
	return nil
}
