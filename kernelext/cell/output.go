package cell

import (
	"fmt"
	"os"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// syncLimit bounds the wait for the kernel to take an output; it answers in
// well under a millisecond unless it is gone.
const syncLimit = 10 * time.Second

// display sends an output to the notebook and waits until the kernel has it.
// An id makes it one that the next display of the same id replaces; "" for none.
func display(id, html, plain string) {
	gonbui.SendData(&protocol.DisplayData{
		Data:      map[protocol.MIMEType]any{protocol.MIMETextHTML: html, protocol.MIMETextPlain: plain},
		DisplayID: id,
	})
	taken := make(chan struct{})
	go func() { gonbui.Sync(); close(taken) }()
	select {
	case <-taken:
	case <-time.After(syncLimit):
	}
	if err := gonbui.Error(); err != nil {
		fmt.Fprintf(os.Stderr, "vgrad: an output did not reach the notebook: %v\n", err)
	}
}

// inNotebook reports whether GoNB runs this program.
func inNotebook() bool { return gonbui.IsNotebook }

// kernelspec names the kernelspec whose folder serves ECharts.
func kernelspec() string {
	if name := os.Getenv("VGRAD_KERNELSPEC"); name != "" {
		return name
	}
	return "vgrad"
}
