package main

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/vgrad/lab/kernelext/publish"
	"github.com/vgrad/lab/vgrad/runs"
)

// executedHow says how a notebook was executed, from the runs that its cells have recorded.
func executedHow(store string) publish.Execution {
	x := publish.Execution{Version: ownVersion(), Executed: time.Now().UTC().Format("2 January 2006")}
	s, err := runs.Open(store)
	if err != nil {
		return x
	}
	all, err := s.List()
	if err != nil {
		return x
	}
	var backends []string
	var seeds []uint64
	for _, e := range all {
		if e.Finished {
			backends = append(backends, folder.ReplaceAllString(cmp.Or(e.Provenance.Description, e.Provenance.Backend), "("))
			seeds = append(seeds, e.Experiment.Seed)
		}
	}
	x.Backend = strings.Join(distinct(backends), "; ")
	x.Seeds = spans(distinct(seeds))
	return x
}

// folder matches the folder of a backend's plugin, which is of this machine alone.
var folder = regexp.MustCompile(`\([^()]*[/\\]`)

// distinct sorts xs and leaves out what repeats.
func distinct[T cmp.Ordered](xs []T) []T {
	slices.Sort(xs)
	return slices.Compact(xs)
}

// spans writes ascending numbers as "0", "0, 7" or "0 to 4".
func spans(xs []uint64) string {
	if n := len(xs); n > 2 && xs[n-1]-xs[0] == uint64(n-1) {
		return fmt.Sprintf("%d to %d", xs[0], xs[n-1])
	}
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(xs), "[]"), " ", ", ")
}

// ownVersion is the version of this program's module.
func ownVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development version"
	}
	version, _, dirty := strings.Cut(info.Main.Version, "+")
	if dirty {
		return version + " with changes"
	}
	return version
}
