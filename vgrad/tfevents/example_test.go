package tfevents_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/tfevents"
)

// The article's run, logged by TensorFlow: its tags are known, so a layer's gradient is
// read as that of a recorded run.
func ExampleOpen() {
	log, err := tfevents.Open(filepath.Join("..", "article", "testdata", "tensorflow"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, run := range log.Runs() {
		steps, _ := vgrad.Series(run, vgrad.MeanAbsGrad, 1)
		fmt.Println(run.Name(), vgrad.Depth(run), "layers,", len(steps), "steps")
	}
	// Output:
	// leaky_relu 6 layers, 13 steps
	// relu 6 layers, 13 steps
	// sigmoid 6 layers, 13 steps
}

// A writer is a sink. Here a number that float32 cannot represent does not become zero.
func ExampleWriter() {
	dir, err := os.MkdirTemp("", "logs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	w, err := tfevents.Create(dir, tfevents.Options{Tags: tfevents.LabTags})
	if err != nil {
		fmt.Println(err)
		return
	}
	site := vgrad.Site{Path: "/layer1/weights", Layer: 1, Role: vgrad.Kernel}
	feeder := &vgrad.Feeder{To: w}
	for step, gradient := range []float64{0.5, 1e-60, 0} {
		if err := feeder.Put(step, []vgrad.Sample{{Site: site, Quantity: vgrad.MeanAbsGrad, Value: gradient}}); err != nil {
			fmt.Println(err)
		}
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	log, err := tfevents.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	run := log.Runs()[0]
	fmt.Println(run.Tags()[0].Name)
	for p := range run.Points("mean_abs_grad/layer1/weights") {
		fmt.Println(p.Step, p.Value)
	}
	// Output:
	// mean_abs_grad/layer1/weights
	// 0 0.5
	// 1 1.401298464324817e-45
	// 2 0
}

// Rules say what the tags of other programs mean.
func ExampleParseRule() {
	rule, err := tfevents.ParseRule("grads/{name}=mean_abs_grad")
	fmt.Println(rule.Tag, rule.Quantity, err)
	_, err = tfevents.ParseRule("grads/{name}=gradient_size")
	fmt.Println(err != nil)
	// Output:
	// grads/{name} mean_abs_grad <nil>
	// true
}
