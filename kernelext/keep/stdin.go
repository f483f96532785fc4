package keep

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// askFor makes standard input a pipe that is filled with what the reader answers. The
// reader is asked when the program waits for input. path is the kernel's socket; without it
// standard input stays as it is.
//
// Whether the program waits is seen in the stacks of its goroutines: one of them is in
// (*os.File).Read and nothing has been written. A pipe says nothing of its readers, and to
// replace os.Stdin by something that does is not possible, for it is a file.
//
// The question has no prompt: what the program printed before it waits has been shown.
func askFor(path string) {
	conn, err := dial(path)
	if err != nil {
		return
	}
	from, to, err := os.Pipe()
	if err != nil {
		conn.Close()
		return
	}
	os.Stdin = from
	go answer(conn, from, to)
}

// answer asks the reader each time the program waits, until the input ends.
func answer(conn io.ReadWriteCloser, from, to *os.File) {
	defer conn.Close()
	defer to.Close() // the program reads to the end
	answers := bufio.NewReader(conn)
	for {
		time.Sleep(looking)
		if !waiting(from) {
			continue
		}
		var question strings.Builder
		object(&question, "prompt", "", "password", raw("false"))
		if _, err := fmt.Fprintln(conn, question.String()); err != nil {
			return
		}
		line, err := answers.ReadBytes('\n')
		value, ok := answered(line)
		if err != nil || !ok {
			return
		}
		if _, err := to.WriteString(value + "\n"); err != nil {
			return
		}
	}
}

// looking is how often it is seen whether the program waits.
const looking = 20 * time.Millisecond

// waiting reports whether a goroutine waits in a read of the file.
func waiting(f *os.File) bool {
	read := fmt.Appendf(nil, "os.(*File).Read(%p", f)
	for _, stack := range bytes.Split(stacks(), []byte("\n\n")) {
		if bytes.Contains(stack, []byte("[IO wait")) && bytes.Contains(stack, read) {
			return true
		}
	}
	return false
}

// stacks are those of all goroutines, as far as a megabyte goes.
func stacks() []byte {
	for size := 64 << 10; ; size *= 4 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size || size >= 1<<20 {
			return buf[:n]
		}
	}
}

// answered reads the kernel's answer: {"value": "..."} as package json writes it, or
// {"eof": true}.
func answered(line []byte) (value string, ok bool) {
	quoted, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte(`{"value":`))
	if !ok {
		return "", false
	}
	value, err := strconv.Unquote(string(bytes.TrimSpace(bytes.TrimSuffix(quoted, []byte("}")))))
	return value, err == nil
}
