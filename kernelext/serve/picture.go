package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vgrad/lab/kernelext/messaging"
	"github.com/vgrad/lab/vgrad/raster"
)

// pictured marks HTML that has a figure with a static picture.
var pictured = []byte(`class=\"vgrad-static\" src=\"data:image/svg`)

// withPicture adds image/png to a bundle whose HTML has figures: hosts of notebooks that
// strip SVG show it, and so does LaTeX. It is drawn here and not in the cell, which would
// have to link what draws it.
func (k *Kernel) withPicture(data map[string]json.RawMessage) {
	if !bytes.Contains(data["text/html"], pictured) || data["image/png"] != nil {
		return
	}
	var html string
	if json.Unmarshal(data["text/html"], &html) != nil {
		return
	}
	png, err := raster.Figures([]byte(html), 2)
	if errors.Is(err, raster.ErrNoFigure) {
		return
	}
	if err == nil {
		data["image/png"], err = json.Marshal(png) // base64
	}
	if err != nil {
		k.o.Log(fmt.Sprintf("serve: a figure has no PNG: %v", err))
	}
}

// drawn returns a display with pictures, or the message itself if it has no figure.
func (k *Kernel) drawn(m *messaging.Message) *messaging.Message {
	if !bytes.Contains(m.Content, pictured) {
		return m
	}
	var display map[string]json.RawMessage
	var data map[string]json.RawMessage
	if json.Unmarshal(m.Content, &display) != nil || json.Unmarshal(display["data"], &data) != nil {
		return m
	}
	k.withPicture(data)
	var err error
	if display["data"], err = json.Marshal(data); err != nil {
		return m
	}
	content, err := json.Marshal(display)
	if err != nil {
		return m
	}
	with := *m
	with.Content = content
	return &with
}
