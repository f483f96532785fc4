package docker

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/jupyter"
)

// engine is a container engine with the base images that the Dockerfile names.
type engine struct {
	client string   // Docker's client program
	host   string   // where the engine listens; "": where the client thinks
	flags  []string // of every build
	images []string // what was built
	python string   // one that has validators of CycloneDX and Kubernetes
}

// openEngine returns the engine of this machine where it has one that reaches a registry.
// Where not, it starts one for this test and makes base images for it on the spot, with
// debootstrap and this machine's Go; such images are for this test only.
func openEngine(t *testing.T) *engine {
	t.Helper()
	client, err := findClient()
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{client: client}
	if _, err := e.try(t.Context(), "info"); err == nil {
		if err = e.pull(t); err == nil {
			return e
		}
		t.Logf("this machine's engine reaches no registry: %v", err)
	}
	e.start(t)
	e.makeBases(t)
	return e
}

// findClient returns a client that builds with BuildKit: one with the buildx plugin, or of
// a version that does by itself.
func findClient() (string, error) {
	for _, name := range []string{"docker", "/usr/bin/docker"} {
		cmd := exec.Command(name, "build", "--help")
		cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=1")
		if out, err := cmd.CombinedOutput(); err == nil && strings.Contains(string(out), "--progress") {
			return name, nil
		}
	}
	return "", errors.New("these tests need a container engine with BuildKit: apt-get install docker.io debootstrap")
}

// base returns the default of an ARG of the Dockerfile.
func base(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^ARG ` + name + `=(\S+)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("the Dockerfile has no ARG %s with a default", name)
	}
	return string(found[1])
}

func (e *engine) pull(t *testing.T) error {
	for _, name := range []string{"GO_IMAGE", "BASE_IMAGE"} {
		if _, err := e.try(t.Context(), "pull", "-q", base(t, name)); err != nil {
			return err
		}
	}
	return nil
}

// command is a call of the client.
func (e *engine) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, e.client, args...)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=1")
	if e.host != "" {
		cmd.Env = append(cmd.Env, "DOCKER_HOST="+e.host)
	}
	return cmd
}

// try returns what a call printed to standard output.
func (e *engine) try(ctx context.Context, args ...string) (string, error) {
	var said bytes.Buffer
	cmd := e.command(ctx, args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		text := said.String()
		err = fmt.Errorf("docker %s: %w: %s%s", strings.Join(args, " "), err, out, text[max(0, len(text)-4000):])
	}
	return strings.TrimSpace(string(out)), err
}

// do is try for calls that succeed.
func (e *engine) do(t *testing.T, args ...string) string {
	t.Helper()
	out, err := e.try(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// image builds a stage of the Dockerfile, once, and says how long that took and how large
// it is. Flags are docker build's.
func (e *engine) image(t *testing.T, target string, flags ...string) string {
	t.Helper()
	name := "vgrad-test-" + target
	if len(flags) > 0 {
		name += "-" + path.Base(flags[0])
	}
	if slices.Contains(e.images, name) {
		return name
	}
	start := time.Now()
	e.do(t, slices.Concat([]string{"build", "--progress=plain", "-f", "Dockerfile", "--target", target, "-t", name}, e.flags, flags, []string{".."})...)
	e.images = append(e.images, name)
	t.Logf("%s: built in %.0f s, %s bytes unpacked", target, time.Since(start).Seconds(), e.do(t, "inspect", "-f", "{{.Size}}", name))
	return name
}

// forget removes the images of the test. With an engine of its own all goes.
func (e *engine) forget() {
	for _, name := range e.images {
		if e.host == "" {
			_, _ = e.try(context.Background(), "image", "rm", "-f", name)
		}
	}
}

// start starts an engine of this test's own. It ends with the test, and so does
// everything in it.
func (e *engine) start(t *testing.T) {
	t.Helper()
	for _, name := range []string{"dockerd", "debootstrap"} {
		if _, err := exec.LookPath(name); err != nil || runtime.GOOS != "linux" || os.Geteuid() != 0 {
			t.Fatalf("there is no container engine that reaches a registry, and as root on Linux this test makes one of its own: apt-get install docker.io debootstrap (%s: %v)", name, err)
		}
	}
	dir, err := os.MkdirTemp("", "vgrad-docker-")
	if err != nil {
		t.Fatal(err)
	}
	onDisk(t, dir)
	cmd := exec.Command("dockerd", "--host", "unix://"+dir+"/socket", "--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid",
		"--storage-driver", "overlay2", "--iptables=false", "--ip6tables=false", "--bridge=none")
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	job, err := jupyter.Start(cmd) // which ends all that an engine starts
	if err != nil {
		t.Fatal(err)
	}
	e.host, e.flags = "unix://"+dir+"/socket", []string{"--network=host"}
	t.Cleanup(func() { e.stop(t, job, dir) })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if _, err := e.try(t.Context(), "info"); err == nil {
			return
		} else if time.Now().After(deadline) {
			text, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("the engine does not start: %v: %s", err, text)
		}
	}
}

// onDisk lays a file system in memory over a folder on which containers' overlays cannot
// lie, because it is one itself.
func onDisk(t *testing.T, dir string) {
	const overlay = 0x794c7630
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Type == overlay {
		inMemory(t, dir)
	}
}

// inMemory lays a file system in memory over a folder.
func inMemory(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=80%"); err != nil {
		t.Fatalf("mount a file system in memory: %v; this test needs to be root, or an engine that reaches a registry", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
		_ = os.Remove(dir)
	})
}

// stop ends the engine and unmounts and removes what it leaves.
func (e *engine) stop(t *testing.T, job *jupyter.Job, dir string) {
	if ids, err := e.try(context.Background(), "ps", "-aq"); err == nil && ids != "" {
		_, _ = e.try(context.Background(), append([]string{"rm", "-f"}, strings.Fields(ids)...)...)
	}
	if err := job.Stop(); err != nil {
		t.Error(err)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if at := strings.Fields(line)[1]; strings.HasPrefix(at, dir+"/") {
			_ = syscall.Unmount(at, syscall.MNT_DETACH)
		}
	}
	if err := os.RemoveAll(dir); err != nil && !errors.Is(err, syscall.EBUSY) { // busy: a file system in memory, unmounted next
		t.Errorf("what is left of the engine: %v", err)
	}
}

// settings are what this machine's clients of registries are told by its environment; the
// stand-in for the image with Go is told the same.
var settings = []string{"GOPROXY", "GOSUMDB", "GONOSUMDB", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "NPM_CONFIG_REGISTRY",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}

// ownCertificates are the certificates that this machine's owner has added.
const ownCertificates = "/usr/local/share/ca-certificates"

// makeBases makes the base images: a Debian from this machine's mirror, and with a C
// compiler, git and this machine's Go the one that the images are built in. Both trust
// the certificates that this machine trusts. Npm goes with Go's, where there is one: the
// set-up prefers it to a content network that may not be reached.
func (e *engine) makeBases(t *testing.T) {
	t.Helper()
	began := time.Now()
	root := t.TempDir() // in memory, where Debian's many calls of fsync cost nothing
	inMemory(t, root)
	sh(t, `debootstrap --variant=minbase --include=ca-certificates bookworm "$1" >/dev/null
cp "$2"/*.crt "$1$2/" 2>/dev/null || true
chroot "$1" update-ca-certificates >/dev/null 2>&1
echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/docker-apt-speedup" # as the public image has it
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/archives/*.deb "$1"/var/log/*`, root, ownCertificates)
	tar, load := exec.Command("tar", "-C", root, "-c", "."), e.command(t.Context(), "import", "-", base(t, "BASE_IMAGE"))
	pipe, err := tar.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	load.Stdin = pipe
	if err := errors.Join(tar.Start(), load.Run(), tar.Wait()); err != nil {
		t.Fatalf("import the stand-in for Debian: %v", err)
	}

	dir := t.TempDir()
	sh(t, `mkdir -p "$1/usr/local/bin" "$1/usr/local/lib/node_modules"
cp -a "$(go env GOROOT)" "$1/usr/local/go"
if command -v npm >/dev/null; then
	cp "$(node -p process.execPath)" "$1/usr/local/bin/node"
	cp -a "$(npm root -g)/npm" "$1/usr/local/lib/node_modules/npm"
	ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"
fi`, dir)
	var text strings.Builder
	fmt.Fprintf(&text, "FROM %s\nRUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev git && rm -rf /var/lib/apt/lists/*\nCOPY usr /usr\n", base(t, "BASE_IMAGE"))
	fmt.Fprintln(&text, "ENV GOPATH=/go PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt")
	for _, name := range settings {
		if value := os.Getenv(name); value != "" {
			fmt.Fprintf(&text, "ENV %s=%q\n", name, value)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	e.do(t, append([]string{"build", "-q", "-t", base(t, "GO_IMAGE"), dir}, e.flags...)...)
	t.Logf("an engine with stand-ins for its base images: %.0f s", time.Since(began).Seconds())
}

// sh runs a shell script.
func sh(t *testing.T, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-euc", script, "sh"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", script, err, out)
	}
}

// lines calls f with each line that a program prints, and returns what it complained of.
func lines(cmd *exec.Cmd, f func(line []byte) error) error {
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() && err == nil {
		err = f(scanner.Bytes())
	}
	_, _ = io.Copy(io.Discard, out)
	if ended := cmd.Wait(); ended != nil {
		return errors.Join(err, fmt.Errorf("%w: %s", ended, said.String()))
	}
	return errors.Join(err, scanner.Err())
}
