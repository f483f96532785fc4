package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// executed is a notebook with an output.
const executed = `{"cells": [{"cell_type": "markdown", "metadata": {}, "source": "# Six times seven\n\nIt is [known](gone.ipynb). The rest is silence."},
 {"cell_type": "code", "metadata": {}, "source": "6 * 7", "outputs": [{"output_type": "stream", "name": "stdout", "text": "42\n"}]}],
 "metadata": {"kernelspec": {"name": "vgrad"}}, "nbformat": 4, "nbformat_minor": 5}`

// A site is made without Jupyter, of what is in the notebooks, and says what it cannot do.
func TestPublishSite(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what needs ECharts")
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1767323045")
	path, dir := filepath.Join(t.TempDir(), "six.ipynb"), filepath.Join(t.TempDir(), "a", "site")
	if err := os.WriteFile(path, []byte(executed), 0o666); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second replaces the first
		code, out, errs := program(t, "publish", "-site", dir, "-title", "Sums", path)
		if code != 0 || !strings.Contains(out, "index.html: 1.2 MB in ") || !strings.Contains(errs, "six.ipynb: cell 1: the link to gone.ipynb leads nowhere") {
			t.Fatalf("%d, %s%s", code, out, errs)
		}
	}
	for name, want := range map[string]string{"index.html": "<p>It is known.</p>", "six.html": "on 2 January 2026, 03:04 UTC", "notebooks/six.ipynb": executed} {
		if !strings.Contains(string(readFile(t, filepath.Join(dir, name))), want) {
			t.Errorf("%s does not have %q", name, want)
		}
	}
	if string(readFile(t, path)) != executed {
		t.Error("the notebook is changed")
	}
}

func TestPublishSiteRefuses(t *testing.T) {
	path, dir := filepath.Join(t.TempDir(), "six.ipynb"), t.TempDir()
	for file, text := range map[string]string{path: executed, filepath.Join(dir, "thesis.tex"): "mine"} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-site", dir, path}, 1, "holds files that are not of a site"},
		{[]string{"-site", dir, "-check", path}, 2, "executes nothing, so -check says nothing"},
		{[]string{"-site", dir, "-pdf", path}, 2, "-pdf prints the pages that are published without -site"},
		{[]string{"-title", "Sums", path}, 2, "-title is that of a site"},
		{[]string{"-site", filepath.Join(dir, "new"), path, "nowhere.ipynb"}, 1, "nowhere.ipynb"},
	} {
		if code, out, errs := program(t, append([]string{"publish"}, c.args...)...); code != c.code || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("%q: %d, %s%s", c.args, code, out, errs)
		}
	}
	if string(readFile(t, filepath.Join(dir, "thesis.tex"))) != "mine" {
		t.Error("a file of someone else's is changed")
	}
}

// A PDF of someone else's is not replaced, and a machine without a browser is told before
// anything is executed.
func TestPublishPDFRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what needs a browser")
	}
	dir := t.TempDir()
	path, pdf := filepath.Join(dir, "six.ipynb"), filepath.Join(dir, "six.pdf")
	for file, text := range map[string]string{path: executed, pdf: "%PDF-1.7 mine"} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, errs := program(t, "publish", "-pdf", path); code != 1 || !strings.Contains(errs, "six.pdf is there and was not printed by a browser") {
		t.Errorf("%d, %s", code, errs)
	}
	t.Setenv("PATH", t.TempDir())
	if code, _, errs := program(t, "publish", "-pdf", path); code != 1 || !strings.Contains(errs, "a PDF needs a browser") {
		t.Errorf("%d, %s", code, errs)
	}
	if string(readFile(t, pdf)) != "%PDF-1.7 mine" || string(readFile(t, path)) != executed {
		t.Error("a file is changed")
	}
}
