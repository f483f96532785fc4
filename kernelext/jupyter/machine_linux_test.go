package jupyter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// machine is a Jupyter that sees a machine with settings for everyone: folders of the test
// lie over /etc and /usr/local/etc, for the server alone.
type machine struct {
	*Jupyter
	etc, local, user string // what it sees at /etc, /usr/local/etc and ~
}

// inNamespace runs a Python where two folders lie over /etc and /usr/local/etc. Who is not
// root becomes it for that, and Jupyter then wants a flag.
const inNamespace = `#!/bin/sh
[ "$(id -u)" = 0 ] && new="unshare -m" || new="unshare -Urm"
exec $new sh -c 'mount --bind %q /etc && mount --bind %q /usr/local/etc && exec %q "$@" --allow-root' sh "$@"
`

func newMachine(t *testing.T) *machine {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs Jupyter")
	}
	home, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	j, err := home.Find(t.Context())
	if err != nil {
		t.Fatalf("%v; this test needs what this brings: go tool vgrad setup", err)
	}
	dir := t.TempDir()
	m := &machine{&Jupyter{filepath.Join(dir, "python"), j.Version, j.Ours, Home{filepath.Join(dir, "home")}},
		filepath.Join(dir, "etc"), filepath.Join(dir, "local"), filepath.Join(dir, "user")}
	t.Setenv("HOME", m.user)
	t.Setenv("IPYTHONDIR", filepath.Join(m.user, ".ipython"))
	_ = exec.Command("cp", "-a", "/etc", m.etc).Run() // what this user may not read, the server does not need
	if err := os.MkdirAll(m.local, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.Python, fmt.Appendf(nil, inNamespace, m.etc, m.local, j.Python), 0o777); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(m.Python, "-c", "").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s; this test needs a mount namespace: run it as root, or let users make one with\nsysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0", err, bytes.TrimSpace(out))
	}
	return m
}

// has gives the machine settings, under the names that it sees, and a new home to the lab.
func (m *machine) has(t *testing.T, files map[string]string) {
	t.Helper()
	m.Home = Home{t.TempDir()}
	for _, dir := range []string{filepath.Join(m.etc, "jupyter"), filepath.Join(m.local, "jupyter"), m.user} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		write(t, strings.NewReplacer("/usr/local/etc/", m.local+"/", "/etc/", m.etc+"/", "~/", m.user+"/").Replace(name), text)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// machines are settings that open a server, or move it away from its address.
var machines = map[string]map[string]string{
	"token empty":              {"/usr/local/etc/jupyter/jupyter_server_config.json": `{"IdentityProvider": {"token": ""}}`},
	"token and password empty": {"/etc/jupyter/jupyter_server_config.json": `{"ServerApp": {"token": "", "password": ""}}`},
	"token empty, in Python":   {"/etc/jupyter/jupyter_server_config.py": "c.IdentityProvider.token = c.PasswordIdentityProvider.token = ''"},
	"token empty, elsewhere": {
		"/etc/jupyter/jupyter_config.json":                  `{"PasswordIdentityProvider": {"token": ""}}`,
		"/etc/jupyter/jupyter_lab_config.py":                "c.ServerApp.token = c.ServerApp.password = ''",
		"/usr/local/etc/jupyter/jupyter_notebook_config.py": "c.NotebookApp.token = c.NotebookApp.password = ''",
	},
	"token empty, beside extensions": {"/usr/local/etc/jupyter/jupyter_server_config.d/open.json": `{"ServerApp": {"token": "",
		"jpserver_extensions": {"nowhere_to_be_found": true, "jupyterlab": false, "notebook": false}}, "IdentityProvider": {"token": ""}}`},
	"token and password of its own": {"/etc/jupyter/jupyter_server_config.json": `{"IdentityProvider": {"token": "everyone's"},
		"PasswordIdentityProvider": {"hashed_password": "argon2:of another", "password_required": true}}`},
	"base_url": {
		"/usr/local/etc/jupyter/jupyter_server_config.json": `{"ServerApp": {"base_url": "/elsewhere/", "default_url": "/elsewhere"}}`,
		"/etc/jupyter/jupyter_config.py":                    "c.ServerApp.base_url = c.LabApp.app_url = c.NotebookApp.base_url = '/elsewhere'",
	},
	"those of the user": {
		"~/.jupyter/jupyter_server_config.json":                 `{"IdentityProvider": {"token": ""}}`,
		"~/.ipython/profile_default/ipython_notebook_config.py": "c.NotebookApp.token = c.NotebookApp.password = ''", // Jupyter copies it
	},
	"another way to log in": {"/etc/jupyter/jupyter_server_config.py": `
from jupyter_server.auth.identity import IdentityProvider, User
class Everyone(IdentityProvider):
    def get_user(self, handler): return User("anyone")
c.ServerApp.identity_provider_class = Everyone
c.ServerApp.login_handler_class = "jupyter_server.auth.login.LegacyLoginHandler"
`},
	"other sites": {"/usr/local/etc/jupyter/jupyter_server_config.json": `{"ServerApp": {"allow_origin": "*", "allow_credentials": true,
		"disable_check_xsrf": true, "tornado_settings": {"headers": {"Access-Control-Allow-Origin": "*"}}}}`},
	"other networks": {"/etc/jupyter/jupyter_server_config.json": `{"ServerApp": {"ip": "0.0.0.0", "port": 1, "sock": "/tmp/of-everyone.sock",
		"certfile": "/nowhere.pem", "root_dir": "/", "preferred_dir": "/", "cookie_secret": "known", "trust_xheaders": true}, "Session": {"key": ""}}`},
}

// Whatever a machine's settings and the user's say, the lab opens where it is told to, and
// nowhere else, to its token alone, with Notebook beside Lab.
func TestServeOnMachine(t *testing.T) {
	m := newMachine(t)
	for name, files := range machines {
		t.Run(name, func(t *testing.T) {
			m.has(t, files)
			begun := time.Now()
			m.serve(t, Lab{Root: t.TempDir(), IP: "127.0.0.2"}, func(address string) {
				t.Logf("open after %v", time.Since(begun).Round(time.Millisecond))
				base, token, found := strings.Cut(address, "lab?token=")
				if !found || !strings.HasPrefix(base, "http://127.0.0.2:") {
					t.Fatalf("address %q", address)
				}
				if other, err := direct.Get(strings.Replace(base, "127.0.0.2", "127.0.0.1", 1)); err == nil {
					other.Body.Close()
					t.Error("it answers on another address too")
				}
				for _, c := range []struct {
					path, token string
					want        int
				}{
					{"api/contents", "", http.StatusForbidden}, {"api/contents", "everyone's", http.StatusForbidden},
					{"lab", "", http.StatusFound}, {"tree", "", http.StatusFound},
					{"lab", token, http.StatusOK}, {"tree", token, http.StatusOK},
					{"api/contents", token, http.StatusOK}, {"api/terminals", token, http.StatusOK}, {"lsp/status", token, http.StatusOK},
					{"api", "", http.StatusOK}, // its version: what a container's health check asks for
				} {
					if status, _ := ask(t, base+c.path, c.token, ""); status != c.want {
						t.Errorf("%s with token %q: %d, want %d", c.path, c.token, status, c.want)
					}
				}
				if _, header := ask(t, base+"api", "", "http://elsewhere.example"); header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("a page of another site may read it: %v", header)
				}
			})
		})
	}
}

// serve runs a lab until its check ends.
func (m *machine) serve(t *testing.T, l Lab, check func(address string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	opened := false
	var said strings.Builder
	l.Log = &said
	err := m.Serve(ctx, l, func(address string) {
		defer cancel()
		opened = true
		check(address)
	})
	if err != nil || !opened {
		t.Errorf("opened %v, %v\n%s", opened, err, said.String())
	}
}

// ask asks with a token and for a page of a site, where these are named.
func ask(t *testing.T, address, token, site string) (int, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if site != "" {
		request.Header.Set("Origin", site)
	}
	if token != "" {
		request.Header.Set("Authorization", "token "+token)
	}
	response, err := direct.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, response.Header
}

// The settings of these tests reach a Jupyter that is started without the lab's care, and
// open it; and where settings in the lab's own folder do, no address is given.
func TestServeRefusesOpen(t *testing.T) {
	m := newMachine(t)
	m.has(t, machines["token empty"])
	l := Lab{Root: t.TempDir()}
	err := l.onFreePort(t.Context(), func(port int) error {
		job, err := Start(m.Command(t.Context(), "jupyterlab", l.args(port)...))
		if err != nil {
			return err
		}
		err = m.Home.requiresToken(t.Context(), job, fmt.Sprintf("http://127.0.0.1:%d/api/status", port), "sesame")
		return errors.Join(err, job.Stop())
	})
	if err == nil || !strings.Contains(err.Error(), "without its token") {
		t.Errorf("the machine's settings do not open a Jupyter: %v", err)
	}

	m.has(t, nil)
	for text, want := range map[string]string{
		`{"IdentityProvider": {"token": ""}}`:              "answers without its token: status 200",
		`{"IdentityProvider": {"token": "of a settings"}}`: "refuses its own token: status 403",
	} {
		write(t, filepath.Join(m.Home.Config(), "jupyter_server_config.json"), text)
		begun := time.Now()
		err := m.Serve(t.Context(), Lab{Root: t.TempDir()}, func(address string) { t.Errorf("%s: it gives %s", text, address) })
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), m.Home.Config()) {
			t.Errorf("%s: %v; want %q", text, err, want)
		}
		t.Logf("refused after %v", time.Since(begun).Round(time.Millisecond))
	}
}
