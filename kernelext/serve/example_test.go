package serve

import (
	"context"
	"fmt"

	"github.com/vgrad/lab/kernelext/messaging"
	"github.com/vgrad/lab/kernelext/session"
)

func ExampleCellError() {
	err := &CellError{Name: Panic, Message: "runtime error: integer divide by zero", Traceback: []string{"Cell [3], line 2:", "    10 / x"}}
	fmt.Println(err)
	// Output: Panic: runtime error: integer divide by zero
}

func ExampleProgram() {
	p, err := passing{}.Translate(1, "%%\nfmt.Println(42)")
	fmt.Println(p.Plain, len(p.Missing), err)
	// Output: false 0 <nil>
}

func ExampleCompletion() {
	c := passing{}.Complete(context.Background(), "fmt.", 4)
	fmt.Println(c.Start, c.End, len(c.Matches))
	// Output: 4 4 0
}

func ExampleVariable() {
	v := Variable{Name: "weights", Kind: "variable", Type: "[]float64", Size: 2 << 20, Cell: 3}
	fmt.Println(v.Name, v.Type, size(v.Size))
	// Output: weights []float64 2.0 MB
}

func ExampleSession() {
	s := Notebook(session.Options{})
	fmt.Println(s.Status("for i := range 3 {"))
	// Output: incomplete
}

func ExampleOptions() {
	_, err := New(Options{Connection: messaging.Connection{Transport: "pgm"}})
	fmt.Println(err)
	// Output: serve: messaging: listen: the transport "pgm" is unknown; tcp and ipc are known
}

// A target that sends back what it is told.
func ExampleTarget() {
	echo := Target(func(c *Comm, kind string, data []byte) {
		if kind == "comm_msg" {
			c.Send(data)
		}
	})
	k := &Kernel{}
	k.comms = newComms(k)
	k.Register("echo", echo)
	fmt.Println(len(k.comms.targets))
	// Output: 1
}

func ExampleKernel() {
	k := &Kernel{o: Options{GoVersion: "go1.26.5"}}
	info := k.info()
	fmt.Println(info["implementation"], info["protocol_version"])
	// Output: vgrad 5.4
}

func ExampleComm() {
	c := &Comm{ID: "1", Target: "echo"}
	fmt.Println(c.ID, c.Target)
	// Output: 1 echo
}
