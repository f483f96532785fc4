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

// Lab says how a JupyterLab is served.
type Lab struct {
	Root     string    // folder of the notebooks; required
	Notebook string    // notebook to open, relative to Root; "": the file list
	IP       string    // address to listen on; "": 127.0.0.1, this machine alone
	Port     int       // 0: the first free one from 8888 to 8987
	Token    string    // token of the server; "": a new, random one, which is part of the address
	Kernel   string    // kernelspec of new notebooks; "": Jupyter's default
	Log      io.Writer // output of the server; nil: it is discarded
}

//go:embed lab.py
var labPy string

// Serve runs a JupyterLab that requires a token. It calls ready with the address once the
// server answers, and refuses requests without the token. l.Token is a secret, so it is not
// part of the address. System-wide settings of the machine are not read; see lab.py. Serve
// returns when ctx or the server ends, after every process that it started has ended. It
// returns nil if ctx ended or the user stopped the server.
func (j *Jupyter) Serve(ctx context.Context, l Lab, ready func(address string)) error {
	if err := j.Home.writeSettings(); err != nil {
		return err
	}
	var s *server
	err := l.onFreePort(ctx, func(port int) (err error) {
		s, err = j.start(ctx, l, port)
		return err
	})
	if err != nil {
		return err
	}
	ready(s.address)
	select {
	case <-ctx.Done():
		return s.job.Stop()
	case <-s.job.Done():
		if s.job.err == nil { // the user stopped it from its menu
			return nil
		}
		return errors.Join(fmt.Errorf("jupyter: JupyterLab ended: %w", s.job.err), s.last.error())
	}
}

// server is a running JupyterLab.
type server struct {
	job     *Job
	address string // of the page to open
	last    tail   // of its output
}

// start starts JupyterLab on a port, and returns when the server requires its token. If it
// fails, no process is left running. A random token is new at each start, because another
// program that took the port first may have received the earlier one.
func (j *Jupyter) start(ctx context.Context, l Lab, port int) (*server, error) {
	token, query := l.Token, ""
	if token == "" {
		token = rand.Text()
		query = "?token=" + token
	}
	base := "http://" + net.JoinHostPort(l.host(), strconv.Itoa(port)) + "/"
	s := &server{address: base + l.path() + query}
	cmd := j.Script(context.WithoutCancel(ctx), labPy, l.args(port)...)
	cmd.Env = append(cmd.Env, "JUPYTER_TOKEN="+token)
	cmd.Stdout = &s.last
	if l.Log != nil {
		cmd.Stdout = io.MultiWriter(&s.last, l.Log)
	}
	cmd.Stderr = cmd.Stdout
	var err error
	if s.job, err = Start(cmd); err != nil {
		return nil, err
	}
	if err := j.Home.requiresToken(ctx, s.job, base+"api/status", token); err != nil {
		return nil, errors.Join(err, s.job.Stop(), s.last.error())
	}
	return s, nil
}

// args returns the server's flags. The token is not among them, because other users can
// read a process's flags. With allow_unauthenticated_access=False the pages of extensions
// need the token too, unless an extension allows access without it.
func (l Lab) args(port int) []string {
	args := []string{
		"--no-browser", "--ServerApp.ip=" + l.ip(), "--ServerApp.port=" + strconv.Itoa(port), "--ServerApp.port_retries=0",
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

// ip is the address that the server listens on.
func (l Lab) ip() string { return cmp.Or(l.IP, "127.0.0.1") }

// host is the address at which this machine reaches the server: the one it listens on, or
// the loopback address if it listens on all.
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

// onFreePort starts a server on the lab's port, or, if that is 0, on the first free one
// from 8888 to 8987. Another program may take a free port before the server does. So if the
// start fails and the port is no longer free, the next port is tried.
func (l Lab) onFreePort(ctx context.Context, start func(port int) error) error {
	first, last := l.Port, l.Port
	if l.Port == 0 {
		first, last = 8888, 8987
	}
	var taken error
	for port := first; port <= last; port++ {
		if taken = l.listen(port); taken != nil {
			continue
		}
		err := start(port)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if taken = l.listen(port); taken == nil {
			return err
		}
	}
	if l.Port != 0 {
		return fmt.Errorf("jupyter: port %d is not free on %s: %w; name another with -port", l.Port, l.ip(), taken)
	}
	return fmt.Errorf("jupyter: no port from %d to %d is free on %s: %w", first, last, l.ip(), taken)
}

// listen reports why a server could not listen on a port of the lab's address.
func (l Lab) listen(port int) error {
	ip := l.ip()
	if ip == "*" { // Jupyter's name for every network
		ip = ""
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return listener.Close()
}

// writeSettings switches off JupyterLab's announcements, which offer news and ask the
// network for newer versions. It also marks this home as migrated. Without the mark Jupyter
// copies the settings of ~/.ipython into it, and these may switch off the token.
func (h Home) writeSettings() error {
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

// requiresToken waits until the server answers. It returns an error if the server refuses
// its token, or answers a request without it. Settings in this home can cause both.
func (h Home) requiresToken(ctx context.Context, job *Job, address, token string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	status, err := waitForStatus(ctx, job, address+"?token="+url.QueryEscape(token))
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("jupyter: JupyterLab refuses its own token: status %d; look at the settings in %s", status, h.Config())
	}
	for _, other := range []string{"", "?token=" + rand.Text()} {
		status, err := waitForStatus(ctx, job, address+other)
		if err != nil {
			return err
		}
		if status != http.StatusForbidden {
			return fmt.Errorf("jupyter: JupyterLab answers without its token: status %d, want %d; look at the settings in %s", status, http.StatusForbidden, h.Config())
		}
	}
	return nil
}

// waitForStatus waits until the server answers a request, and returns the HTTP status.
func waitForStatus(ctx context.Context, job *Job, address string) (int, error) {
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

// direct sends requests without a proxy and follows no redirects: a redirect to the login
// page counts as a refusal.
var direct = &http.Client{
	Transport:     &http.Transport{Proxy: nil},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// tail keeps the last 4 KiB of a program's output, for its error.
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

// error returns the last five lines of the output as an error; nil if there are none.
func (t *tail) error() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.text), []byte("\n"))
	lines = lines[max(0, len(lines)-5):]
	if text := strings.TrimSpace(string(bytes.Join(lines, []byte("\n")))); text != "" {
		return errors.New("its last output:\n" + text)
	}
	return nil
}
