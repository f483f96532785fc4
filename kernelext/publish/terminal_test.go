package publish

import (
	"fmt"
	"strings"
	"testing"
)

// What is left in the end is what a terminal shows.
func TestTerminal(t *testing.T) {
	progress := ""
	for i := 1; i <= 50; i++ {
		progress += fmt.Sprintf("\rtraining: %3d %%", 2*i)
	}
	for text, want := range map[string]string{
		progress + "\rtraining: done ": "training: done ",
		"abc\b\bZ":                     "aZc",
		"a\r\nb\r\n":                   "a\nb\n",
		"longer\rab":                   "abnger",
		"longer\r\x1b[Kab":             "ab",
		"\x1b[1;31mred\x1b[0m plain":   `<span class="ansi-red ansi-bold">red</span> plain`,
		"\x1b]8;;https://x.y\x07link\x1b]8;;\x07 \x1b[?25l.": "link .",
		"\x1b]0;a title\x1b\\shown":                          "shown",
		"one\ntwo\x1b[1A\rONE\n":                             "ONE\ntwo",
		"\x1b[38;5;200mx\x1b[38;2;1;2;3my\x1b[mz":            "xyz",
		"\x1b[2Jnew":         "new",
		"a\x1b[3Cb":          "a   b",
		"a\ab\x00c\u009b1md": `abc<span class="ansi-bold">d</span>`,
		"<b>&\x1b[4m<u>":     `&lt;b&gt;&amp;<span class="ansi-underline">&lt;u&gt;</span>`,
		"tab\tstays\rT":      "Tab\tstays",
		"\x1b":               "",
		"\x1b[":              "",
		"x\x1b[12":           "x",
		"\x1b[999999999Cx":   strings.Repeat(" ", widest) + "x",
		"\b\b\r":             "",
	} {
		got := terminal(text)
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// No text makes it fail, and no code reaches the page.
func FuzzTerminal(f *testing.F) {
	f.Add("a\x1b[1;31mb\r\x1b[Kc\b\x1b[2A\x1b]0;t\a")
	f.Fuzz(func(t *testing.T, text string) {
		if got := terminal(text); strings.IndexFunc(got, isControl) >= 0 {
			t.Errorf("%q: %q", text, got)
		}
	})
}

// Streams that follow each other are one text; what is between them divides them.
func TestStreamsAreJoined(t *testing.T) {
	n := example(t, `{"cells": [{"cell_type": "code", "source": "", "metadata": {}, "outputs": [
 {"output_type": "stream", "name": "stdout", "text": "loss "}, {"output_type": "stream", "name": "stdout", "text": ["2.303, "]}, {"output_type": "stream", "name": "stdout", "text": "accuracy\u001b[1"},
 {"output_type": "stream", "name": "stdout", "text": "m 0.1\n"}, {"output_type": "stream", "name": "stderr", "text": "oh"}, {"output_type": "stream", "name": "stdout", "text": "more"}]}], "metadata": {}, "nbformat": 4}`)
	body, told := written(t, Pages{}, n)
	for _, want := range []string{`<pre class="stdout">loss 2.303, accuracy<span class="ansi-bold"> 0.1</span>`, `<pre class="stderr">oh</pre>`, `<pre class="stdout">more`} {
		if !strings.Contains(body, want) || told != "" {
			t.Errorf("no %s in %s; told %s", want, body, told)
		}
	}
}

// Every kind that Jupyter shows is shown, in the richest form; of others there is a word.
func TestKindsOfOutput(t *testing.T) {
	for _, c := range []struct{ data, want, told string }{
		{`"image/jpeg": "/9j/\nAAAA", "text/plain": "<Image>"`, `src="data:image/jpeg;base64,/9j/AAAA"`, ""},
		{`"image/png": ["iVBO\n", "Rw0K\n"]`, `src="data:image/png;base64,iVBORw0K" width="30"`, ""},
		{`"image/gif": "R0lG"`, "data:image/gif;base64,R0lG", ""},
		{`"image/webp": "R0lG"`, "data:image/webp", ""},
		{`"image/svg+xml": "<svg/>", "image/png": "iVBO"`, "data:image/svg+xml;base64,PHN2Zy8+", ""},
		{`"image/png": "not base64!", "text/plain": "<Figure>"`, "&lt;Figure&gt;", "cannot be decoded"},
		{`"text/markdown": "**bold** $x$"`, "<strong>bold</strong> <math", ""},
		{`"text/latex": "$\\displaystyle x^{2}$", "text/plain": "x**2"`, "<msup>", ""},
		{`"text/latex": "\\begin{equation}x\\end{equation}"`, "<math", ""},
		{`"text/latex": "x^{2}"`, "<msup>", ""},
		{`"application/json": {"a": [1]}`, "&#34;a&#34;: [", ""},
		{`"application/json": {"a": [1]}, "text/plain": "<IPython.core.display.JSON object>"`, "&#34;a&#34;: [", ""},
		{`"application/pdf": "JVBE"`, `href="data:application/pdf;base64,JVBE"`, ""},
		{`"video/mp4": "AAAA"`, "<video controls", ""},
		{`"audio/wav": "AAAA"`, "<audio controls", ""},
		{`"application/javascript": "alert(1)"`, "a page does not run it", "application/javascript"},
		{`"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "IntSlider(value=0)"`, "IntSlider(value=0)", "a widget needs a kernel"},
		{`"application/vnd.plotly.v1+json": {"data": []}`, "[an output of the kind <code>application/vnd.plotly.v1+json</code>", "a page cannot show it"},
		{`"application/vnd.plotly.v1+json": {"data": []}, "image/png": "iVBO"`, "data:image/png", ""},
		{`"application/x-mine": "<b>x</b>"`, "application/x-mine", "cannot show it"},
		{`"text/html": "<table><tr><td>1</table></div></main><plaintext>"`, "<td>1</td>", ""},
		{`"text/html": "<img src=\"https://x.org/a.png\">"`, "<img", "from the network"},
		{`"text/plain": "\u001b[31mred\u001b[0m"`, `<span class="ansi-red">red</span>`, ""},
		{`"text/plain": ""`, "</main>", ""},
	} {
		n := example(t, `{"cells": [{"cell_type": "code", "source": "x", "metadata": {}, "outputs": [{"output_type": "display_data", "metadata": {"image/png": {"width": 30}}, "data": {`+c.data+`}}]}], "metadata": {}, "nbformat": 4}`)
		body, told := written(t, Pages{}, n)
		if !strings.Contains(body, c.want) || strings.Count(body, "</main>") != 1 {
			t.Errorf("%s: no %s in %s", c.data, c.want, body)
		}
		if c.told == "" && told != "" || !strings.Contains(told, c.told) {
			t.Errorf("%s: told %q, want %q", c.data, told, c.told)
		}
	}
}
