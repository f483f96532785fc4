package figures

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"unicode"
)

// File is a file that a figure is written to.
type File struct {
	Name string
	Data []byte
}

// Files returns a figure as files: a picture as SVG and, with title, note and caption, as
// PNG, and its values as CSV. Their names begin with the number and the title, such as
// 03-training-loss. A figure without static picture has no SVG and PNG. It fails as [Draw]
// does.
func (f *Figure) Files(number int) ([]File, error) {
	name := fmt.Sprintf("%02d", number)
	if slug := Slug(f.Title); slug != "" {
		name += "-" + slug
	}
	var all []File
	if f.SVG != nil {
		p, err := DrawAt([]*Figure{f}, 2, 256)
		if err != nil {
			return nil, err
		}
		all = append(all, File{name + ".svg", f.SVG}, File{name + ".png", p.PNG})
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if len(f.Columns) > 0 {
		if err := w.WriteAll(append([][]string{f.Columns}, f.Rows...)); err != nil {
			return nil, fmt.Errorf("figures: the values of %q: %w", f.Title, err)
		}
		all = append(all, File{name + ".csv", b.Bytes()})
	}
	return all, nil
}

// Slug returns a title as a part of a file's name: letters and digits in lower case, with
// hyphens between words, at most 60 letters.
func Slug(title string) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range strings.ToLower(title) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = n > 0
			continue
		}
		if gap {
			b.WriteByte('-')
			gap, n = false, n+1
		}
		if n++; n > 60 {
			break
		}
		b.WriteRune(r)
	}
	return strings.Trim(b.String(), "-")
}
