package publish

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// terminal renders text as a terminal shows it in the end, as HTML: what \r, \b and moves of
// the cursor overwrite is gone, colours are spans, and other codes for the terminal are left
// out.
func terminal(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.IndexFunc(text, isControl) < 0 {
		return html.EscapeString(text)
	}
	return screenOf(text).html()
}

// screenOf shows a text on an empty screen.
func screenOf(text string) *screen {
	s := &screen{lines: make([][]glyph, 1)}
	for len(text) > 0 {
		text = s.take(text)
	}
	return s
}

// isControl reports whether a terminal acts on a character instead of showing it.
func isControl(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0
}

// screen is what a terminal shows.
type screen struct {
	lines    [][]glyph
	row, col int
	now      look
}

// glyph is a character with its look.
type glyph struct {
	r rune
	look
}

// look is how text looks: the zero value is plain.
type look struct {
	colour                  uint8 // 1 to 8: black to white
	bold, italic, underline bool
}

// widest is the last column that a code can move to. It bounds the memory for what one code
// can ask for.
const widest = 4096

// take acts on the next character or code, and returns the rest of the text.
func (s *screen) take(text string) (rest string) {
	r, n := utf8.DecodeRuneInString(text)
	rest = text[n:]
	switch {
	case r == '\x1b':
		return s.escape(rest)
	case r == '\u009b':
		return s.code(rest)
	case r == '\n' || r == '\v' || r == '\f':
		s.down(1)
		s.col = 0
	case r == '\r':
		s.col = 0
	case r == '\b':
		s.col = max(0, s.col-1)
	case isControl(r):
	default:
		s.put(r)
	}
	return rest
}

func (s *screen) put(r rune) {
	line := s.lines[s.row]
	for len(line) < s.col {
		line = append(line, glyph{r: ' '})
	}
	if s.col < len(line) {
		line[s.col] = glyph{r, s.now}
	} else {
		line = append(line, glyph{r, s.now})
	}
	s.lines[s.row] = line
	s.col++
}

// down moves the cursor down, and adds lines that are not there yet.
func (s *screen) down(lines int) {
	s.row += lines
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, nil)
	}
}

// escape acts on what follows an escape character.
func (s *screen) escape(text string) (rest string) {
	switch {
	case text == "":
		return ""
	case text[0] == '[':
		return s.code(text[1:])
	case strings.IndexByte("]PX^_", text[0]) >= 0: // a text for the terminal, such as a title or the address of a link
		for i := 1; i < len(text); i++ {
			switch {
			case text[i] == '\a':
				return text[i+1:]
			case text[i] == '\x1b' && i+1 < len(text) && text[i+1] == '\\':
				return text[i+2:]
			case text[i] == '\n': // not ended: show the rest
				return text[i:]
			}
		}
		return ""
	case strings.IndexByte("()*+#% ", text[0]) >= 0 && len(text) > 1: // a character set
		_, n := utf8.DecodeRuneInString(text[1:])
		return text[1+n:]
	}
	_, n := utf8.DecodeRuneInString(text)
	return text[n:]
}

// code acts on a control sequence: parameters, and a letter that says what it does.
func (s *screen) code(text string) (rest string) {
	end := 0
	for end < len(text) && text[end] >= 0x20 && text[end] < 0x40 {
		end++
	}
	if end == len(text) {
		return ""
	}
	if text[end] < 0x40 || text[end] > 0x7e { // not a code
		return text[end:]
	}
	s.do(text[end], text[:end])
	return text[end+1:]
}

func (s *screen) do(what byte, parameters string) {
	first, _, _ := strings.Cut(parameters, ";")
	n, _ := strconv.Atoi(first) // none is 0
	count := min(max(n, 1), widest)
	line := s.lines[s.row]
	switch what {
	case 'A', 'F':
		s.row = max(0, s.row-count)
	case 'B', 'E':
		s.down(min(count, 100))
	case 'C':
		s.col = min(s.col+count, widest)
	case 'D':
		s.col = max(0, s.col-count)
	case 'G':
		s.col = count - 1
	case 'K':
		s.erase(line, n)
	case 'J':
		if n == 0 {
			s.lines = s.lines[:s.row+1]
			s.erase(line, 0)
		} else {
			s.lines, s.row, s.col = make([][]glyph, 1), 0, 0
		}
	case 'm':
		s.now = s.now.with(parameters)
	}
	if what == 'E' || what == 'F' {
		s.col = 0
	}
}

// erase empties a part of the line: 0 from the cursor on, 1 up to it, 2 all.
func (s *screen) erase(line []glyph, part int) {
	at := min(s.col, len(line))
	switch part {
	case 0:
		s.lines[s.row] = line[:at]
	case 1:
		for i := range line[:at] {
			line[i] = glyph{r: ' '}
		}
	case 2:
		s.lines[s.row] = nil
	}
}

// with returns the look after a code that sets it.
func (l look) with(parameters string) look {
	words := strings.Split(parameters, ";")
	for i := 0; i < len(words); i++ {
		n, err := strconv.Atoi(words[i])
		switch {
		case err != nil || n == 0:
			l = look{}
		case n == 1:
			l.bold = true
		case n == 3:
			l.italic = true
		case n == 4:
			l.underline = true
		case n == 22:
			l.bold = false
		case n == 23:
			l.italic = false
		case n == 24:
			l.underline = false
		case n >= 30 && n <= 37:
			l.colour = uint8(n - 29)
		case n >= 90 && n <= 97:
			l.colour = uint8(n - 89)
		case n == 39:
			l.colour = 0
		case (n == 38 || n == 48) && i+1 < len(words): // 5;N or 2;R;G;B: no colour of ours
			if words[i+1] == "5" {
				i += 2
			} else {
				i += 4
			}
		}
	}
	return l
}

var colours = [...]string{"", "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"}

// class is the value of the class attribute; "" for plain text.
func (l look) class() string {
	var words []string
	if l.colour > 0 {
		words = append(words, "ansi-"+colours[l.colour])
	}
	if l.bold {
		words = append(words, "ansi-bold")
	}
	if l.italic {
		words = append(words, "ansi-italic")
	}
	if l.underline {
		words = append(words, "ansi-underline")
	}
	return strings.Join(words, " ")
}

func (s *screen) html() string {
	var b strings.Builder
	for i, line := range s.lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		for len(line) > 0 {
			n := 1
			for n < len(line) && line[n].look == line[0].look {
				n++
			}
			piece := html.EscapeString(runes(line[:n]))
			if class := line[0].class(); class != "" {
				piece = `<span class="` + class + `">` + piece + `</span>`
			}
			b.WriteString(piece)
			line = line[n:]
		}
	}
	return b.String()
}

func runes(line []glyph) string {
	var b strings.Builder
	for _, g := range line {
		b.WriteRune(g.r)
	}
	return b.String()
}
