// Package kernel writes the kernelspec with which Jupyter starts the kernel of the lessons.
//
// A kernelspec is a folder. Its kernel.json says which program to start and in what
// environment; Jupyter serves the other files to the page. This one is called [Name].
// GoNB's own kernelspec, gonb, is not touched. Cells of this kernel see a module of this
// machine and the module's dependencies, without a network:
//
//	work, err := kernel.Work(ctx, ".")            // the module that cells see
//	spec := kernel.Spec{Bin: bin, Work: work.Folders, GoRoot: work.GoRoot}
//	dir, err := spec.Install(folder)              // below a Jupyter data folder
//
// The kernelspec overrides the user's GOFLAGS, GOWORK and GOPROXY: with GOFLAGS=-mod=mod
// or GOWORK=off a workspace does not work.
package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/vgrad/lab/vgrad/atomicfile"
)

// Name is the kernelspec's name, and DisplayName the name that Jupyter shows.
const (
	Name        = "vgrad"
	DisplayName = "Go (vgrad)"
)

// LinkFlags are the linker flags of a cell's program. They leave out the tables for
// debuggers, which a cell does not need; that halves the time to link. A panic still names
// its lines.
const LinkFlags = "-ldflags=-s -w"

// Spec is the content of a kernelspec.
type Spec struct {
	Bin     string   // folder with vgrad, gonb and goimports; required
	Work    []string // absolute folders of the modules that cells see; at least one
	GoRoot  string   // of the Go that compiles cells; "": the one on PATH
	Backend string   // value of GOMLX_BACKEND; "": the user's environment decides
	ECharts []byte   // the library that draws live figures; nil: none is installed
	Env     []string // more variables, as KEY=value; nil: none
}

// file is kernel.json.
type file struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Env           map[string]string `json:"env"`
	Metadata      metadata          `json:"metadata"`
}

// metadata marks a kernelspec as ours and holds the Spec that it was made from.
type metadata struct {
	Ours     *Spec `json:"vgrad,omitempty"`
	Debugger bool  `json:"debugger"` // JupyterLab then has its variable view; kernel_info says that there are no breakpoints
}

// MarshalJSON leaves ECharts out: it is a file of its own.
func (s Spec) MarshalJSON() ([]byte, error) {
	type plain Spec
	s.ECharts = nil
	return json.Marshal(plain(s))
}

// check reports module folders that GoNB's flag -go_work cannot express.
func (s Spec) check() error {
	if len(s.Work) == 0 {
		return errors.New("no module folder is given for the cells")
	}
	for _, dir := range s.Work {
		switch {
		case !filepath.IsAbs(dir):
			return fmt.Errorf("the module folder %q is not absolute", dir)
		case strings.Contains(dir, ","):
			return fmt.Errorf("the module folder %q has a comma in its name, and GoNB splits its list of folders at commas; move the module", dir)
		}
	}
	return nil
}

// json returns kernel.json.
func (s Spec) json() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	f := file{
		Argv:        s.argv(),
		DisplayName: DisplayName, Language: "go", InterruptMode: "message",
		Env:      s.environment(),
		Metadata: metadata{&s, true},
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(f)
	return text.Bytes(), err
}

// argv starts the kernel, which finds gonb and goimports beside its own program.
func (s Spec) argv() []string {
	argv := []string{filepath.Join(s.Bin, "vgrad"), "kernel", "run", "-f", "{connection_file}", "-work=" + strings.Join(s.Work, ",")}
	if s.GoRoot != "" {
		argv = append(argv, "-goroot="+s.GoRoot)
	}
	return argv
}

// environment returns the variables that Jupyter adds to the kernel's environment. Jupyter
// replaces ${NAME} in their values, so any other $ is written as $$.
func (s Spec) environment() map[string]string {
	env := map[string]string{
		"PATH":                  strings.Join(escapeAll(s.path()), string(os.PathListSeparator)) + string(os.PathListSeparator) + "${PATH}",
		"GOMLX_NO_AUTO_INSTALL": "1",  // no downloads from within a cell
		"VGRAD_KERNELSPEC":      Name, // where a figure finds the library: kernelspecs/<name>/echarts.min.js
		"GOTOOLCHAIN":           "local",
		"VGRAD_GOPROXY":         "${GOPROXY}", // the user's, for a package that a cell asks for and that is not there
	}
	maps.Copy(env, Resolution())
	if s.Backend != "" {
		env["GOMLX_BACKEND"] = escape(s.Backend)
	}
	for _, pair := range s.Env {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = escape(value)
	}
	return env
}

// Resolution returns the part of the kernel's environment that decides how the go command
// finds packages and links a cell. None of the values may be empty: for an empty variable
// the go command uses the value that the user has set with go env -w.
func Resolution() map[string]string {
	return map[string]string{
		"GOPROXY": "off",
		"GOWORK":  "auto",
		"GOFLAGS": "'" + LinkFlags + "'",
	}
}

func (s Spec) path() []string {
	list := []string{s.Bin}
	if s.GoRoot != "" {
		list = append(list, filepath.Join(s.GoRoot, "bin"))
	}
	return list
}

func escape(text string) string { return strings.ReplaceAll(text, "$", "$$") }

func escapeAll(list []string) (out []string) {
	for _, text := range list {
		out = append(out, escape(text))
	}
	return out
}

// Folder returns the kernelspec's folder below a Jupyter data folder.
func Folder(data string) string { return filepath.Join(data, "kernels", Name) }

// UserData returns the data folder in which the user's own Jupyter looks for kernels:
// $JUPYTER_DATA_DIR, or else the platform's default. It fails if there is no home folder.
func UserData() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return filepath.Abs(dir)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("kernel: no folder for the user's kernels: %w; name a folder with -prefix", err)
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Jupyter"), nil
	case "windows":
		return filepath.Join(os.Getenv("APPDATA"), "jupyter"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "jupyter"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter"), nil
}

// ErrForeign is the error of a kernelspec called [Name] that vgrad did not write.
var ErrForeign = errors.New("it is not one that vgrad wrote")

// Install writes the kernelspec into a Jupyter data folder and returns its folder and
// whether it was changed. Each file is replaced as a whole, kernel.json last. If another
// program wrote a kernelspec of this name, Install leaves it alone and returns
// [ErrForeign].
func (s Spec) Install(data string) (dir string, changed bool, err error) {
	dir = Folder(data)
	if _, err := Read(data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return dir, false, err
	}
	changed, err = s.write(dir)
	if err != nil {
		return dir, changed, fmt.Errorf("kernel: install the kernelspec %s: %w", dir, err)
	}
	return dir, changed, nil
}

func (s Spec) write(dir string) (changed bool, err error) {
	text, err := s.json()
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return false, err
	}
	files := map[string][]byte{"logo-svg.svg": logoSVG()}
	for _, size := range []int{32, 64} {
		files[fmt.Sprintf("logo-%dx%d.png", size, size)] = logoPNG(size)
	}
	if s.ECharts != nil {
		files["echarts.min.js"] = s.ECharts
	}
	for _, name := range append(slices.Sorted(maps.Keys(files)), "kernel.json") {
		content := files[name]
		if name == "kernel.json" {
			content = text
		}
		wrote, err := replace(filepath.Join(dir, name), content)
		if err != nil {
			return changed, err
		}
		changed = changed || wrote
	}
	return changed, nil
}

// replace writes a file as a whole, unless it has that content already.
func replace(path string, content []byte) (wrote bool, err error) {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return false, nil
	}
	err = atomicfile.Write(path, content)
	return err == nil, err
}

// Installed is a kernelspec that was read from its folder.
type Installed struct {
	Spec                   // that it was made from, without ECharts
	Dir  string            // its folder
	Argv []string          // the command that starts the kernel
	Vars map[string]string // the variables of its environment
}

// Read returns the kernelspec in a Jupyter data folder. The error is fs.ErrNotExist if
// there is none, and [ErrForeign] if another program wrote it.
func Read(data string) (*Installed, error) {
	dir := Folder(data)
	text, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		return nil, fmt.Errorf("kernel: read the kernelspec %s: %w", dir, err)
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil || f.Metadata.Ours == nil {
		return nil, fmt.Errorf("kernel: the kernelspec %s: %w; move it away", dir, ErrForeign)
	}
	return &Installed{*f.Metadata.Ours, dir, f.Argv, f.Env}, nil
}

// Remove deletes the kernelspec from a Jupyter data folder and returns its folder. It
// fails with the errors of [Read].
func Remove(data string) (dir string, err error) {
	k, err := Read(data)
	if err != nil {
		return Folder(data), err
	}
	if err := os.RemoveAll(k.Dir); err != nil {
		return k.Dir, fmt.Errorf("kernel: remove the kernelspec: %w", err)
	}
	return k.Dir, nil
}
