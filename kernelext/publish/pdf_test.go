package publish

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A page becomes a PDF that has its pages and pictures, and is known again.
func TestPDF(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what needs a browser")
	}
	browser, err := Browser()
	if err != nil {
		t.Fatal(err)
	}
	nb, err := Open("../../notebooks/00_start_here.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if _, err := (Pages{}).Write(&html, nb); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a page #1.html")
	if err := os.WriteFile(path, html.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	pdf, err := PDF(t.Context(), browser, path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(pdf, []byte("/Type /Page\n")); n < 4 || len(pdf) < 100_000 || !PrintedPDF(pdf) {
		t.Errorf("%d pages, %d bytes", n, len(pdf))
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := PDF(ctx, browser, path); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A browser that is none says so, and without one there is a clear error.
func TestPDFWithoutBrowser(t *testing.T) {
	fake := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(fake, []byte("#!/bin/sh\necho first; echo no display >&2; exit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := PDF(t.Context(), fake, "x.html"); err == nil || !strings.Contains(err.Error(), "it made no PDF (exit status 3): no display") {
		t.Error(err)
	}
	t.Setenv("PATH", t.TempDir())
	if path, err := Browser(); err == nil && !filepath.IsAbs(path) || err != nil && !errors.Is(err, ErrNoBrowser) {
		t.Errorf("%s, %v", path, err)
	}
	if PrintedPDF([]byte("%PDF-1.7 by hand")) || PrintedPDF(nil) {
		t.Error("any PDF is taken for a page's")
	}
}
