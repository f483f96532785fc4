package jupyter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every package of the lock has one version and a hash, and those that are asked for
// are in it.
func TestLock(t *testing.T) {
	entry := regexp.MustCompile(`^[a-z0-9-]+==[0-9][^ ]*( ; [^\\]+)?( --hash=sha256:[0-9a-f]{64})+$`)
	joined := strings.ReplaceAll(strings.ReplaceAll(Requirements, " \\\n", " "), "     --hash", " --hash")
	for line := range strings.Lines(joined) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "#") && !entry.MatchString(line) {
			t.Errorf("not pinned: %.100s", line)
		}
	}
	for name, want := range map[string]string{"jupyterlab": "4.6.6", "notebook": "7.6.5", "nbconvert": "7.17.2",
		"nbclient": "0.11.0", "jupyter-client": "8.10.0", "jupyter-kernel-test": "0.7.0", "ipykernel": ""} {
		if got := Version(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestComplete(t *testing.T) {
	h := Home{t.TempDir()}
	says := func(want string) {
		t.Helper()
		if err := h.Complete(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want it to say %q", err, want)
		}
	}
	says("there is no Python environment")
	if err := os.MkdirAll(filepath.Dir(h.Python()), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := h.Seal(); err != nil {
		t.Fatal(err)
	}
	says("is gone")
	fake(t, h.Python(), "exit 1")
	if err := h.Complete(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(h.stamp(), []byte("of another lock"), 0o666); err != nil {
		t.Fatal(err)
	}
	says("of another version")
}

// fake writes a program.
func fake(t *testing.T, path, script string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
}

// Without an environment of ours, a Jupyter that is installed serves.
func TestFind(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-ins are shell scripts")
	}
	h, bin := Home{t.TempDir()}, t.TempDir()
	t.Setenv("PATH", bin)
	if j, err := h.Find(t.Context()); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "go tool vgrad setup") {
		t.Errorf("%+v, %v", j, err)
	}
	fake(t, filepath.Join(bin, "python3"), "echo 4.2.0")
	if j, err := h.Find(t.Context()); err != nil || j.Version != "4.2.0" || j.Ours {
		t.Errorf("%+v, %v", j, err)
	}
	fake(t, filepath.Join(bin, "own"), "echo 4.3.0")
	if err := os.WriteFile(filepath.Join(bin, "jupyter-lab"), []byte("#!"+filepath.Join(bin, "own")+"\nimport sys\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	if j, err := h.Find(t.Context()); err != nil || j.Version != "4.3.0" {
		t.Errorf("%+v, %v", j, err)
	}
}

// Nothing of the user's Jupyter is read, whatever the environment says of it.
func TestEnv(t *testing.T) {
	t.Setenv("JUPYTER_CONFIG_DIR", "/somebody's")
	t.Setenv("JUPYTER_PATH", "/somebody's")
	t.Setenv("JUPYTER_NO_CONFIG", "1")
	j := Jupyter{Python: "python", Home: Home{"/home of ours"}}
	env := strings.Join(j.Command(t.Context(), "jupyterlab").Environ(), "\n") + "\n"
	for _, want := range []string{"JUPYTER_CONFIG_DIR=/home of ours/config\n", "JUPYTER_DATA_DIR=/home of ours/share\n", "JUPYTER_PATH=\n", "JUPYTER_NO_CONFIG=\n"} {
		if !strings.Contains(filepath.ToSlash(env), want) {
			t.Errorf("the environment lacks %q", want)
		}
	}
}

// A job that ends, however it does, leaves nothing: neither what went into a session of
// its own nor what does not listen.
func TestJob(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("setsid is a program of Linux")
	}
	const family = "setsid sleep 100 & setsid sh -c 'trap \"\" TERM; sleep 100 & wait; wait' & echo; "
	for name, c := range map[string]struct {
		script string
		end    func(j *Job, cancel func())
	}{
		"by itself": {family + "sleep 0.2", func(*Job, func()) {}},
		"stopped":   {family + "sleep 100", func(j *Job, _ func()) { j.Stop() }},
		"canceled":  {family + "sleep 100", func(_ *Job, cancel func()) { cancel() }},
		"killed":    {family + "sleep 100", func(j *Job, _ func()) { j.cmd.Process.Kill() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			j, err := Start(exec.CommandContext(ctx, "sh", "-c", c.script))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
			if n := len(j.Processes()); n < 3 {
				t.Errorf("%d processes; want sh and both sleeps", n)
			}
			c.end(j, cancel)
			j.Wait()
			if left := j.Processes(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if _, err := os.Stat(j.tmp); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("its temporary files are left: %v", err)
			}
		})
	}
}

// A port that is taken before the server comes to it is left to whoever has it; an error
// of the server's own is told.
func TestOnFreePort(t *testing.T) {
	var tried []int
	taking := func(port int) error {
		if tried = append(tried, port); len(tried) == 3 {
			return nil
		}
		other, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Error(err)
		}
		t.Cleanup(func() { other.Close() })
		return errors.New("exit status 1")
	}
	if err := (Lab{}).onFreePort(t.Context(), taking); err != nil || tried[0] < 8888 || tried[2] <= tried[1] || tried[1] <= tried[0] {
		t.Errorf("ports %v, %v", tried, err)
	}
	failed := errors.New("no such package")
	for _, c := range []struct {
		lab   Lab
		start error
		want  string
	}{
		{Lab{Port: tried[0]}, nil, "is not free on 127.0.0.1"},
		{Lab{Port: 1 << 20}, nil, "name another with -port"},
		{Lab{}, failed, failed.Error()},
		{Lab{IP: "192.0.2.1"}, nil, "on 192.0.2.1"}, // an address of documents
	} {
		if err := c.lab.onFreePort(t.Context(), func(int) error { return c.start }); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.lab, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tried = nil
	if err := (Lab{}).onFreePort(ctx, taking); err == nil || len(tried) != 1 {
		t.Errorf("a start that was interrupted: ports %v, %v", tried, err)
	}
}

// A lab answers this machine alone, unless it is told otherwise, and never says its token
// where other users of the machine see it.
func TestLabArgs(t *testing.T) {
	for ip, want := range map[string]string{"": "127.0.0.1", "0.0.0.0": "0.0.0.0"} {
		args := Lab{IP: ip, Token: "sesame"}.args(8888)
		if !slices.Contains(args, "--ServerApp.ip="+want) {
			t.Errorf("IP %q: %q; want --ServerApp.ip=%s", ip, args, want)
		}
		if strings.Contains(strings.Join(args, " "), "sesame") {
			t.Errorf("the token is among %q", args)
		}
	}
}

// A server that lets in whoever has no token, or not those who have it, is found out at once.
func TestGuarded(t *testing.T) {
	const open, closed, away, page = http.StatusOK, http.StatusForbidden, http.StatusNotFound, http.StatusFound
	for _, c := range []struct {
		with, other, without int // its answers to its token, to another and to none
		says                 string
	}{
		{open, closed, closed, ""},
		{open, open, open, "answers without its token: status 200"},
		{open, open, closed, "answers without its token: status 200"},
		{open, closed, page, "answers without its token: status 302"},
		{closed, closed, closed, "refuses its own token: status 403"},
		{away, away, away, "refuses its own token: status 404"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.FormValue("token") {
			case "sesame & co":
				w.WriteHeader(c.with)
			case "":
				w.Header().Set("Location", "/login?token=sesame+%26+co")
				w.WriteHeader(c.without)
			default:
				w.WriteHeader(c.other)
			}
		}))
		err := Home{"/home of ours"}.requiresToken(t.Context(), &Job{}, server.URL+"/api/status", "sesame & co")
		server.Close()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "/home of ours")) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	ended := &Job{done: make(chan struct{}), err: errors.New("exit status 3")}
	close(ended.done)
	if err := (Home{}).requiresToken(t.Context(), ended, "http://127.0.0.1:1/", "sesame"); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("a server that has ended: %v", err)
	}
}

// A lab is asked where it answers.
func TestLabHost(t *testing.T) {
	for ip, want := range map[string]string{"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "::": "::1", "127.0.0.2": "127.0.0.2", "localhost": "localhost"} {
		if got := (Lab{IP: ip}).host(); got != want {
			t.Errorf("IP %q: %q, want %q", ip, got, want)
		}
	}
}

func TestTail(t *testing.T) {
	var l tail
	for i := range 2000 {
		fmt.Fprintln(&l, "line", i)
	}
	if got := l.error().Error(); got != "its last output:\nline 1995\nline 1996\nline 1997\nline 1998\nline 1999" {
		t.Error(got)
	}
}

func ExampleHome() {
	h := Home{"/cache/jupyter"}
	fmt.Println(h.Data())
	fmt.Println(errors.Is(h.Complete(), nil))
	// Output:
	// /cache/jupyter/share
	// false
}

func ExampleLab() {
	l := Lab{Root: "notebooks", Notebook: "00 start.ipynb"}
	fmt.Println(l.path())
	// Output: lab/tree/00%20start.ipynb
}

func ExampleJupyter() {
	j := Jupyter{Python: "python3", Home: Home{"/cache/jupyter"}}
	fmt.Println(j.Command(context.Background(), "nbconvert", "--to", "html").Args)
	// Output: [python3 -m nbconvert --to html]
}

func ExampleJob() {
	j, err := Start(exec.Command("true"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(j.Wait(), len(j.Processes()))
	// Output: <nil> 0
}
