package publish

import (
	"go/scanner"
	"go/token"
	"html"
	"strings"
)

// highlight renders Go code as HTML with keywords, literals and comments marked. Other
// text, such as the kernel's %% lines, is not marked.
func highlight(source string) string {
	var b strings.Builder
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, []byte(source), func(token.Position, string) {}, scanner.ScanComments)
	at := 0
	for {
		pos, kind, text := s.Scan()
		if kind == token.EOF {
			break
		}
		from := file.Offset(pos)
		if text == "" {
			text = kind.String()
		}
		to := from + len(text)
		if kind == token.SEMICOLON || to > len(source) || source[from:to] != text || from < at {
			continue // a semicolon that the scanner inserted
		}
		b.WriteString(html.EscapeString(source[at:from]))
		b.WriteString(mark(kind, html.EscapeString(text)))
		at = to
	}
	b.WriteString(html.EscapeString(source[at:]))
	return b.String()
}

// mark wraps a token in an element with the class of its kind.
func mark(kind token.Token, text string) string {
	class := ""
	switch {
	case kind.IsKeyword():
		class = "k"
	case kind == token.STRING || kind == token.CHAR:
		class = "s"
	case kind == token.INT || kind == token.FLOAT || kind == token.IMAG:
		class = "n"
	case kind == token.COMMENT:
		class = "c"
	default:
		return text
	}
	return `<span class="` + class + `">` + text + `</span>`
}
