package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/kernel"
	"github.com/vgrad/lab/kernelext/messaging"
)

// inBraces is what VS Code replaces in a kernelspec's variables.
var inBraces = regexp.MustCompile(`\$\{(\w+)\}`)

// asVSCode starts the kernel of a kernelspec as VS Code's Jupyter extension does: no Jupyter
// is between, the ports are chosen beforehand, the parent's number is not told, and of the
// kernelspec's variables only those count that are not set already or that name others
// (kernelEnvVarsService.node.ts, mergeVariables).
func asVSCode(t *testing.T, data string, own map[string]string) (messaging.Connection, *exec.Cmd) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(kernel.Folder(data), "kernel.json"))
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Argv      []string
		Env       map[string]string
		Interrupt string `json:"interrupt_mode"`
	}
	if err := json.Unmarshal(text, &spec); err != nil || spec.Interrupt != "message" {
		t.Fatalf("%v: %s", err, text)
	}
	env := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	delete(env, "JPY_PARENT_PID")
	for name, value := range own {
		env[name] = value
	}
	for name, value := range spec.Env {
		if inBraces.MatchString(value) {
			continue
		}
		if _, set := env[name]; !set {
			env[name] = value
		}
	}
	for name, value := range spec.Env {
		if inBraces.MatchString(value) {
			env[name] = inBraces.ReplaceAllStringFunc(value, func(s string) string { return env[s[2:len(s)-1]] })
		}
	}
	conn := messaging.Connection{Transport: "tcp", IP: "127.0.0.1", Scheme: "hmac-sha256", Key: "5f1a0f0e-vscode"}
	for _, port := range []*int{&conn.Shell, &conn.Control, &conn.Stdin, &conn.IOPub, &conn.Heartbeat} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*port = l.Addr().(*net.TCPAddr).Port
		l.Close()
	}
	file := filepath.Join(t.TempDir(), "kernel-v2-1234abc.json")
	if err := conn.Write(file); err != nil {
		t.Fatal(err)
	}
	argv := strings.Split(strings.ReplaceAll(strings.Join(spec.Argv, "\x00"), "{connection_file}", file), "\x00")
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = t.TempDir()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return conn, cmd
}

// VS Code starts kernels itself. Its own environment, here one that breaks workspaces, does
// not keep cells from compiling; a cell runs, is interrupted by a message, and the kernel
// ends when it is asked to.
func TestAsVSCode(t *testing.T) {
	m, j := lab(t)
	data := kernelFor(t, m, j, "").Home.Data()
	conn, cmd := asVSCode(t, data, map[string]string{"GOFLAGS": "-mod=mod", "GOWORK": "off", "GOPROXY": "http://127.0.0.1:9"})
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer cmd.Process.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // it connects before the kernel listens
	defer cancel()
	c, err := messaging.Dial(ctx, conn, messaging.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	select { // before that, the kernel may not have heard that it is to publish to this client
	case m := <-c.Messages(messaging.IOPub):
		if m.Header.Type != "iopub_welcome" {
			t.Fatalf("heard %s before the welcome", m.Header.Type)
		}
	case <-ctx.Done():
		t.Fatal("no welcome")
	}
	ask := func(ch messaging.Channel, kind string, content any) (reply, heard string) {
		t.Helper()
		request := c.Request(ch, kind, content)
		idle := false
		for limit := time.After(3 * time.Minute); reply == "" || !idle; {
			select {
			case m := <-c.Messages(messaging.Shell):
				if m.ParentID() == request.Header.ID {
					reply = string(m.Content)
				}
			case m := <-c.Messages(messaging.Control):
				if m.ParentID() == request.Header.ID {
					reply = string(m.Content)
				}
			case m := <-c.Messages(messaging.IOPub):
				if m.ParentID() == request.Header.ID {
					heard += fmt.Sprintln(m.Header.Type, string(m.Content))
					idle = strings.Contains(string(m.Content), `"idle"`) && m.Header.Type == "status"
				}
			case err := <-ended:
				t.Fatalf("the kernel has ended: %v", err)
			case <-limit:
				t.Fatalf("%s: reply %q, heard %q", kind, reply, heard)
			}
		}
		return reply, heard
	}
	cell := func(code string) map[string]any {
		return map[string]any{"code": code, "silent": false, "stop_on_error": false, "allow_stdin": true, "store_history": true, "user_expressions": map[string]any{}}
	}
	if reply, _ := ask(messaging.Shell, "kernel_info_request", map[string]any{}); !strings.Contains(reply, `"name":"go"`) {
		t.Error(reply)
	}
	if reply, heard := ask(messaging.Shell, "execute_request", cell("depth := vgrad.Defaults().Depth\ndepth * 7")); !strings.Contains(reply, `"ok"`) || !strings.Contains(heard, `"42"`) {
		t.Errorf("%s\n%s", reply, heard)
	}
	go func() {
		time.Sleep(3 * time.Second)
		c.Request(messaging.Control, "interrupt_request", map[string]any{})
	}()
	if reply, _ := ask(messaging.Shell, "execute_request", cell("time.Sleep(5 * time.Minute)")); !strings.Contains(reply, `"Interrupted"`) {
		t.Error(reply)
	}
	if reply, _ := ask(messaging.Control, "shutdown_request", map[string]any{"restart": false}); !strings.Contains(reply, `"ok"`) {
		t.Error(reply)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the kernel does not end")
	}
}
