package docker

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// apptainer stands in for the program of that name: it knows the flags that the examples
// use, and runs the image with this test's engine.
const apptainer = `#!/bin/sh
shift
flags=
while :; do
	case $1 in
	--containall | --net) shift ;;
	--network) shift 2 ;;
	--bind) flags="$flags -v $2"; shift 2 ;;
	*) break ;;
	esac
done
image=$1
shift 2 # and the program, which is the image's entry point
DOCKER_HOST=%s exec %s run --rm --network=none --user "$(id -u):$(id -g)" $flags "$image" "$@"
`

// testSlurm runs the tasks of both Slurm arrays, as Slurm would.
func testSlurm(t *testing.T, e *engine, image string) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "apptainer"), fmt.Appendf(nil, apptainer, e.host, e.client), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		script string
		tasks  []int
		store  string
	}{
		{"slurm-shared.sh", []int{1, 2, 3, 4, 5, 6, 7, 8, 3}, "/runs"}, // one of them twice
		{"slurm-merge.sh", []int{1, 2, 3, 4, 5, 6, 7, 8, 3, 0}, "/runs/all"},
	} {
		dir := t.TempDir()
		for _, task := range c.tasks {
			cmd := exec.CommandContext(t.Context(), "bash", filepath.Join("examples", c.script), "data=synthetic", "sigmoid,relu", "seed=0..4", "steps=3")
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "VGRAD_IMAGE="+image, "VGRAD_RUNS=",
				"SLURM_SUBMIT_DIR="+dir, "SLURM_ARRAY_TASK_ID="+strconv.Itoa(task))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s, task %d: %v: %s", c.script, task, err, out)
			}
		}
		var list recorded
		out := e.do(t, "run", "--rm", "--user", strconv.Itoa(os.Getuid()), "-v", filepath.Join(dir, "runs")+":/runs", image, "runs", "-json", "-store", c.store)
		if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 10 {
			t.Errorf("%s recorded %d runs, %v; want 10", c.script, len(list), err)
		}
	}
}

// testKubernetes checks the Job against Kubernetes' schema.
func (e *engine) testKubernetes(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(e.python), "kubernetes-validate"), "--strict", "examples/kubernetes.yaml").CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
