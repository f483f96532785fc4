package serve

import (
	"context"
	"fmt"
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
	report(b, ours, theirs)
}

// What a plain cell costs more than the same cell in plain GoNB. Each run is of another
// cell: one that GoNB has built before it does not build again.
func BenchmarkPlainCell(b *testing.B) {
	n := open(b, notebookOptions(b))
	direct := plainGoNB(b, "-go_work="+repository(b))
	cost := func(n *notebook, before string, number int) time.Duration {
		code := before + fmt.Sprintf("for i := range 3 {\n\tfmt.Println(i, %d)\n}", number)
		start := time.Now()
		n.run(code)
		return time.Since(start)
	}
	const head = "import \"fmt\"\n%%\n"
	cost(n, "", -1)
	cost(direct, head, -1)
	var ours, theirs time.Duration
	for i := 0; b.Loop(); i++ {
		if i%2 == 0 {
			ours += cost(n, "", i)
			theirs += cost(direct, head, i)
		} else {
			theirs += cost(direct, head, i)
			ours += cost(n, "", i)
		}
	}
	report(b, ours, theirs)
}

func report(b *testing.B, ours, theirs time.Duration) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(ms(ours), "ms/ours")
	b.ReportMetric(ms(theirs), "ms/gonb")
	b.ReportMetric(ms(ours-theirs), "ms/more")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

// plainGoNB is GoNB alone, as a client sees it, with what is in this module and no network.
func plainGoNB(t testing.TB, flags ...string) *notebook {
	return plainGoNBWith(t, []string{"GOPROXY=off", "GOWORK=auto", "GOFLAGS='-ldflags=-s -w'"}, flags...)
}

func plainGoNBWith(t testing.TB, env []string, flags ...string) *notebook {
	dir := t.TempDir()
	file := filepath.Join(dir, "kernel-1.json")
	conn := messaging.Connection{Transport: "ipc", IP: filepath.Join(dir, "s"), Shell: 1, Control: 2, Stdin: 3, IOPub: 4, Heartbeat: 5}
	if err := conn.Write(file); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(gonbProgram(), append(flags, "--kernel", file, "-raw_error=true")...)
	cmd.Env = append(os.Environ(), append([]string{"TMPDIR=" + dir, "PATH=" + filepath.Dir(gonbProgram()) + ":" + os.Getenv("PATH")}, env...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Process.Kill(); cmd.Wait() })
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	c, err := messaging.Dial(ctx, conn, messaging.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	time.Sleep(time.Second) // GoNB says nothing when a subscription is taken in
	return &notebook{TB: t, client: c, process: cmd.Process, replies: map[string]*messaging.Message{}}
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
