package serve

import (
	"encoding/json"
	"fmt"

	"github.com/vgrad/lab/kernelext/figures"
	"github.com/vgrad/lab/kernelext/messaging"
)

// withPicture adds image/png to a bundle whose HTML has figures: hosts of notebooks that
// strip SVG show it, and so does LaTeX. It is drawn here and not in the cell, which would
// have to link what draws it.
func (k *Kernel) withPicture(data, metadata map[string]json.RawMessage) {
	if _, err := figures.Add(data, metadata); err != nil {
		k.o.Log(fmt.Sprintf("serve: a figure has no PNG: %v", err))
	}
}

// drawn returns a display with pictures, or the message itself if it has no figure.
func (k *Kernel) drawn(m *messaging.Message) *messaging.Message {
	if m.Header.Type != "display_data" && m.Header.Type != "update_display_data" {
		return m
	}
	content, added, err := figures.AddTo(m.Content)
	if err != nil {
		k.o.Log(fmt.Sprintf("serve: a figure has no PNG: %v", err))
	}
	if !added {
		return m
	}
	with := *m
	with.Content = content
	return &with
}
