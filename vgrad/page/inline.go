package page

import (
	"html"
	"html/template"
	"regexp"
)

// marks are the inline marks, the longer before the shorter. Within code
// nothing else is a mark; a star beside a space is a star.
var marks = regexp.MustCompile("`([^`]+)`" + `|\*\*([^*\s](?:[^*]*[^*\s])?)\*\*|\*([^*\s](?:[^*]*[^*\s])?)\*`)

// Inline escapes text and sets its marks, as [Page.Text] does.
func Inline(text string) template.HTML { return inline(text) }

// inline escapes text and sets its marks.
func inline(text string) template.HTML {
	out, at := "", 0
	for _, m := range marks.FindAllStringSubmatchIndex(text, -1) {
		out += html.EscapeString(text[at:m[0]])
		for i, tag := range []string{"code", "strong", "em"} {
			if from, to := m[2+2*i], m[3+2*i]; from >= 0 {
				out += "<" + tag + ">" + html.EscapeString(text[from:to]) + "</" + tag + ">"
			}
		}
		at = m[1]
	}
	return template.HTML(out + html.EscapeString(text[at:]))
}
