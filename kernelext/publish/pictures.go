package publish

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	fig "github.com/vgrad/lab/kernelext/figures"
)

// AddPictures returns the notebook with a PNG in each output whose figures have static
// pictures and that has no PNG yet, and how many it added. Nothing else of its text
// changes. The kernel adds them itself; this is for notebooks of earlier releases. It fails
// if a figure cannot be drawn.
func (n *Notebook) AddPictures() (*Notebook, int, error) {
	s, added := newSplice(n.text), 0
	file, err := s.members(span{0, len(n.text)})
	if err != nil {
		return nil, 0, err
	}
	cells, err := s.elements(file["cells"])
	if err != nil {
		return nil, 0, err
	}
	for i, at := range cells {
		if len(n.Cells[i].Outputs) == 0 {
			continue
		}
		cell, err := s.members(at)
		if err != nil {
			return nil, 0, err
		}
		outputs, err := s.elements(cell["outputs"])
		if err != nil {
			return nil, 0, err
		}
		for j, o := range n.Cells[i].Outputs {
			ok, err := s.addPicture(outputs[j], o)
			if err != nil {
				return nil, 0, fmt.Errorf("publish: %s: cell %d: %w", n.Path, i+1, err)
			}
			if ok {
				added++
			}
		}
	}
	with, err := parse(n.Path, s.done())
	if err != nil {
		return nil, 0, err
	}
	with.was = n.text
	return with, added, nil
}

// addPicture adds a PNG to an output, and reports whether it did.
func (s *splice) addPicture(at span, o Output) (bool, error) {
	if o.Data["text/html"] == "" || o.Data[fig.PNG] != "" {
		return false, nil
	}
	found := fig.In(string(o.Data["text/html"]))
	if !fig.Drawable(found) {
		return false, nil
	}
	picture, err := fig.Draw(found)
	if err != nil {
		return false, err
	}
	members, err := s.members(at)
	if err != nil {
		return false, err
	}
	size, err := json.Marshal(picture.Size())
	if err != nil {
		return false, err
	}
	if err := s.set(members["metadata"], fig.PNG, size, 6); err != nil {
		return false, err
	}
	return true, s.set(members["data"], fig.PNG, []byte(`"`+base64.StdEncoding.EncodeToString(picture.PNG)+`"`), 6)
}
