package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"strings"
	"testing"

	"github.com/vgrad/lab/kernelext/messaging"
)

// A figure's display is passed on with a PNG; other displays are passed on as they are.
func TestPicture(t *testing.T) {
	var said []string
	k := &Kernel{o: Options{Log: func(line string) { said = append(said, line) }}}
	figure := func(svg string) map[string]string {
		return map[string]string{"text/plain": "[figure]", "text/html": `<figure class="vgrad-figure"><img class="vgrad-static" src="data:image/svg+xml;base64,` +
			base64.StdEncoding.EncodeToString([]byte(svg)) + `"><figcaption>A caption</figcaption></figure>`}
	}
	for _, c := range []struct {
		name  string
		data  map[string]string
		drawn bool
	}{
		{"a figure", figure(`<svg width="300" height="200"><rect width="9" height="9"/></svg>`), true},
		{"text", map[string]string{"text/plain": "42"}, false},
		{"HTML", map[string]string{"text/html": `<p class="vgrad-static">no figure</p>`}, false},
		{"a damaged figure", figure(`<svg`), false},
	} {
		m := messaging.New("s", "display_data", map[string]any{"data": c.data, "metadata": map[string]any{}, "transient": map[string]string{"display_id": "7"}})
		was := bytes.Clone(m.Content)
		got := k.drawn(m)
		if !bytes.Equal(m.Content, was) {
			t.Errorf("%s: the message has changed", c.name)
		}
		var is struct {
			Data      map[string]json.RawMessage
			Metadata  map[string]struct{ Width, Height int }
			Transient map[string]string
		}
		if err := got.Read(&is); err != nil {
			t.Fatal(err)
		}
		if is.Transient["display_id"] != "7" || len(is.Data) < len(c.data) {
			t.Errorf("%s: %s", c.name, got.Content)
		}
		var text string
		if json.Unmarshal(is.Data["image/png"], &text); (text != "") != c.drawn {
			t.Errorf("%s: drawn: %t", c.name, text != "")
		}
		if !c.drawn {
			continue
		}
		file, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if config, err := png.DecodeConfig(bytes.NewReader(file)); err != nil || config.Width < 600 || is.Metadata["image/png"].Width != config.Width/2 || is.Metadata["image/png"].Height != config.Height/2 {
			t.Errorf("%s: %+v, size %+v, %v", c.name, config, is.Metadata, err)
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], "a figure has no PNG") {
		t.Errorf("said %q", said)
	}
}
