package docker

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// file returns a file of an image; flags are of docker create.
func (e *engine) file(t *testing.T, image, path string, flags ...string) []byte {
	t.Helper()
	id := e.do(t, slices.Concat([]string{"create"}, flags, []string{image})...)
	defer e.do(t, "rm", id)
	text, err := e.command(t.Context(), "cp", id+":"+path, "-").Output()
	if err != nil {
		t.Fatalf("%s has no %s: %v", image, path, err)
	}
	archive := tar.NewReader(bytes.NewReader(text))
	if _, err := archive.Next(); err != nil {
		t.Fatal(err)
	}
	if text, err = io.ReadAll(archive); err != nil {
		t.Fatal(err)
	}
	return text
}

// leaks returns what of this machine went into an image, each with what gives it away. It
// goes through all layers that were built here: what a later layer removes is in an image
// all the same.
func (e *engine) leaks(t *testing.T, image string) (leaks []string) {
	t.Helper()
	secrets := secretsHere(t)
	cmd := e.command(t.Context(), "save", image)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	given, searched := e.layers(t, base(t, "BASE_IMAGE")), []string{}
	archive := tar.NewReader(out)
	for {
		_, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		found, err := look(io.TeeReader(archive, sum), secrets)
		if err != nil { // the image's configuration, which is no archive
			continue
		}
		layer := "sha256:" + hex.EncodeToString(sum.Sum(nil))
		searched = append(searched, layer)
		if !slices.Contains(given, layer) {
			leaks = append(leaks, found...)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, layer := range e.layers(t, image) {
		if !slices.Contains(searched, layer) {
			t.Errorf("the layer %s was not searched", layer)
		}
	}
	for name := range strings.Lines(e.do(t, "history", "--no-trunc", "--format", "{{.CreatedBy}}", image) + "\n" + e.do(t, "inspect", image)) {
		for secret, what := range secrets {
			if strings.Contains(name, secret) {
				leaks = append(leaks, what+" in the image's history: "+name)
			}
		}
	}
	return leaks
}

// layers returns the sums of an image's layers.
func (e *engine) layers(t *testing.T, image string) (sums []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(e.do(t, "inspect", "-f", "{{json .RootFS.Layers}}", image)), &sums); err != nil {
		t.Fatal(err)
	}
	return sums
}

// forbidden are names of files that have no place in an image.
var forbidden = []string{"pip.conf", ".npmrc", ".netrc", ".git-credentials", "auth.conf", ".bash_history"}

// look searches one layer.
func look(r io.Reader, secrets map[string]string) (leaks []string, err error) {
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			_, err := io.Copy(io.Discard, r)
			return leaks, err
		}
		if err != nil {
			return leaks, err
		}
		name := "/" + path.Clean(header.Name)
		if slices.Contains(forbidden, path.Base(name)) || strings.HasPrefix(name, ownCertificates+"/") || strings.HasPrefix(name, "/etc/ssl/certs/") {
			leaks = append(leaks, name)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return leaks, err
		}
		for secret, what := range secrets {
			if bytes.Contains(text, []byte(secret)) {
				leaks = append(leaks, fmt.Sprintf("%s in %s", what, name))
			}
		}
	}
}

// secretsHere are texts of this machine that are in no image, each with what it is: the
// certificates that were added to it, its registries' addresses, its name.
func secretsHere(t *testing.T) map[string]string {
	t.Helper()
	secrets := map[string]string{}
	certificates, err := filepath.Glob(ownCertificates + "/*.crt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range certificates {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(string(text), "\n"); len(lines) > 4 {
			secrets[lines[3]] = "the certificate " + file
		}
	}
	for _, name := range settings {
		if value := os.Getenv(name); len(value) > 12 && !strings.Contains(value, "proxy.golang.org") {
			secrets[value] = "$" + name
		}
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	secrets[filepath.Dir(here)+"/"] = "this checkout's folder"
	return secrets
}
