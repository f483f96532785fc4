package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/vgrad/lab/kernelext/jupyter"
	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/backend"
	"github.com/vgrad/lab/vgrad/data"
)

// module finds the modules that cells will see.
func (s *setup) module(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return "", fmt.Errorf("there is no go command on PATH: %w", err)
	}
	work, err := kernel.Work(ctx, s.Work, s.labCandidates()...)
	if err != nil {
		return "", err
	}
	s.work = work
	return fmt.Sprintf("%s, cells see %v", work.Go, work.Folders), nil
}

// labCandidates returns folders from which the laboratory's module may be found if the
// user's module does not require it.
func (s *setup) labCandidates() (dirs []string) {
	if dir, err := os.Getwd(); err == nil {
		dirs = append(dirs, dir)
	}
	if k, err := kernel.Read(s.home.Data()); err == nil {
		dirs = append(dirs, k.Work...)
	}
	return dirs
}

// reporting returns a context in which downloads are reported to s.Say.
func (s *setup) reporting(ctx context.Context, name string) context.Context {
	return assets.Tell(ctx, func(line string) { s.Say(fmt.Sprintf("%-12s %s", name, line)) })
}

func (s *setup) echarts(ctx context.Context) (what string, err error) {
	s.js, err = assets.ECharts(s.reporting(ctx, "echarts"))
	return fmt.Sprintf("%d KB", len(s.js)>>10), err
}

func (s *setup) katex(ctx context.Context) (what string, err error) {
	js, err := assets.KaTeX(s.reporting(ctx, "katex"))
	return fmt.Sprintf("%d KB", len(js)>>10), err
}

// backend installs XLA unless the Go backend is chosen. A plugin that GoMLX finds installed
// comes first, then the pinned one.
func (s *setup) backend(ctx context.Context) (string, error) {
	b, err := backend.Open(s.reporting(ctx, "backend"), s.Backend, s.xla)
	if err != nil {
		return "", err
	}
	defer b.Finalize()
	return b.Why, nil
}

// xla returns the path of the XLA plugin and fetches it if it is missing. On a platform
// without a pinned plugin, GoMLX's installer downloads one, but only if the user chose XLA
// by name: that download is unverified.
func (s *setup) xla(ctx context.Context) (path string, err error) {
	path, err = plugin(ctx)
	if !errors.Is(err, assets.ErrUnsupported) || s.Backend != backend.XLA || s.Offline {
		return path, err
	}
	s.Say(fmt.Sprintf("%-12s there is no pinned XLA plugin for this platform; GoMLX's installer fetches its own, an unverified download", "backend"))
	if err := install(ctx, filepath.Join(s.cache, assets.XLAElsewhere)); err != nil {
		return "", err
	}
	return plugin(ctx)
}

// Tests replace these functions.
var plugin, install = assets.XLAPlugin, backend.Install

func (s *setup) mnist(ctx context.Context) (string, error) {
	dir, err := data.MNIST{}.Find(ctx)
	return "in " + dir, err
}

// kernelspec writes the kernelspec for the lab's Jupyter.
func (s *setup) kernelspec(context.Context) (string, error) {
	spec := s.spec()
	dir, changed, err := spec.Install(s.home.Data())
	if err != nil {
		return "", err
	}
	if !changed {
		return kernel.DisplayName + " is there", nil
	}
	return fmt.Sprintf("%s written to %s", kernel.DisplayName, dir), nil
}

// spec returns the kernelspec for the installed parts.
func (s *setup) spec() kernel.Spec {
	spec := kernel.Spec{Bin: Bin(s.cache), Work: s.work.Folders, GoRoot: s.work.GoRoot, Backend: s.Backend, ECharts: s.js}
	if dir := os.Getenv("VGRAD_CACHE"); dir != "" {
		spec.Env = []string{"VGRAD_CACHE=" + s.cache}
	}
	return spec
}

// InstallKernel writes a kernelspec into a Jupyter data folder of the user, for the module
// in o.Work and with the parts in the cache. It returns the kernelspec's folder, and
// records it for [Uninstall]. It fails if a part that the kernel needs is missing.
func InstallKernel(ctx context.Context, o Options, dataFolder string) (dir string, err error) {
	s, err := newSetup(o)
	if err != nil {
		return "", err
	}
	if _, err := s.module(ctx); err != nil {
		return "", err
	}
	for _, t := range Tools {
		if err := t.Check(Bin(s.cache), ""); err != nil {
			return "", fmt.Errorf("setup: %w; run first: go tool vgrad setup", err)
		}
	}
	for _, step := range []func(*setup, context.Context) (string, error){(*setup).vgrad, (*setup).echarts} {
		if _, err := step(s, ctx); err != nil {
			return "", fmt.Errorf("setup: %w", err)
		}
	}
	if err := s.resolves(ctx); err != nil {
		return "", err
	}
	dir, _, err = s.spec().Install(dataFolder)
	if err != nil {
		return "", err
	}
	return dir, s.remember(filepath.Clean(dataFolder))
}

// ChosenBackend returns the backend in the lab's kernelspec; "" if cells choose, or if there
// is no kernelspec.
func ChosenBackend() string {
	home, err := jupyter.Open()
	if err != nil {
		return ""
	}
	k, err := kernel.Read(home.Data())
	if err != nil {
		return ""
	}
	return k.Backend
}
