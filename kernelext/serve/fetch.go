package serve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	slash "path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// fetchLimit bounds how long packages may take to come.
const fetchLimit = 2 * time.Minute

// fetch gets packages that are not at hand into the module in which GoNB compiles, whose
// folder it returns if it got any, and says so. The kernel's environment keeps the go
// command from the network, so that a lesson never depends on one; only here it may reach
// it. A module that one of the cells' modules knows comes in the version that it knows.
func (e *execution) fetch(packages []string) (dir string, err error) {
	if os.Getenv("VGRAD_OFFLINE") == "1" {
		return "", errors.New("nothing is fetched: VGRAD_OFFLINE is 1")
	}
	g := e.k.liveGoNB(e.stopAsking)
	select {
	case <-g.ready:
	case <-g.down:
		return "", errDown
	case <-e.stopAsking:
		return "", errors.New(interruptedMessage)
	}
	module := g.tempDir()
	if module == "" {
		return "", errors.New("GoNB has no module to fetch packages for")
	}
	e.out.say("fetching " + strings.Join(packages, ", ") + "\n")
	ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
	defer cancel()
	go func() {
		select {
		case <-e.stopAsking:
			cancel()
		case <-ctx.Done():
		}
	}()
	arguments := map[string][]string{} // of go get, by what they bring
	for _, path := range packages {
		known := g.knownModule(ctx, module, path)
		arguments[known] = append(arguments[known], path)
	}
	var wrong []error
	for _, known := range slices.Sorted(maps.Keys(arguments)) {
		ask := [][]string{{known}}
		if known == "" { // together, for one version of a module
			if ask = [][]string{arguments[known]}; g.goNetwork(ctx, module, append([]string{"get"}, arguments[known]...)...) == nil {
				dir = module
				continue
			}
			if len(arguments[known]) > 1 { // those that can be had
				ask = nil
				for _, path := range arguments[known] {
					ask = append(ask, []string{path})
				}
			}
		}
		for _, what := range ask {
			if err := g.goNetwork(ctx, module, append([]string{"get"}, what...)...); err != nil {
				wrong = append(wrong, err)
			} else {
				dir = module
			}
		}
	}
	if dir != "" { // the workspace may want more of the modules' requirements than go get does
		_ = g.goNetwork(ctx, module, append([]string{"list", "-e", "-deps", "--"}, packages...)...)
	}
	return dir, errors.Join(wrong...)
}

// knownModule returns the module that has a package, as module@version, where one of the
// cells' modules depends on it, if only by others; "" if none does.
func (g *gonb) knownModule(ctx context.Context, dir, path string) string {
	args := []string{"list", "-m", "-e", "-f", "{{.Path}} {{.Version}} {{.Dir}}", "--"}
	for at := path; at != "." && at != "/"; at = slash.Dir(at) {
		args = append(args, at)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, append(g.environment(), "GOFLAGS=")
	out, _ := cmd.Output() // what it does not know it leaves out
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 2 {
			if _, err := os.Stat(filepath.Join(strings.Join(f[2:], " "), strings.TrimPrefix(path, f[0]))); err == nil {
				return f[0] + "@" + f[1]
			}
		}
	}
	return ""
}

// goNetwork runs the go command with the user's own proxy.
func (g *gonb) goNetwork(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	for _, pair := range g.environment() {
		if !strings.HasPrefix(pair, "GOPROXY=off") && !strings.HasPrefix(pair, "GOFLAGS=") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	// Jupyter leaves a variable that is not set as it is written.
	if proxy := os.Getenv("VGRAD_GOPROXY"); proxy != "" && !strings.HasPrefix(proxy, "$") {
		cmd.Env = append(cmd.Env, "GOPROXY="+proxy)
	}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	var told []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "go: ")
		if line != "" && !strings.HasPrefix(line, "downloading ") && !strings.HasPrefix(line, "finding ") {
			told = append(told, line)
		}
	}
	if ctx.Err() != nil {
		told = append(told, ctx.Err().Error())
	}
	return fmt.Errorf("go %s: %s", args[0], strings.Join(told[:min(3, len(told))], ": "))
}

// bring gets what a cell was not compiled for, and reports whether it is worth another
// try. A cell with commands of the shell is not run twice, unless it is plain: its
// commands have run by themselves.
func (e *execution) bring(g *gonb, program Program, what *reply) bool {
	if what.Status == "ok" || !program.Plain && strings.Contains("\n"+program.Source, "\n!") {
		return false
	}
	if modules := implied(what.Evalue); len(modules) > 0 {
		return e.require(g, modules)
	}
	packages := missing(what.Evalue)
	if len(packages) == 0 || e.unfetched != nil {
		return false
	}
	dir, wrong := e.fetch(packages)
	e.unfetched = wrong
	return dir != ""
}

// require names modules in the module in which GoNB compiles, which the cells' modules
// depend on by others. It needs no network.
func (e *execution) require(g *gonb, modules []string) bool {
	dir := g.tempDir()
	if dir == "" {
		return false
	}
	args := []string{"mod", "edit"}
	for _, m := range modules {
		args = append(args, "-require="+m)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(g.environment(), "GOFLAGS=")
	if err := cmd.Run(); err != nil {
		e.k.o.Log(fmt.Sprintf("serve: go mod edit: %v", err))
		return false
	}
	return true
}

// because tells why, if that is known.
func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// lookedUp matches what the go command says of a package that it may not look for, and
// implicit what it says of a module that is to be required.
var (
	lookedUp = regexp.MustCompile(`(?m)^\s*(?:go: )?([^\s:@]+)(?:@\S+)?: (?:\S+@\S+: )?(?:module lookup disabled by GOPROXY=off|cannot find module providing package)|no required module provides package ([^\s;:]+)`)
	implicit = regexp.MustCompile(`imports \S+ from implicitly required module; to add missing requirements, run:\s+go get (\S+@\S+)`)
)

// missing lists the packages for which a cell was not compiled.
func missing(said string) (packages []string) {
	for _, m := range lookedUp.FindAllStringSubmatch(said, -1) {
		if path := m[1] + m[2]; !slices.Contains(packages, path) {
			packages = append(packages, path)
		}
	}
	return packages
}

// implied lists the modules for which a cell was not compiled though they are known.
func implied(said string) (modules []string) {
	for _, m := range implicit.FindAllStringSubmatch(said, -1) {
		if !slices.Contains(modules, m[1]) {
			modules = append(modules, m[1])
		}
	}
	return modules
}
