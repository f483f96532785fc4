package figures

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// PNG is the MIME type of a picture.
const PNG = "image/png"

// Add adds a picture to the output of a cell: to data, its contents by MIME type, and its
// size to metadata. It reports whether it did. It leaves outputs as they are that have no
// figure with a static picture, or that have a picture. It fails as [Draw] does.
func Add(data, metadata map[string]json.RawMessage) (bool, error) {
	if data[PNG] != nil {
		return false, nil
	}
	found := In(joined(data["text/html"]))
	if !Drawable(found) {
		return false, nil
	}
	picture, err := Draw(found)
	if err != nil {
		return false, err
	}
	data[PNG] = encoded(base64.StdEncoding.EncodeToString(picture.PNG))
	metadata[PNG] = encoded(picture.Size())
	return true, nil
}

// Drawable reports whether there are figures and all have a static picture. A figure of a
// training that goes on has none.
func Drawable(all []*Figure) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(f *Figure) bool { return f.SVG == nil })
}

// Size is the size that a page is to show the picture in, as the metadata of an output say
// it. Without it the picture is twice as large.
func (p *Picture) Size() map[string]int { return map[string]int{"width": p.Width, "height": p.Height} }

// joined is a text that a notebook stores as a string or as a list of lines.
func joined(raw json.RawMessage) (text string) {
	var lines []string
	if json.Unmarshal(raw, &lines) == nil {
		return strings.Join(lines, "")
	}
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

func encoded(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts and numbers are encoded
	}
	return text
}

// AddTo adds a picture to the content of a message of the kinds display_data,
// update_display_data or execute_result, or to an output in a notebook. It returns the
// content as it is, and false, where [Add] adds none.
func AddTo(content json.RawMessage) (json.RawMessage, bool, error) {
	if !strings.Contains(string(content), "vgrad-figure") {
		return content, false, nil
	}
	var all, data map[string]json.RawMessage
	if json.Unmarshal(content, &all) != nil || json.Unmarshal(all["data"], &data) != nil {
		return content, false, nil
	}
	metadata := map[string]json.RawMessage{}
	if json.Unmarshal(all["metadata"], &metadata) != nil || metadata == nil {
		metadata = map[string]json.RawMessage{}
	}
	added, err := Add(data, metadata)
	if !added {
		return content, false, err
	}
	all["data"], all["metadata"] = encoded(data), encoded(metadata)
	return encoded(all), true, nil
}
