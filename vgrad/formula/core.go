package formula

import (
	"regexp"
	"strings"
)

// core turns what KaTeX writes for MathML 3 into what MathML Core has, which is what browsers
// draw: alphabets are characters of Unicode instead of mathvariant (Chromium draws ℝ as an
// italic R without this), and the columns of a table are aligned by style, without which
// those of an aligned formula are all centred.
func core(math string) string {
	math = variants.ReplaceAllStringFunc(math, func(element string) string {
		m := variants.FindStringSubmatch(element)
		alphabet, known := alphabets[m[2]]
		if !known {
			return element
		}
		return "<" + m[1] + ">" + alphabet.of(m[3]) + "</" + m[1] + ">"
	})
	return alignColumns(math)
}

// variants matches an element whose characters are of one alphabet.
var variants = regexp.MustCompile(`<(mi|mn|mtext|mo) mathvariant="([a-z-]+)">([^<&]*)</m(?:i|n|text|o)>`)

// alphabet is where an alphabet begins among Unicode's mathematical alphanumeric symbols; 0:
// it does not have them. Characters that were in Unicode before are elsewhere.
type alphabet struct {
	upper, lower, digit, greekUpper, greekLower rune
	elsewhere                                   map[rune]rune
}

// The blocks begin as in Unicode's chart of U+1D400 to U+1D7FF.
var alphabets = map[string]alphabet{
	"bold":          {0x1D400, 0x1D41A, 0x1D7CE, 0x1D6A8, 0x1D6C2, nil},
	"bold-italic":   {0x1D468, 0x1D482, 0, 0x1D71C, 0x1D736, nil},
	"double-struck": {0x1D538, 0x1D552, 0x1D7D8, 0, 0, map[rune]rune{'C': 'ℂ', 'H': 'ℍ', 'N': 'ℕ', 'P': 'ℙ', 'Q': 'ℚ', 'R': 'ℝ', 'Z': 'ℤ'}},
	"script": {0x1D49C, 0x1D4B6, 0, 0, 0, map[rune]rune{'B': 'ℬ', 'E': 'ℰ', 'F': 'ℱ', 'H': 'ℋ', 'I': 'ℐ', 'L': 'ℒ', 'M': 'ℳ', 'R': 'ℛ',
		'e': 'ℯ', 'g': 'ℊ', 'o': 'ℴ'}},
	"fraktur":    {0x1D504, 0x1D51E, 0, 0, 0, map[rune]rune{'C': 'ℭ', 'H': 'ℌ', 'I': 'ℑ', 'R': 'ℜ', 'Z': 'ℨ'}},
	"sans-serif": {0x1D5A0, 0x1D5BA, 0x1D7E2, 0, 0, nil},
	"monospace":  {0x1D670, 0x1D68A, 0x1D7F6, 0, 0, nil},
}

// of writes a text in the alphabet. What the alphabet lacks stays.
func (a alphabet) of(text string) string {
	return strings.Map(func(r rune) rune {
		if to, ok := a.elsewhere[r]; ok {
			return to
		}
		for _, block := range []struct{ first, last, to rune }{
			{'A', 'Z', a.upper}, {'a', 'z', a.lower}, {'0', '9', a.digit}, {'Α', 'Ω', a.greekUpper}, {'α', 'ω', a.greekLower},
		} {
			if r >= block.first && r <= block.last && block.to != 0 {
				return block.to + r - block.first
			}
		}
		return r
	}, text)
}

// tableTags matches the tags that matter for the columns of tables.
var tableTags = regexp.MustCompile(`<(/?)(mtable|mtr|mtd)((?:\s+[a-z]+\s*="[^"]*")*)\s*>`)

var (
	columnAlign = regexp.MustCompile(`columnalign="([^"]*)"`)
	noSpacing   = regexp.MustCompile(`columnspacing="(?:0em ?)+"`)
)

// table is a table that is being written.
type table struct {
	aligns []string
	tight  bool // no space between columns
	column int
}

// alignColumns sets the alignment of each cell by style.
func alignColumns(math string) string {
	var open []*table
	return tableTags.ReplaceAllStringFunc(math, func(tag string) string {
		m := tableTags.FindStringSubmatch(tag)
		switch {
		case m[2] == "mtable" && m[1] == "":
			t := &table{tight: noSpacing.MatchString(m[3])}
			if a := columnAlign.FindStringSubmatch(m[3]); a != nil {
				t.aligns = strings.Fields(a[1])
			}
			open = append(open, t)
		case len(open) == 0:
		case m[2] == "mtable":
			open = open[:len(open)-1]
		case m[2] == "mtr":
			open[len(open)-1].column = 0
		case m[1] == "" && !strings.Contains(m[3], "class"): // with a class: glue, or the number of the formula
			return open[len(open)-1].cell(m[3])
		}
		return tag
	})
}

// cell is the tag of the next cell of a row.
func (t *table) cell(attributes string) string {
	style := ""
	if t.column < len(t.aligns) && t.aligns[t.column] != "center" {
		style = "text-align:" + t.aligns[t.column] + ";"
	}
	if t.tight {
		style += "padding-left:0;padding-right:0"
	}
	t.column++
	if style == "" {
		return "<mtd" + attributes + ">"
	}
	return "<mtd" + attributes + ` style="` + strings.TrimSuffix(style, ";") + `">`
}
