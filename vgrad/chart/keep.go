package chart

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// path is the file in which a picture is kept; "" if the renderer keeps none. Its
// name is a hash of everything that the picture depends on, except the version of
// ECharts. A new version comes with a new release of this module, and the hash
// contains that release's runtime.
func (r *Renderer) path(spec []byte, theme Theme, width, height int, titled bool) string {
	if r.dir == "" {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s %d %d %t", runtime(), spec, theme, width, height, titled)
	return filepath.Join(r.dir, hex.EncodeToString(h.Sum(nil)[:16])+".svg")
}

// kept returns the picture in a file, or nil if it is missing or incomplete.
func kept(path string) []byte {
	svg, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(svg, []byte("<svg ")) || !bytes.HasSuffix(bytes.TrimSpace(svg), []byte("</svg>")) {
		return nil
	}
	return svg
}

// keep writes a picture and removes those older than 30 days. Its errors are
// ignored because this is a cache: a picture that is not kept is drawn again.
func (r *Renderer) keep(path string, svg []byte) {
	if path == "" || os.MkdirAll(r.dir, 0o755) != nil {
		return
	}
	tmp, err := os.CreateTemp(r.dir, ".new-*")
	if err != nil {
		return
	}
	_, err = tmp.Write(svg)
	if tmp.Close() != nil || err != nil || os.Rename(tmp.Name(), path) != nil {
		os.Remove(tmp.Name())
		return
	}
	entries, _ := os.ReadDir(r.dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > 30*24*time.Hour {
			os.Remove(filepath.Join(r.dir, e.Name()))
		}
	}
}
