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
	work, err := kernel.Work(ctx, s.Work, s.others()...)
	if err != nil {
		return "", err
	}
	s.work = work
	return fmt.Sprintf("%s, cells see %v", work.Go, work.Folders), nil
}

// others are folders from which the laboratory's module can be found where the current
// one does not require it.
func (s *setup) others() (dirs []string) {
	if dir, err := os.Getwd(); err == nil {
		dirs = append(dirs, dir)
	}
	if k, err := kernel.Read(s.home.Data()); err == nil {
		dirs = append(dirs, k.Work...)
	}
	return dirs
}

// telling is a context in which a download is told.
func (s *setup) telling(ctx context.Context, name string) context.Context {
	return assets.Tell(ctx, func(line string) { s.Say(fmt.Sprintf("%-12s %s", name, line)) })
}

func (s *setup) echarts(ctx context.Context) (what string, err error) {
	s.js, err = assets.ECharts(s.telling(ctx, "echarts"))
	return fmt.Sprintf("%d KB", len(s.js)>>10), err
}

// backend brings XLA where it is wanted: the plugins that GoMLX finds installed go first,
// then the pinned one. On platforms that have no pinned one, GoMLX's installer brings its
// own to who asks for XLA by name, and is told what that means.
func (s *setup) backend(ctx context.Context) (string, error) {
	b, err := backend.Open(s.telling(ctx, "backend"), s.Backend, s.xla)
	if err != nil {
		return "", err
	}
	defer b.Finalize()
	return b.Why, nil
}

func (s *setup) xla(ctx context.Context) (path string, err error) {
	path, err = plugin(ctx)
	if !errors.Is(err, assets.ErrUnsupported) || s.Backend != backend.XLA || s.Offline {
		return path, err
	}
	s.Say(fmt.Sprintf("%-12s no XLA plugin of a pinned hash is for this platform; GoMLX's installer brings its own, for which no hash vouches", "backend"))
	if err := install(ctx, filepath.Join(s.cache, assets.XLAElsewhere)); err != nil {
		return "", err
	}
	return plugin(ctx)
}

// Where plugins come from; tests replace them.
var plugin, install = assets.XLAPlugin, backend.Install

func (s *setup) mnist(ctx context.Context) (string, error) {
	dir, err := data.MNIST{}.Find(ctx)
	return "in " + dir, err
}

// kernelspec writes the kernelspec that the lab's Jupyter sees.
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

// spec is the kernelspec for what is set up.
func (s *setup) spec() kernel.Spec {
	spec := kernel.Spec{Bin: Bin(s.cache), Work: s.work.Folders, GoRoot: s.work.GoRoot, Backend: s.Backend, ECharts: s.js}
	if dir := os.Getenv("VGRAD_CACHE"); dir != "" {
		spec.Env = []string{"VGRAD_CACHE=" + s.cache}
	}
	return spec
}

// InstallKernel writes a kernelspec into a Jupyter data folder of the user's: of the same
// parts as the lab's, for the module that o.Work names. Its folder is remembered for
// Uninstall.
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
	if _, err := s.echarts(ctx); err != nil {
		return "", fmt.Errorf("setup: %w", err)
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

// ChosenBackend is the backend that the kernelspec was written for; "" where cells choose.
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
