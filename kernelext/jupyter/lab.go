package jupyter

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Lab is a JupyterLab to be served.
type Lab struct {
	Root     string    // folder of the notebooks
	Notebook string    // to open, relative to Root; "" for the file list
	IP       string    // to answer on; "": 127.0.0.1, this machine alone
	Port     int       // 0: the first free one from 8888 on
	Token    string    // that opens it; "": a new one, which its address then has
	Kernel   string    // of new notebooks
	Log      io.Writer // of the server; nil: nowhere
}

//go:embed lab.py
var labPy string

// Serve runs JupyterLab behind a token and calls ready with its address when it answers
// and refuses whoever has no token. A token that was given is not in the address: it is a
// secret. No settings of the machine's are read; see lab.py. Serve returns when ctx has
// ended or the server has, and leaves no process behind.
func (j *Jupyter) Serve(ctx context.Context, l Lab, ready func(address string)) error {
	port, err := freePort(l.host(), l.Port)
	if err != nil {
		return err
	}
	if err := j.Home.calm(); err != nil {
		return err
	}
	token, query := l.Token, ""
	if token == "" {
		token = rand.Text()
		query = "?token=" + token
	}
	cmd := j.Script(context.WithoutCancel(ctx), labPy, l.args(port)...)
	cmd.Env = append(cmd.Env, "JUPYTER_TOKEN="+token)
	var last tail
	cmd.Stdout = &last
	if l.Log != nil {
		cmd.Stdout = io.MultiWriter(&last, l.Log)
	}
	cmd.Stderr = cmd.Stdout
	job, err := Start(cmd)
	if err != nil {
		return err
	}
	base := "http://" + net.JoinHostPort(l.host(), strconv.Itoa(port)) + "/"
	if err := j.Home.guarded(ctx, job, base+"api/status", token); err != nil {
		return errors.Join(err, job.Stop(), last.error())
	}
	ready(base + l.path() + query)
	select {
	case <-ctx.Done():
		return job.Stop()
	case <-job.Done():
		if job.err == nil { // stopped from its own menu
			return nil
		}
		return errors.Join(fmt.Errorf("jupyter: JupyterLab ended: %w", job.err), last.error())
	}
}

// args are the server's flags. The token is not among them: others see a process's flags.
// A page of an extension needs it too, unless the extension says that it is for everyone.
func (l Lab) args(port int) []string {
	args := []string{
		"--no-browser", "--ServerApp.ip=" + cmp.Or(l.IP, "127.0.0.1"), "--ServerApp.port=" + strconv.Itoa(port), "--ServerApp.port_retries=0",
		"--ServerApp.base_url=/", "--ServerApp.allow_unauthenticated_access=False",
		"--ServerApp.root_dir=" + l.Root, "--LabApp.extension_manager=readonly", "--KernelSpecManager.ensure_native_kernel=False",
	}
	if l.Kernel != "" {
		args = append(args, "--MultiKernelManager.default_kernel_name="+l.Kernel)
	}
	if os.Geteuid() == 0 {
		args = append(args, "--allow-root")
	}
	return args
}

// host is where this machine asks for the lab: the address that it answers on, or this
// machine where it answers on every network.
func (l Lab) host() string {
	switch l.IP {
	case "", "*", "0.0.0.0":
		return "127.0.0.1"
	case "::":
		return "::1"
	}
	return l.IP
}

// path is the page to open.
func (l Lab) path() string {
	if l.Notebook == "" {
		return "lab"
	}
	return "lab/tree/" + (&url.URL{Path: filepath.ToSlash(l.Notebook)}).EscapedPath()
}

// freePort returns want where it is free on a host, and for 0 the first free one from 8888 on.
func freePort(host string, want int) (int, error) {
	first, last := want, want
	if want == 0 {
		first, last = 8888, 8987
	}
	var err error
	for port := first; port <= last; port++ {
		var listener net.Listener
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
			return port, listener.Close()
		}
	}
	if want != 0 {
		return 0, fmt.Errorf("jupyter: port %d is not free on %s: %w; name another with -port", want, host, err)
	}
	return 0, fmt.Errorf("jupyter: no port from %d to %d is free on %s: %w", first, last, host, err)
}

// calm switches off what would ask a network or interrupt the first minute: the offer of
// news, and the search for newer versions. It also says that this home has been migrated:
// else Jupyter copies here what ~/.ipython has of settings, which may be without a token.
func (h Home) calm() error {
	text, err := json.Marshal(map[string]any{"disabledExtensions": map[string]bool{"@jupyterlab/apputils-extension:announcements": true}})
	if err == nil {
		err = os.MkdirAll(filepath.Join(h.Config(), "labconfig"), 0o777)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(h.Config(), "labconfig", "page_config.json"), text, 0o666)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(h.Config(), "migrated"), nil, 0o666)
	}
	if err != nil {
		return fmt.Errorf("jupyter: prepare its settings: %w", err)
	}
	return nil
}

// guarded waits until the server answers, and reports one that refuses its token or lets
// in whoever has none. Settings in this home can do both.
func (h Home) guarded(ctx context.Context, job *Job, address, token string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	status, err := answers(ctx, job, address+"?token="+url.QueryEscape(token))
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("jupyter: JupyterLab refuses its own token: status %d; look at the settings in %s", status, h.Config())
	}
	for _, other := range []string{"", "?token=" + rand.Text()} {
		status, err := answers(ctx, job, address+other)
		if err != nil {
			return err
		}
		if status != http.StatusForbidden {
			return fmt.Errorf("jupyter: JupyterLab answers without its token: status %d, want %d; look at the settings in %s", status, http.StatusForbidden, h.Config())
		}
	}
	return nil
}

// answers waits until the server answers a request, and returns the status.
func answers(ctx context.Context, job *Job, address string) (int, error) {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return 0, err
		}
		if response, err := direct.Do(request); err == nil {
			return response.StatusCode, response.Body.Close()
		}
		select {
		case <-job.Done():
			return 0, fmt.Errorf("jupyter: JupyterLab did not start: %w", job.err)
		case <-ctx.Done():
			return 0, fmt.Errorf("jupyter: wait for JupyterLab: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// direct asks this machine without a proxy, and takes its first word: a page to log in is
// no answer.
var direct = &http.Client{
	Transport:     &http.Transport{Proxy: nil},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// tail keeps the last lines that a program said, for its error.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if extra := len(t.text) - 4096; extra > 0 {
		t.text = append([]byte(nil), t.text[extra:]...)
	}
	return len(p), nil
}

// error is what was said last, nil where nothing was.
func (t *tail) error() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.text), []byte("\n"))
	lines = lines[max(0, len(lines)-5):]
	if text := strings.TrimSpace(string(bytes.Join(lines, []byte("\n")))); text != "" {
		return errors.New("it said last:\n" + text)
	}
	return nil
}
