package cell

import (
	"fmt"
	"os"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// syncLimit bounds the wait for the kernel to acknowledge an output. A running kernel
// answers in less than a millisecond.
const syncLimit = 10 * time.Second

// display sends an output to the notebook and waits until the kernel has received it.
// The next display with the same id replaces the output; an output with id "" stays.
func display(id, html, plain string) {
	gonbui.SendData(&protocol.DisplayData{
		Data:      map[protocol.MIMEType]any{protocol.MIMETextHTML: html, protocol.MIMETextPlain: plain},
		DisplayID: id,
	})
	received := make(chan struct{})
	go func() { gonbui.Sync(); close(received) }()
	select {
	case <-received:
	case <-time.After(syncLimit):
	}
	if err := gonbui.Error(); err != nil {
		fmt.Fprintf(os.Stderr, "vgrad: an output did not reach the notebook: %v\n", err)
	}
}

// inNotebook reports whether GoNB runs this program.
func inNotebook() bool { return gonbui.IsNotebook }

// kernelspec is the name of the kernelspec from whose folder Jupyter serves ECharts.
func kernelspec() string {
	if name := os.Getenv("VGRAD_KERNELSPEC"); name != "" {
		return name
	}
	return "vgrad"
}
