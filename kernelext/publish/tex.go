package publish

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
)

// equation is a formula of a Markdown cell.
type equation struct {
	source  string // as it is written, with its delimiters
	tex     string
	display bool // on a line of its own
}

// A formula is taken out of the Markdown before Markdown is parsed, and put back after it:
// otherwise _ and * in it are emphasis, \\ is one backslash, and < begins a tag. In between
// stands its number between two characters of Unicode's private use area, which Markdown and
// HTML leave alone.
const (
	formulaFrom, formulaTo = "\uE000", "\uE001"
	// as goldmark writes them in the address of a link
	escapedFrom, escapedTo = "%EE%80%80", "%EE%80%81"
)

var standIns = regexp.MustCompile("(?:" + formulaFrom + "|" + escapedFrom + `)(\d+)(?:` + formulaTo + "|" + escapedTo + ")")

// mathTokens are the parts of a text that matter for where a formula begins and ends, as in
// JupyterLab (@jupyterlab/rendermime, latex.ts): dollars, \\( and \\[, environments, braces,
// and empty lines.
var mathTokens = regexp.MustCompile(`\$\$?|\\(?:begin|end)\{[A-Za-z]*\*?\}|\\\\[()\[\]]|\\[{}$\\]|[{}]|\n[ \t>]*\n`)

// takeFormulas replaces the formulas of a Markdown text. It finds what JupyterLab finds, but
// for prices: in "$5 and $6" there is no formula. Code has no formulas.
func takeFormulas(source string) (text string, found []equation) {
	source = strings.NewReplacer(formulaFrom, "\uFFFD", formulaTo, "\uFFFD").Replace(source)
	if !strings.ContainsAny(source, `$\`) {
		return source, nil
	}
	s := &mathScan{source: source, code: codeSpans(source)}
	for _, at := range mathTokens.FindAllStringIndex(source, -1) {
		s.token(at[0], at[1])
	}
	s.giveUp()
	var b strings.Builder
	last := 0
	for i, at := range s.found {
		b.WriteString(source[last:at.from])
		fmt.Fprint(&b, formulaFrom, i, formulaTo)
		found = append(found, equationOf(source, at))
		last = at.to
	}
	b.WriteString(source[last:])
	return b.String(), found
}

// mathScan looks for formulas from left to right.
type mathScan struct {
	source string
	code   []span // ascending
	found  []span

	open   string // the delimiter that began a formula; "": none did
	close  string
	from   int
	braces int
	last   int // the end of the last delimiter that could end it, but for open braces; 0: none
}

// token takes the next token.
func (s *mathScan) token(from, to int) {
	for len(s.code) > 0 && s.code[0].to <= from {
		if s.open != "" && s.code[0].from > s.from { // a formula has no code in it
			s.giveUp()
		}
		s.code = s.code[1:]
	}
	if len(s.code) > 0 && s.code[0].from <= from {
		return
	}
	word := s.source[from:to]
	switch {
	case s.open == "":
		s.begin(word, from)
	case word == s.close && s.braces > 0: // of a text inside the formula, unless the braces do not match
		if s.closes(from, to) {
			s.last = to
		}
	case word == s.close && s.closes(from, to):
		s.end(to)
	case word == s.close && word == "$":
		s.begin(word, from)
	case word[0] == '\n':
		s.giveUp()
	case word == "{":
		s.braces++
	case word == "}" && s.braces > 0:
		s.braces--
	}
}

// begin begins a formula if the token does.
func (s *mathScan) begin(word string, from int) {
	closing := ""
	switch {
	case word == "$" || word == "$$":
		closing = word
	case word == `\\(`:
		closing = `\\)`
	case word == `\\[`:
		closing = `\\]`
	case strings.HasPrefix(word, `\begin{`):
		closing = `\end` + strings.TrimPrefix(word, `\begin`)
	default:
		return
	}
	s.open, s.close, s.from, s.braces, s.last = word, closing, from, 0, 0
}

// closes reports whether a delimiter ends the formula. A single dollar does not if a digit
// follows, or if there is a space on one inner side only: those are prices.
func (s *mathScan) closes(from, to int) bool {
	inner := s.source[s.from+len(s.open) : from]
	if s.open != "$" {
		return true
	}
	if to < len(s.source) && s.source[to] >= '0' && s.source[to] <= '9' || strings.TrimSpace(inner) == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(inner)
	last, _ := utf8.DecodeLastRuneInString(inner)
	return unicode.IsSpace(first) == unicode.IsSpace(last)
}

func (s *mathScan) end(to int) {
	s.found = append(s.found, span{s.from, to})
	s.open = ""
}

// giveUp ends a search that met the end of a paragraph.
func (s *mathScan) giveUp() {
	if s.open != "" && s.last > 0 {
		s.end(s.last)
	}
	s.open = ""
}

// quoted matches the marks of a quotation at the beginning of lines.
var quoted = regexp.MustCompile(`\n[ \t]*(?:>[ \t]?)+`)

// equationOf takes a formula apart.
func equationOf(source string, at span) equation {
	text := source[at.from:at.to]
	line := source[strings.LastIndex(source[:at.from], "\n")+1 : at.from]
	if strings.HasPrefix(strings.TrimSpace(line), ">") {
		text = quoted.ReplaceAllString(text, "\n")
	}
	e := equation{source: text, tex: text, display: true}
	switch {
	case strings.HasPrefix(text, "$$"):
		e.tex = text[2 : len(text)-2]
	case strings.HasPrefix(text, "$"):
		e.tex, e.display = text[1:len(text)-1], false
	case strings.HasPrefix(text, `\\(`):
		e.tex, e.display = text[3:len(text)-3], false
	case strings.HasPrefix(text, `\\[`):
		e.tex = text[3 : len(text)-3]
	}
	return e
}

// codeSpans lists where a Markdown text has code, in ascending order.
func codeSpans(source string) (all []span) {
	if !strings.ContainsAny(source, "`~\t") && !strings.Contains(source, "    ") {
		return nil
	}
	// Walk fails only if the function does.
	_ = ast.Walk(parseProse([]byte(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.Kind() {
		case ast.KindCodeSpan:
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				if t, ok := c.(*ast.Text); ok {
					all = append(all, span{t.Segment.Start, t.Segment.Stop})
				}
			}
		case ast.KindFencedCodeBlock, ast.KindCodeBlock:
			for _, line := range n.Lines().Sliced(0, n.Lines().Len()) {
				all = append(all, span{line.Start, line.Stop})
			}
		}
		return ast.WalkContinue, nil
	})
	slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	return all
}

// withSources puts the sources of formulas back into a text, as for the address of a link.
func withSources(text string, found []equation) string {
	return standIns.ReplaceAllStringFunc(text, func(standIn string) string {
		i, err := strconv.Atoi(standIns.FindStringSubmatch(standIn)[1])
		if err != nil || i >= len(found) {
			return standIn
		}
		return found[i].source
	})
}
