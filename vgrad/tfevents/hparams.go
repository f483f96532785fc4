package tfevents

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/vgrad/lab/vgrad"
)

// The tags and the plugin of TensorBoard's HParams page.
const (
	hparamsPlugin = "hparams"
	experimentTag = "_hparams_/experiment"
	startTag      = "_hparams_/session_start_info"
	endTag        = "_hparams_/session_end_info"
	textPlugin    = "text"
	aboutTag      = "about/text_summary"
)

// The values of enums in the HParams plugin's api.proto.
const (
	typeOfString  = 1
	typeOfNumber  = 3
	statusSuccess = 1
)

// tell writes what the tags are, and the parameters of the experiment.
func (w *Writer) tell() {
	w.summary(0, func(b []byte) []byte { return appendTextValue(b, aboutTag, textPlugin, nil, w.about()) })
	if w.options.Experiment == nil {
		return
	}
	fields := parametersOf(*w.options.Experiment)
	w.summary(0, func(b []byte) []byte {
		b = appendTextValue(b, experimentTag, hparamsPlugin, experimentInfo(fields, seconds(w.timeOf(0))), "")
		return appendTextValue(b, startTag, hparamsPlugin, startInfo(fields, seconds(w.timeOf(0))), "")
	})
}

// finish writes the end of the session.
func (w *Writer) finish() {
	if w.options.Experiment == nil {
		return
	}
	w.summary(0, func(b []byte) []byte {
		b, info := b, appendInt(nil, 1, statusSuccess)
		info = appendDouble(info, 2, seconds(w.timeOf(w.options.Experiment.WithDefaults().Steps)))
		return appendTextValue(b, endTag, hparamsPlugin, wrapped(4, info), "")
	})
}

// about explains the run in Markdown.
func (w *Writer) about() string {
	var b strings.Builder
	if e := w.options.Experiment; e != nil {
		fmt.Fprintf(&b, "**%s**, seed %d.\n\n", strings.ReplaceAll(e.Name(), "*", `\*`), e.Seed)
	}
	b.WriteString("Recorded by vgrad. Values at step s are of the batch of step s, before its update.\n\n")
	if w.options.Tags != LabTags {
		b.WriteString("`mean_i` is mean |∂L/∂W| of layer i, `histogram_i` the histogram of ∂L/∂W, and `hist_weights_i` that of the weights W. (The article's program fed the gradient to `hist_weights_i`.)\n\n")
	}
	b.WriteString("Scalars are float32. A number that float32 cannot represent is written as the nearest one that is neither zero nor infinite. `/NaN`, `/+Inf` and `/-Inf` count the values that a histogram cannot hold. The sums of histograms are those of the bins' centres.\n")
	return b.String()
}

// parameter is a field of an experiment.
type parameter struct {
	name, text string
	number     float64 // NaN: it is not a number
}

// parametersOf lists the fields of an experiment, defaults written out.
func parametersOf(e vgrad.Experiment) []parameter {
	var ps []parameter
	for _, name := range e.FieldNames() {
		text, err := e.Field(name)
		if err != nil || name == "label" || text == "" {
			continue
		}
		p := parameter{name, text, nan}
		if x, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(x, 0) {
			p.number = x
		}
		ps = append(ps, p)
	}
	return ps
}

// experimentInfo is an HParamsPluginData with the names and types of the parameters.
func experimentInfo(ps []parameter, now float64) []byte {
	info := appendDouble(nil, 3, now)
	for _, p := range ps {
		one := appendText(nil, 1, p.name)
		kind := int64(typeOfString)
		if !math.IsNaN(p.number) {
			kind = typeOfNumber
		}
		info = appendText(info, 4, appendInt(one, 4, kind))
	}
	for _, tag := range []string{"loss", string(vgrad.ValAccuracy)} { // the metrics of the table
		info = appendText(info, 5, appendText(nil, 1, appendText(nil, 2, tag)))
	}
	return wrapped(2, info)
}

// startInfo is an HParamsPluginData with the values of the parameters.
func startInfo(ps []parameter, now float64) []byte {
	var info []byte
	for _, p := range ps {
		value := appendText(nil, 3, p.text) // google.protobuf.Value: 2 number, 3 string
		if !math.IsNaN(p.number) {
			value = appendDouble(nil, 2, p.number)
		}
		info = appendText(info, 1, appendText(appendText(nil, 1, p.name), 2, value))
	}
	return wrapped(3, appendDouble(info, 5, now))
}

// wrapped is an HParamsPluginData, of version 0, with one message.
func wrapped(number int, message []byte) []byte { return appendText(nil, number, message) }

// appendTextValue appends a Summary.Value: a tag, its plugin with the plugin's content, and
// a tensor with one text.
func appendTextValue(b []byte, tag, plugin string, content []byte, text string) []byte {
	b, start := begin(b, 1)
	b = appendText(b, 1, tag)
	data := appendText(nil, 1, plugin)
	if content != nil {
		data = appendText(data, 2, content)
	}
	metadata := appendText(nil, 1, data)
	metadata = appendInt(metadata, 4, dataClass(plugin))
	t := appendInt(nil, 1, typeString)
	t = appendText(t, 2, "") // the shape of a single element
	t = appendText(t, 8, text)
	b = appendText(b, 8, t)
	b = appendText(b, 9, metadata)
	return end(b, start)
}

// dataClass is the class of a plugin's data: 2 is a tensor, 0 is not known, so that
// TensorBoard's page leaves out the schema.
func dataClass(plugin string) int64 {
	if plugin == schemaPlugin {
		return 0
	}
	return 2
}
