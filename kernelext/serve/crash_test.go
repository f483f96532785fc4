package serve

import (
	"strings"
	"testing"
	"time"
)

// pieces cuts a text at every so many bytes.
func pieces(text string, size int) (list []string) {
	for len(text) > size {
		list, text = append(list, text[:size]), text[size:]
	}
	return append(list, text)
}

const aCrash = "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 7 [running]:\nmain.pick(...)\n\t \x1b[7m[[ Cell [2] Line 3 ]]\x1b[0m /tmp/gonb_1/main.go:9\nexample.com/lib.Do({0x1, 0x2})\n\t/root/lib/do.go:12 +0x1d\nmain.main()\n\t/tmp/gonb_1/cell[5]:2 +0x1c\ncreated by main.other in goroutine 1\n\t/tmp/gonb_1/main.go:20 +0x3\n\ngoroutine 1 [select]:\nmain.no()\n\t/tmp/x.go:1\nexit status 2\n"

// However the text comes, what the program said passes and the crash does not.
func TestCrashIsKeptBack(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7, 64, 10_000} {
		var c crashFilter
		shown := ""
		for _, piece := range pieces("a word\n"+aCrash, size) {
			shown += c.add(piece, time.Time{})
		}
		found, rest := c.end()
		if shown != "a word\n" || rest != "" || found == nil {
			t.Fatalf("in pieces of %d: %q, %q", size, shown, rest)
		}
		if found.message != "runtime error: index out of range [3] with length 3" || len(found.frames) != 4 {
			t.Errorf("%+v", found)
		}
		if f := found.frames[0]; f.function != "main.pick" || f.cell != 2 || f.line != 3 || f.at != 9 || f.file != "/tmp/gonb_1/main.go" {
			t.Errorf("%+v", f)
		}
		if f := found.frames[2]; f.cell != 5 || f.line != 2 || !f.ours {
			t.Errorf("%+v", f)
		}
	}
}

func TestCrashMessages(t *testing.T) {
	const stack = "\n\ngoroutine 1 [running]:\nmain.main()\n\t/tmp/main.go:3\n"
	for said, want := range map[string]string{
		"panic: a\nb":                        "a\nb",
		"panic: main.T{X:1} [recovered]":     "main.T{X:1} [recovered]",
		"panic: x [recovered, repanicked]":   "x",
		"panic: first\n\tpanic: second":      "first\n\tpanic: second",
		"fatal error: concurrent map writes": "concurrent map writes",
		"panic: runtime error: invalid memory address\n[signal SIGSEGV: segmentation violation]":                                                "runtime error: invalid memory address",
		"runtime: goroutine stack exceeds 1000000000-byte limit\nruntime: sp=0x1 stack=[0x2]\nfatal error: stack overflow\n\nruntime stack:\nx": "stack overflow",
	} {
		if c := parseCrash(said + stack); c.message != want {
			t.Errorf("%q: %q, want %q", said, c.message, want)
		}
	}
}

// A line that begins as a crash does and is none waits for a second, and then passes.
func TestNoCrash(t *testing.T) {
	var c crashFilter
	start := time.Now()
	if got := c.add("panic: not really\n", start); got != "" {
		t.Errorf("%q", got)
	}
	if got := c.late(start.Add(crashPatience / 2)); got != "" {
		t.Errorf("too early: %q", got)
	}
	if got := c.late(start.Add(2 * crashPatience)); got != "panic: not really\n" {
		t.Errorf("%q", got)
	}
	if got := c.add("on\n", start); got != "on\n" {
		t.Errorf("%q", got)
	}
}

func FuzzCrash(f *testing.F) {
	f.Add(aCrash, 5)
	f.Add("panic: \n", 1)
	f.Add("a\nfatal error: b", 3)
	f.Fuzz(func(t *testing.T, text string, size int) {
		var c crashFilter
		shown := ""
		for _, piece := range pieces(text, max(1, size)) {
			shown += c.add(piece, time.Time{})
		}
		found, rest := c.end()
		if found == nil && shown+rest != text {
			t.Errorf("%q became %q and %q", text, shown, rest)
		}
		if found != nil && !strings.HasPrefix(text, shown) {
			t.Errorf("%q: shown %q", text, shown)
		}
	})
}

func FuzzGlob(f *testing.F) {
	f.Add("a*b?", "aXb1")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		glob(pattern, text)
		if !strings.ContainsAny(text, "*?") && !glob(text, text) {
			t.Errorf("%q does not match itself", text)
		}
	})
}
