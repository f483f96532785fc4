package keep

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
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
func askFor(path string) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return
	}
	from, to, err := os.Pipe()
	if err != nil {
		conn.Close()
		return
	}
	os.Stdin = from
	answers := bufio.NewReader(conn)
	go func() {
		defer conn.Close()
		for {
			time.Sleep(looking)
			if !waiting(from) {
				continue
			}
			var question strings.Builder
			object(&question, "prompt", "", "password", raw("false"))
			if _, err := fmt.Fprintln(conn, question.String()); err != nil {
				break
			}
			line, err := answers.ReadBytes('\n')
			value, ok := answer(line)
			if err != nil || !ok {
				break
			}
			to.WriteString(value + "\n")
		}
		to.Close() // the program reads to the end
	}()
}

// looking is how often it is seen whether the program waits.
const looking = 20 * time.Millisecond

// waiting reports whether a goroutine waits in a read of the file.
func waiting(f *os.File) bool {
	buf := make([]byte, 64<<10)
	buf = buf[:runtime.Stack(buf, true)]
	read := fmt.Appendf(nil, "os.(*File).Read(%p", f)
	for _, stack := range bytes.Split(buf, []byte("\n\n")) {
		if bytes.Contains(stack, []byte("[IO wait")) && bytes.Contains(stack, read) {
			return true
		}
	}
	return false
}

// answer reads the kernel's answer: {"value": "..."} as package json writes it, or
// {"eof": true}.
func answer(line []byte) (value string, ok bool) {
	quoted, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte(`{"value":`))
	if !ok {
		return "", false
	}
	value, err := strconv.Unquote(string(bytes.TrimSpace(bytes.TrimSuffix(quoted, []byte("}")))))
	return value, err == nil
}
