package page

import (
	"html"
	"html/template"
	"regexp"
)

// marks matches code, strong and emphasis. Strong comes before emphasis because its
// mark begins with that of emphasis. Code contains no other marks. A star with a
// space on its inner side is no mark.
var marks = regexp.MustCompile("`([^`]+)`" + `|\*\*([^*\s](?:[^*]*[^*\s])?)\*\*|\*([^*\s](?:[^*]*[^*\s])?)\*`)

// Inline converts text to HTML: it escapes it and converts the marks of [Page.Text].
func Inline(text string) template.HTML { return inline(text) }

// inline is Inline for this package's templates and methods.
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
