package serve

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// What a cell costs more here than in plain GoNB, in the same run, one after the other.
func BenchmarkOverGoNB(b *testing.B) {
	n := open(b, testOptions(b))
	direct := plainGoNB(b)
	const cell = "import \"fmt\"\n%%\nfmt.Println(1)"
	cost := func(n *notebook) time.Duration {
		start := time.Now()
		n.run(cell)
		return time.Since(start)
	}
	cost(n)
	cost(direct)
	var ours, theirs time.Duration
	for i := 0; b.Loop(); i++ { // each goes first as often: the second finds the machine awake
		if i%2 == 0 {
			ours += cost(n)
			theirs += cost(direct)
		} else {
			theirs += cost(direct)
			ours += cost(n)
		}
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(ms(ours), "ms/ours")
	b.ReportMetric(ms(theirs), "ms/gonb")
	b.ReportMetric(ms(ours-theirs), "ms/more")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

// plainGoNB is GoNB alone, as a client sees it.
func plainGoNB(b *testing.B) *notebook {
	dir := b.TempDir()
	file := filepath.Join(dir, "kernel-1.json")
	conn := messaging.Connection{Transport: "ipc", IP: filepath.Join(dir, "s"), Shell: 1, Control: 2, Stdin: 3, IOPub: 4, Heartbeat: 5}
	if err := conn.Write(file); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(gonbProgram(), "--kernel", file, "-raw_error=true")
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS='-ldflags=-s -w'", "TMPDIR="+dir, "PATH="+filepath.Dir(gonbProgram())+":"+os.Getenv("PATH"))
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Process.Kill(); cmd.Wait() })
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	c, err := messaging.Dial(ctx, conn, messaging.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	time.Sleep(time.Second) // GoNB says nothing when a subscription is taken in
	return &notebook{TB: b, client: c, replies: map[string]*messaging.Message{}}
}

// How long it takes from the start of the kernel to its first answer.
func BenchmarkReady(b *testing.B) {
	gonbProgram()
	for b.Loop() {
		n := open(b, testOptions(b))
		n.ask(messaging.Shell, "kernel_info_request", nil)
		n.kernel.end()
	}
}
