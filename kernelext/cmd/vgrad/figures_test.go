package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFigures(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lesson.ipynb")
	text, err := os.ReadFile("../../../notebooks/11_tensorboard.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := program(t, "figures", path)
	if code != 0 || !strings.Contains(out, "figures in ") || errs != "" {
		t.Fatalf("%d, %q, %q", code, out, errs)
	}
	n := map[string]int{}
	files, err := os.ReadDir(filepath.Join(dir, "lesson-figures"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		n[filepath.Ext(f.Name())]++
	}
	if n[".svg"] < 3 || n[".svg"] != n[".png"] || n[".csv"] != n[".png"] {
		t.Errorf("the files are %v", n)
	}
	for range 2 {
		if code, out, errs = program(t, "figures", "-add", path); code != 0 || errs != "" {
			t.Fatalf("%d, %q, %q", code, out, errs)
		}
	}
	if !strings.Contains(out, ": 0 pictures added") {
		t.Errorf("a second time: %q", out)
	}
	if with, err := os.ReadFile(path); err != nil || strings.Count(string(with), `"image/png": "`) < 3 {
		t.Errorf("the notebook has no PNGs: %v", err)
	}
	empty := filepath.Join(dir, "empty.ipynb")
	if err := os.WriteFile(empty, []byte(`{"nbformat": 4, "cells": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"figures"}, 2, "say which notebooks"},
		{[]string{"figures", "-add", "-out", dir, path}, 2, "leave out -out"},
		{[]string{"figures", "-out", dir, path, empty}, 2, "one notebook"},
		{[]string{"figures", empty}, 1, "has no figures"},
		{[]string{"figures", filepath.Join(dir, "none.ipynb")}, 1, "none.ipynb"},
	} {
		if code, _, errs := program(t, c.args...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%v: %d, %q; want %d, %q", c.args, code, errs, c.code, c.says)
		}
	}
}
