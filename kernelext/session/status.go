package session

import (
	"go/token"
	"strings"
)

// Status tells a front end whether a cell can be run as it stands: "complete", "incomplete"
// with the indent of the next line, or "invalid".
func (s *Session) Status(code string) (status, indent string) {
	if _, rest := Split(code); rest == "" || isForGoNB(rest) {
		return "complete", ""
	} else {
		code = rest
	}
	tokens, errs := scanErrors(code)
	for _, e := range errs {
		switch {
		case strings.Contains(e.message, "raw string literal not terminated"), strings.Contains(e.message, "comment not terminated"):
			return "incomplete", ""
		default:
			return "invalid", ""
		}
	}
	open, ok := openBrackets(tokens)
	switch {
	case !ok:
		return "invalid", ""
	case len(open) > 0:
		return "incomplete", strings.Repeat("\t", lines(code, open))
	case goesOn(tokens):
		return "incomplete", "\t"
	}
	if len(parseCell(&cellText{code: code}).wrong) > 0 {
		return "invalid", ""
	}
	return "complete", ""
}

// openBrackets returns the tokens of the brackets that are open at the end; ok is false
// where one is closed that was not opened.
func openBrackets(tokens []scanned) (open []scanned, ok bool) {
	closes := map[token.Token]token.Token{token.RPAREN: token.LPAREN, token.RBRACK: token.LBRACK, token.RBRACE: token.LBRACE}
	for _, t := range tokens {
		switch t.tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			open = append(open, t)
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(open) == 0 || last(open).tok != closes[t.tok] {
				return nil, false
			}
			open = open[:len(open)-1]
		}
	}
	return open, true
}

// lines counts the lines on which brackets are open: gofmt indents by one for each.
func lines(code string, open []scanned) int {
	n, before := 0, -1
	for _, t := range open {
		if line := strings.Count(code[:t.from], "\n"); line != before {
			n, before = n+1, line
		}
	}
	return n
}

// goesOn reports whether the last token asks for more: an operator, a comma, a dot, a
// keyword such as func.
func goesOn(tokens []scanned) bool {
	for i := len(tokens) - 1; i >= 0; i-- {
		switch t := tokens[i].tok; {
		case t == token.COMMENT:
			continue
		case t == token.SEMICOLON, t == token.INC, t == token.DEC, t.IsLiteral(), t == token.RPAREN, t == token.RBRACK, t == token.RBRACE:
			return false
		case t == token.BREAK, t == token.CONTINUE, t == token.RETURN, t == token.FALLTHROUGH:
			return false
		default:
			return t.IsOperator() || t.IsKeyword()
		}
	}
	return false
}
