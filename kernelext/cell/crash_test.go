package cell

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

const stack = `
goroutine 1 [running]:
main.main()
	/tmp/vgrad-1/gonb_2/main.go:14 +0x65
`

// A crash is told in one line, with the cell's line first; other text stays as it is.
func TestInOneLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a panic":         {"panic: runtime error: index out of range [3] with length 0\n" + stack, "/tmp/vgrad-1/gonb_2/main.go:14: panic: runtime error: index out of range [3] with length 0\n"},
		"of two lines":    {"panic: one [recovered]\n\tpanic: two\n" + stack, "/tmp/vgrad-1/gonb_2/main.go:14: panic: one [recovered]; panic: two\n"},
		"a signal":        {"panic: runtime error: nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1]\n" + stack, "/tmp/vgrad-1/gonb_2/main.go:14: panic: runtime error: nil pointer dereference\n"},
		"a place in it":   {"panic: a: main.go:3: b\n" + stack, "/tmp/vgrad-1/gonb_2/main.go:14: panic: a: main.go 3: b\n"},
		"out of stack":    {"runtime: goroutine stack exceeds 1000-byte limit\nruntime: sp=0x1 stack=[0x2, 0x3]\nfatal error: stack overflow\n\nruntime stack:\nruntime.throw({0x1?, 0x2?})\n\t/go/panic.go:1 +0x4d\n" + stack, "/tmp/vgrad-1/gonb_2/main.go:14: runtime: goroutine stack exceeds 1000-byte limit; fatal error: stack overflow\n"},
		"in a library":    {"panic: axis 3\n\ngoroutine 7 [running]:\npanic({0x1?, 0x2?})\n\t/go/src/runtime/panic.go:783 +0x132\ngithub.com/gomlx/exceptions.Panicf({0x1, 0x2}, {0x0, 0x0, 0x0})\n\t/e.go:9 +0x1\ngithub.com/gomlx/gomlx/core/graph.(*Node).Dot(0x1, {0x2})\n\t/d.go:7 +0x1\nmain.main.func1()\n\t/tmp/main.go:9 +0x1\n\ngoroutine 1 [sleep]:\nmain.main()\n\t/tmp/main.go:30 +0x2\n", "/tmp/main.go:9: panic: axis 3 (in graph.(*Node).Dot)\n"},
		"by a library":    {"panic: late\n\ngoroutine 7 [running]:\nexample.org/a/b.work(...)\n\t/b.go:7 +0x1\ncreated by main.main in goroutine 1\n\t/tmp/main.go:9 +0x1\n", "/tmp/main.go:9: panic: late (in b.work)\n"},
		"without a place": {"fatal error: out of memory\n\ngoroutine 2 [running]:\nexample.org/b.work()\n\t/b.go:7 +0x1\n", "fatal error: out of memory (in b.work)\n"},
		"only words":      {"panic: just words\nand more\n", "panic: just words\nand more\n"},
		"nothing":         {"", ""},
	} {
		if got := crashLine(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What is no crash goes on at once, however it is cut into pieces; a crash waits for its
// end, and what only looks like one no longer than it may.
func TestPassOn(t *testing.T) {
	said := "training\rtraining: 3 %\nno panic: here\n"
	crash := "panic: gone\n" + stack
	for _, size := range []int{1, 2, 7, 1000} {
		var out bytes.Buffer
		filterCrash(&pieces{text: said + crash, size: size}, &out, time.Minute)
		if got, want := out.String(), said+"/tmp/vgrad-1/gonb_2/main.go:14: panic: gone\n"; got != want {
			t.Errorf("in pieces of %d: %q, want %q", size, got, want)
		}
	}

	from, to := io.Pipe()
	heard := make(chan string)
	go func() {
		filterCrash(from, sender(heard), 50*time.Millisecond)
		close(heard)
	}()
	for _, text := range []string{"12 %", "\n", "panic: just words\n", "pan", "cake\n"} {
		io.WriteString(to, text)
		select {
		case got := <-heard:
			if got != text {
				t.Errorf("%q came as %q", text, got)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q was not passed on", text)
		}
	}

	go func() { // who goes on to talk is heard all the same
		io.WriteString(to, "panic: just words\n")
		for range 100 {
			io.WriteString(to, ".")
			time.Sleep(10 * time.Millisecond)
		}
		to.Close()
	}()
	if first := <-heard; !strings.HasPrefix(first, "panic: just words\n") || len(first) > 100 {
		t.Errorf("the first that is heard is %q", first)
	}
	for range heard { // until its end
	}
}

// pieces is a text that is read in pieces of a size.
type pieces struct {
	text string
	size int
}

func (p *pieces) Read(buf []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	n := copy(buf[:min(p.size, len(buf))], p.text)
	p.text = p.text[n:]
	return n, nil
}

// sender sends what is written, but nothing of length 0.
type sender chan<- string

func (s sender) Write(p []byte) (int, error) {
	if text := string(p); text != "" {
		s <- text
	}
	return len(p), nil
}
