package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// fetchLimit bounds how long packages may take to come.
const fetchLimit = 2 * time.Minute

// fetch gets packages that are not at hand into the module in which GoNB compiles, whose
// folder it returns, and says so. The kernel's environment keeps the go command from the
// network, so that a lesson never depends on one; only here it may reach it.
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
	if dir = g.tempDir(); dir == "" {
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
	cmd := exec.CommandContext(ctx, "go", append([]string{"get"}, packages...)...)
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
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return "", fmt.Errorf("go get: %s", lines[len(lines)-1])
	}
	return dir, nil
}

// lookedUp matches what the go command says of a package that it may not look for.
var lookedUp = regexp.MustCompile(`(?m)^\s*(?:go: )?([^\s:@]+)(?:@\S+)?: (?:module lookup disabled by GOPROXY=off|cannot find module providing package)`)

// missing lists the packages for which a cell of GoNB's was not compiled.
func missing(said string) (packages []string) {
	for _, m := range lookedUp.FindAllStringSubmatch(said, -1) {
		if !slices.Contains(packages, m[1]) {
			packages = append(packages, m[1])
		}
	}
	return packages
}
