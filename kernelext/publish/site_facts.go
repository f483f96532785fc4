package publish

import (
	"cmp"
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strings"
	"time"
)

// fact is a line of the provenance at the foot of a page.
type fact struct{ Name, Says string }

const notRecorded = "not recorded"

// provenance is what a notebook records of its execution. JupyterLab writes when a cell
// ran; vgrad publish writes the entry vgrad.
type provenance struct {
	Metadata struct {
		Language struct{ Name, Version word } `json:"language_info"`
		VGrad    struct {
			Version, Backend, Seeds, Executed word // see Execution
		}
	}
	Cells []struct {
		Metadata struct{ Execution map[string]word }
	}
}

// facts lists where the outputs of a notebook come from. What it does not record is said to
// be not recorded.
func (n *Notebook) facts() []fact {
	var p provenance
	_ = json.Unmarshal(n.text, &p) // what cannot be read is not recorded
	language := strings.TrimSpace(string(p.Metadata.Language.Name + " " + p.Metadata.Language.Version))
	if p.Metadata.Language.Name == "go" {
		language = strings.TrimSpace("Go " + string(p.Metadata.Language.Version))
	}
	seeds := cmp.Or(string(p.Metadata.VGrad.Seeds), n.seeds())
	if seeds == "" {
		seeds = notRecorded + "; an experiment that names none has seed 0"
	}
	return []fact{
		{"vgrad", cmp.Or(string(p.Metadata.VGrad.Version), notRecorded)},
		{"Language", cmp.Or(language, notRecorded)},
		{"Backend", cmp.Or(string(p.Metadata.VGrad.Backend), notRecorded)},
		{"Seeds", seeds},
		{"Executed", cmp.Or(string(p.Metadata.VGrad.Executed), p.executed(), notRecorded)},
	}
}

// executed returns when the last cell ended; "" where no cell says it.
func (p provenance) executed() string {
	var last time.Time
	for _, c := range p.Cells {
		for _, key := range []string{"iopub.execute_input", "shell.execute_reply"} {
			if at, err := time.Parse(time.RFC3339Nano, string(c.Metadata.Execution[key])); err == nil && at.After(last) {
				last = at
			}
		}
	}
	if last.IsZero() {
		return ""
	}
	return last.UTC().Format("2 January 2006, 15:04 UTC")
}

// seedNamed matches a seed, or several, in code and in what a run says of itself.
var seedNamed = regexp.MustCompile(`(?i)\bseed(?:"?:|=| )\s*(\d+(?:\.\.\d+)?(?:,\d+)*)`)

// seeds lists the seeds that the notebook's cells and outputs name.
func (n *Notebook) seeds() string {
	var all []string
	for _, c := range n.Cells {
		texts := []string{string(c.Source)}
		for _, o := range c.Outputs {
			texts = append(texts, string(o.Text), string(o.Data["text/plain"]), html.UnescapeString(string(o.Data["text/html"])))
		}
		for _, text := range texts {
			for _, m := range seedNamed.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(all, m[1]) {
					all = append(all, m[1])
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return strings.Join(all, ", ")
}
