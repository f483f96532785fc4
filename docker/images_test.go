// Package docker holds the images of the laboratory; this test builds them for real and
// runs them. It takes minutes, an engine and a network, and brings an engine of its own
// where there is none; what it measures is in its log: go test -v ./docker
package docker

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// hardened are the flags of a container that may write where it is told and nowhere else,
// and reaches no network.
var hardened = []string{"--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none",
	"--memory=2g", "--pids-limit=512", "--tmpfs=/tmp:exec,mode=1777"}

func TestImages(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what needs containers")
	}
	e := openEngine(t)
	defer e.forget()
	e.python = filepath.Join(t.TempDir(), "checkers", "bin", "python")
	sh(t, `python3 -m venv "$1" && "$1/bin/python" -m pip install -q --disable-pip-version-check 'cyclonedx-python-lib[json-validation]==11.12.0' kubernetes-validate==1.37.0`,
		filepath.Dir(filepath.Dir(e.python)))
	// The first image fetches while it compiles for the others.
	t.Run("cuda", func(t *testing.T) { testCUDA(t, e, e.image(t, "cuda")) })
	t.Run("lab", func(t *testing.T) { testLab(t, e, e.image(t, "lab")) })
	t.Run("hub", func(t *testing.T) { testHub(t, e, e.image(t, "hub")) })
	t.Run("batch", func(t *testing.T) { testBatch(t, e, e.image(t, "batch")) })
	t.Run("arm64", func(t *testing.T) { testARM(t, e) })
	t.Run("Slurm", func(t *testing.T) { testSlurm(t, e, e.image(t, "batch")) })
	t.Run("batch-xla", func(t *testing.T) { testBatch(t, e, e.image(t, "batch-xla")) })
	t.Run("Kubernetes", e.testKubernetes)
}

// volume makes a volume that goes with the test.
func (e *engine) volume(t *testing.T, name string) string {
	t.Helper()
	name = "vgrad-test-" + name
	e.do(t, "volume", "create", name)
	t.Cleanup(func() { _, _ = e.try(context.Background(), "volume", "rm", "-f", name) })
	return name
}

// run runs a hardened container to its end and returns what it printed.
func (e *engine) run(t *testing.T, flags []string, image string, args ...string) string {
	t.Helper()
	return e.do(t, slices.Concat([]string{"run", "--rm"}, hardened, flags, []string{image}, args)...)
}

// recorded lists the runs of a store.
type recorded []struct{ Name, State, Backend string }

func (e *engine) recorded(t *testing.T, flags []string, image string, args ...string) (list recorded) {
	t.Helper()
	if err := json.Unmarshal([]byte(e.run(t, flags, image, args...)), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// The program's image runs two shards of a sweep, each into a folder of its own, and joins
// them; it does so as an ordinary user, with nothing but its volume to write to.
func testBatch(t *testing.T, e *engine, image string) {
	kept := []string{"-v", e.volume(t, filepath.Base(image)) + ":/runs"}
	sweep := []string{"sweep", "data=synthetic", "activation=sigmoid,relu", "seed=0..1", "steps=20", "-quiet", "-json"}
	counts := map[string]int{}
	for _, shard := range []string{"1", "2"} {
		start := time.Now()
		e.run(t, kept, image, append(sweep, "-runs", "/runs/"+shard, "-shard", shard+"/2")...)
		t.Logf("shard %s of 2: %.1f s", shard, time.Since(start).Seconds())
		counts[shard] = len(e.recorded(t, kept, image, "runs", "-json", "-store", "/runs/"+shard))
	}
	e.run(t, kept, image, "runs", "merge", "-store", "/runs/all", "/runs/1", "/runs/2")
	all := e.recorded(t, kept, image, "runs", "-json", "-store", "/runs/all")
	if counts["1"] == 0 || counts["2"] == 0 || len(all) != 4 || counts["1"]+counts["2"] != 4 {
		t.Errorf("the shards recorded %v runs, and together %d; want 4 shared among both", counts, len(all))
	}
	for _, run := range all {
		if run.State != "finished" {
			t.Errorf("%s is %s", run.Name, run.State)
		}
	}
	// MNIST is there as well, and a run is a run.
	e.run(t, kept, image, "walkthrough", "-json", "-quiet", "-activations", "relu", "-steps", "3")
	testMade(t, e, image, "golang/github.com/gomlx/gomlx@v0.28.2", "generic/mnist@1998")
}

// The program's image is made for other processors as well, without one of them.
func testARM(t *testing.T, e *engine) {
	platform := "--platform=linux/arm64"
	image := e.image(t, "batch", platform)
	for _, program := range []string{"/usr/bin/vgrad", "/usr/bin/tini"} {
		f, err := elf.NewFile(bytes.NewReader(e.file(t, image, program, platform)))
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != elf.EM_AARCH64 || len(f.Progs) == 0 {
			t.Errorf("%s is for %v", program, f.Machine)
		}
		if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
			t.Errorf("%s needs %q, %v", program, libraries, err)
		}
	}
}

const imports = `import (
	"github.com/vgrad/lab/kernelext/cell"
	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/chart"
)
%%
`

// cells show a figure of recorded runs, and train on real digits what nobody has recorded.
var cells = []string{
	imports + `cell.Show(chart.MeanGradient(cell.Compare(vgrad.Experiment{}, "sigmoid", "relu", "leaky_relu"), 1))`,
	imports + `cell.Show(chart.Loss([]vgrad.Source{cell.Train(vgrad.Experiment{Activation: "tanh", Steps: 40, Seed: 77})}))`,
}

const trained = "tanh-steps-40-seed77-"

// event is what testdata/lab.py tells.
type event struct {
	Event, Path, Token, HTML, Said, Error string
	Status                                int
	Figure                                bool
}

// use has a lab asked from within its container, where there is no network but its own.
func (e *engine) use(t *testing.T, name, token string, cells []string, hear func(event)) {
	t.Helper()
	program, err := os.ReadFile("testdata/lab.py")
	if err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(cells)
	if err != nil {
		t.Fatal(err)
	}
	cmd := e.command(t.Context(), "exec", "-i", name, "python", "-c", string(program), token)
	cmd.Stdin = strings.NewReader(string(input))
	err = lines(cmd, func(line []byte) error {
		var it event
		if err := json.Unmarshal(line, &it); err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
		hear(it)
		return nil
	})
	if err != nil {
		logs, _ := e.try(t.Context(), "logs", name)
		t.Fatalf("%v; the container said: %s", err, logs)
	}
}

func testLab(t *testing.T, e *engine, image string) {
	kept := []string{"-v", e.volume(t, "home") + ":/home/vgrad"}
	name, token := "vgrad-test-lab", "of-this-test-only"
	t.Cleanup(func() { _, _ = e.try(context.Background(), "rm", "-f", name) })
	start := time.Now()
	e.do(t, slices.Concat([]string{"run", "-d", "--name", name, "-e", "JUPYTER_TOKEN=" + token}, hardened, kept, []string{image})...)

	answered, drawn := "first answer of the lab", "first figure from recorded runs"
	took := map[string]time.Duration{}
	figures := 0
	e.use(t, name, token, cells, func(it event) {
		switch it.Event {
		case "answer":
			took[answered] = time.Since(start)
		case "asked":
			if want := map[string]int{"none": 403, "wrong": 403, "right": 200}[it.Token]; it.Status != want {
				t.Errorf("%s with the token %s: status %d, want %d", it.Path, it.Token, it.Status, want)
			}
		case "cell":
			if took[drawn] == 0 {
				took[drawn] = time.Since(start)
			}
			if it.Error != "" || !it.Figure {
				t.Errorf("a cell showed a figure: %t; error %q; it said %q and showed %s", it.Figure, it.Error, it.Said, it.HTML)
			}
			figures++
		}
	})
	if figures != len(cells) {
		t.Errorf("%d of %d cells ran", figures, len(cells))
	}
	e.do(t, "exec", name, "healthcheck")
	status := e.do(t, "exec", name, "sh", "-c", "cat /proc/1/status; id -u; touch /opt/x /usr/x /etc/x 2>&1 || true")
	for _, want := range []string{"Uid:\t1000\t1000\t1000\t1000", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "\n1000\n"} {
		if !strings.Contains(status, want) {
			t.Errorf("the container is not what %q says: %s", want, status)
		}
	}
	if strings.Count(status, "Read-only file system") != 3 {
		t.Errorf("something of the root can be written: %s", status)
	}
	if logs := e.do(t, "logs", name); strings.Contains(logs, token) {
		t.Errorf("the token is in the log: %s", logs)
	}

	stop := time.Now()
	e.do(t, "stop", "-t", "30", name)
	took["end after SIGTERM, with a kernel running"] = time.Since(stop)
	if code := e.do(t, "inspect", "-f", "{{.State.ExitCode}}", name); code != "0" {
		t.Errorf("it exits with %s", code)
	}
	// The volume has all of it: for the same container, and for another.
	start = time.Now()
	e.do(t, "start", name)
	e.use(t, name, token, nil, func(it event) {
		if it.Event == "answer" {
			took["first answer after a restart"] = time.Since(start)
		}
	})
	e.do(t, "rm", "-f", name)
	runs := e.recorded(t, kept, image, "vgrad", "runs", "-json")
	if !slices.ContainsFunc(runs, func(r struct{ Name, State, Backend string }) bool {
		return strings.HasPrefix(r.Name, trained) && r.State == "finished"
	}) {
		t.Errorf("the volume has lost what was trained: %v", runs)
	}
	limits := map[string]time.Duration{answered: 5 * time.Second, drawn: 15 * time.Second, "end after SIGTERM, with a kernel running": 5 * time.Second}
	for what, d := range took {
		t.Logf("%s: %.1f s", what, d.Seconds())
		if limit := limits[what]; limit != 0 && d > limit {
			t.Errorf("%s: %v; it is to take %v at most", what, d, limit)
		}
	}

	t.Run("doctor", func(t *testing.T) { testDoctor(t, e, image, kept, "6 × 7 = 42 on XLA") })
	t.Run("alone", func(t *testing.T) { testAlone(t, e, image) })
	testMade(t, e, image, "generic/mnist@1998", "generic/go@", "npm/echarts@6.1.0", "pypi/jupyterlab@4.6.6", "generic/xla-cpu@0.11.2", "deb/debian/tini@",
		"golang/github.com/janpfeifer/gonb@v0.11.4", "golang/gonum.org/v1/gonum@")
}

// testDoctor checks that all parts are well, in a container without a network.
func testDoctor(t *testing.T, e *engine, image string, flags []string, backend string) {
	var findings []struct {
		Part, Detail string
		OK           bool
	}
	out := e.run(t, flags, image, "vgrad", "doctor", "-json")
	if err := json.Unmarshal([]byte(out), &findings); err != nil {
		t.Fatal(err)
	}
	parts := 0
	for _, f := range findings {
		t.Logf("%t %s: %s", f.OK, f.Part, f.Detail)
		if !f.OK {
			t.Errorf("%s: %s", f.Part, f.Detail)
		}
		if f.Part == "smoke test" || f.Part == "backend" && strings.Contains(f.Detail, backend) {
			parts++
		}
	}
	if parts != 2 {
		t.Errorf("no smoke test, or not on the backend of %q", backend)
	}
}

// testAlone runs the image without a volume, as another user, and where nothing can be run.
func testAlone(t *testing.T, e *engine, image string) {
	out, err := e.command(t.Context(), slices.Concat([]string{"run", "--rm"}, hardened, []string{"-u", "4711", image, "sh", "-c", "ls notebooks && vgrad runs"})...).CombinedOutput()
	for _, want := range []string{"mount a volume", "00_start_here.ipynb", "finished"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("as another user it says %s, %v; want %q", out, err, want)
		}
	}
	out, err = e.command(t.Context(), "run", "--rm", "--read-only", "--tmpfs", "/tmp", image, "true").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--tmpfs /tmp:exec") {
		t.Errorf("where no program can be run it says %s, %v", out, err)
	}
	out, err = e.command(t.Context(), "run", "--rm", "--network=none", image, "vgrad", "doctor", "-quick").CombinedOutput()
	if err != nil {
		t.Errorf("in an ordinary container: %v: %s", err, out)
	}
}

// The hub's image starts a user's server, which asks for its hub, and has the lab's kernel.
func testHub(t *testing.T, e *engine, image string) {
	if out := e.run(t, nil, image, "jupyterhub-singleuser", "--version"); out == "" {
		t.Error("jupyterhub-singleuser does not say its version")
	}
	if out := e.run(t, nil, image, "jupyter", "kernelspec", "list"); !strings.Contains(out, "vgrad") {
		t.Errorf("its kernels are %s", out)
	}
	e.do(t, append([]string{"build", "-q", "-t", image + "-binder", "--build-arg", "VGRAD_IMAGE=" + image, "-f", "examples/binder/.binder/Dockerfile", "examples/binder"}, e.flags...)...)
	if out := e.run(t, nil, image+"-binder", "ls", "/home/vgrad/notebooks"); out != "README.md" {
		t.Errorf("the notebooks of Binder's example are %q", out)
	}
	e.images = append(e.images, image+"-binder")
	testMade(t, e, image, "pypi/jupyterhub@", "pypi/jupyterlab@4.6.6")
}

// The CUDA image says that there is no CUDA and goes on with the CPU.
func testCUDA(t *testing.T, e *engine, image string) {
	if devices, _ := filepath.Glob("/dev/nvidia*"); len(devices) > 0 {
		t.Log("this machine has a processor of NVIDIA's, which its containers here are not shown")
	}
	out, err := e.command(t.Context(), slices.Concat([]string{"run", "--rm"}, hardened, []string{image, "true"})...).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "there is no NVIDIA GPU") {
		t.Errorf("without CUDA it says %s, %v", out, err)
	}
	testDoctor(t, e, image, nil, "plugin pjrt_c_api_cpu_plugin.so (from the cache of fetched parts); no CUDA, though its plugin is in /opt/cuda")
	if missing := e.run(t, nil, image, "sh", "-c", `ldd "$PJRT_PLUGIN_LIBRARY_PATH"/*.so | grep 'not found' || true; for f in /opt/cuda/nvidia/cu13/bin/ptxas /opt/cuda/nvidia/cu13/nvvm/libdevice; do [ -e $f ] || echo "$f"; done`); missing != "" {
		t.Errorf("CUDA lacks %s", missing)
	}
	testMade(t, e, image, "pypi/jax-cuda13-pjrt@0.11.2", "pypi/nvidia-cublas@")
}

// testMade looks at how an image was made: its labels, its user, its bill of materials, and
// that nothing of this machine went into it.
func testMade(t *testing.T, e *engine, image string, wants ...string) {
	t.Helper()
	var config struct {
		User       string
		Labels     map[string]string
		Entrypoint []string
	}
	if err := json.Unmarshal([]byte(e.do(t, "inspect", "-f", "{{json .Config}}", image)), &config); err != nil {
		t.Fatal(err)
	}
	if config.User != "1000:1000" || !strings.HasSuffix(config.Entrypoint[0], "tini") {
		t.Errorf("user %q, entry point %q", config.User, config.Entrypoint)
	}
	for _, label := range []string{"title", "description", "source", "licenses", "version", "revision"} {
		if config.Labels["org.opencontainers.image."+label] == "" {
			t.Errorf("there is no label %s", label)
		}
	}
	bill := e.file(t, image, "/usr/share/vgrad/sbom.cdx.json")
	for _, want := range wants {
		if !strings.Contains(string(bill), `"pkg:`+want) {
			t.Errorf("the bill of materials lacks %s", want)
		}
	}
	e.validate(t, bill)
	for _, leak := range e.leaks(t, image) {
		t.Errorf("%s went into the image", leak)
	}
}

// validate checks a bill of materials against CycloneDX's own schema.
func (e *engine) validate(t *testing.T, bill []byte) {
	t.Helper()
	const program = `import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(str(wrong) if wrong else 0)`
	cmd := exec.CommandContext(t.Context(), e.python, "-c", program)
	cmd.Stdin = strings.NewReader(string(bill))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the bill of materials is not valid: %v: %s", err, out)
	}
}
