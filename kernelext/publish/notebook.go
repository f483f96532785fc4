package publish

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad/atomicfile"
)

// Notebook is a Jupyter notebook, format 4.
type Notebook struct {
	Path  string // of its file
	Cells []Cell

	text             []byte // all of it, as it was read or executed
	was              []byte // of its file, before it was executed; nil if it was not
	kernel, language string // that it is for; "" where it does not say
}

// Cell is one cell of a notebook.
type Cell struct {
	Kind    string   `json:"cell_type"` // "markdown", "code" or "raw"
	Source  Text     `json:"source"`
	Outputs []Output `json:"outputs"`
	// Attachments are the contents of files in a Markdown cell by name and MIME type.
	Attachments map[string]map[string]Text `json:"attachments"`
	Metadata    struct {
		Tags   tags `json:"tags"`
		Format word `json:"format"`       // of a raw cell: its MIME type; "" for none
		MIME   word `json:"raw_mimetype"` // the same, as older programs call it
	} `json:"metadata"`
}

// word is a text. A value of another kind is "".
type word string

// UnmarshalJSON takes a text.
func (w *word) UnmarshalJSON(raw []byte) error {
	_ = json.Unmarshal(raw, (*string)(w)) // a failure leaves it empty
	return nil
}

// tags are the tags of a cell. A value of another kind is no tag.
type tags []string

// UnmarshalJSON takes a list of texts.
func (t *tags) UnmarshalJSON(raw []byte) error {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		*t = list
	}
	return nil
}

// mayFail reports whether the cell is meant to show an error.
func (c Cell) mayFail() bool { return slices.Contains(c.Metadata.Tags, "raises-exception") }

// varies reports whether what the cell says depends on the machine; see [Compare].
func (c Cell) varies() bool { return slices.Contains(c.Metadata.Tags, "varies") }

// Output is one output of a code cell.
type Output struct {
	Kind string `json:"output_type"` // "stream", "display_data", "execute_result" or "error"
	// Of a stream.
	Name string `json:"name"` // "stdout" or "stderr"
	Text Text   `json:"text"`
	// Of a display: its contents by MIME type.
	Data     map[string]Text `json:"data"`
	Metadata json.RawMessage `json:"metadata"` // such as the size of a picture, by MIME type
	// Of an error.
	Value     string   `json:"evalue"`
	Traceback []string `json:"traceback"`
}

// Text is text that a notebook stores as a string or as a list of lines. Any other value,
// such as JSON in an output, keeps its JSON text.
type Text string

// UnmarshalJSON joins the lines.
func (t *Text) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = Text(one)
		return nil
	}
	var lines []string
	if json.Unmarshal(raw, &lines) == nil {
		*t = Text(strings.Join(lines, ""))
		return nil
	}
	*t = Text(raw)
	return nil
}

// Open reads a notebook. It fails if the file is not a notebook of format 4.
func Open(path string) (*Notebook, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	return parse(path, text)
}

func parse(path string, text []byte) (*Notebook, error) {
	var file struct {
		Format   *int `json:"nbformat"`
		Cells    []Cell
		Metadata struct {
			Kernel   struct{ Name, Language string } `json:"kernelspec"`
			Language struct{ Name string }           `json:"language_info"`
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("publish: %s is not a notebook: %w", path, err)
	}
	if file.Format == nil || *file.Format != 4 {
		return nil, fmt.Errorf("publish: %s is not a notebook of format 4; open and save it in JupyterLab", path)
	}
	if file.Cells == nil {
		return nil, fmt.Errorf("publish: %s is not a notebook of format 4: it has no list of cells", path)
	}
	m := file.Metadata
	return &Notebook{Path: path, Cells: file.Cells, text: text, kernel: m.Kernel.Name, language: cmp.Or(m.Language.Name, m.Kernel.Language)}, nil
}

// ErrChanged is the error of a notebook whose file was changed or removed while it was
// executed.
var ErrChanged = errors.New("the file was changed while the notebook was executed, so its outputs are not written; publish it again")

// Write replaces a file by the notebook. If it fails, the old file stays. It fails with
// [ErrChanged] if path is the file of an executed notebook and no longer has the text that
// was executed.
func (n *Notebook) Write(path string) error {
	if n.was != nil && path == n.Path {
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, n.was) {
			return fmt.Errorf("publish: write the notebook %s: %w", path, errors.Join(ErrChanged, err))
		}
	}
	if err := atomicfile.Write(path, n.text); err != nil {
		return fmt.Errorf("publish: write the notebook %s: %w", path, err)
	}
	return nil
}

// Bytes returns the notebook as it is in its file.
func (n *Notebook) Bytes() []byte { return bytes.Clone(n.text) }

// Title returns the text of the notebook's first heading of the first level, or else of its
// first heading. If there is none, it returns the name of the file without its extension.
func (n *Notebook) Title() string {
	text, _ := Pages{}.read(n).title()
	return text
}

// failure returns the error of the first cell that failed; nil if none did.
func (n *Notebook) failure() error {
	count := 0
	for _, c := range n.Cells {
		if c.Kind != "code" {
			continue
		}
		count++
		for _, o := range c.Outputs {
			if o.Kind == "error" && !c.mayFail() {
				return &CellError{Path: n.Path, Number: count, Source: string(c.Source), Said: c.errorText(o)}
			}
		}
	}
	return nil
}

// codeSource returns the source of a code cell by its number from 1; "" if there is none.
func (n *Notebook) codeSource(number int) string {
	for _, c := range n.Cells {
		if c.Kind == "code" {
			if number--; number == 0 {
				return string(c.Source)
			}
		}
	}
	return ""
}

// errorText returns the text of a cell's error: its standard error, with the kernel's
// traceback if that says more than the exit status.
func (c Cell) errorText(failed Output) string {
	var text strings.Builder
	for _, o := range c.Outputs {
		if o.Kind == "stream" && o.Name == "stderr" {
			text.WriteString(string(o.Text))
		}
	}
	if !strings.HasPrefix(failed.Value, "exit status") {
		text.WriteString(strings.Join(failed.Traceback, "\n"))
	}
	if tidied := tidy(exitStatus.ReplaceAllString(text.String(), "")); tidied != "" {
		return tidied
	}
	return tidy(failed.Value)
}

// exitStatus matches the line that the kernel adds after a cell's standard error.
var exitStatus = regexp.MustCompile(`(?m)^exit status \d+$`)

// CellError is a cell that failed.
type CellError struct {
	Path   string // of the notebook
	Number int    // of the cell among the code cells, from 1
	Source string // of the cell
	Said   string // its standard error, or the kernel's traceback
}

// Error shows the cell and its error text.
func (e *CellError) Error() string {
	return fmt.Sprintf("%s: code cell %d fails:\n%s\n%s", e.Path, e.Number, indent(e.Source, "    | "), indent(e.Said, "    "))
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+by)
}
