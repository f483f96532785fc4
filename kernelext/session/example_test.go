package session_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/vgrad/lab/kernelext/session"
)

// open returns a session that sees the standard library.
func open() (s *session.Session, closed func()) {
	dir, err := os.MkdirTemp("", "session")
	if err != nil {
		panic(err)
	}
	s = session.New(session.Options{Dir: dir})
	if err := s.Warm(context.Background()); err != nil {
		panic(err)
	}
	return s, func() { os.RemoveAll(dir) }
}

// A cell that only declares has nothing to run; the next one brings what it names.
func ExampleSession() {
	s, closed := open()
	defer closed()
	p, err := s.Translate(1, "func double(x int) int { return 2 * x }")
	fmt.Printf("%q %v\n", p.Source, err)
	s.Finish(p)
	p, err = s.Translate(2, "double(21)")
	fmt.Println(strings.Contains(p.Source, "func double("), err)
	// Output:
	// "" <nil>
	// true <nil>
}

func ExampleOptions() {
	o := session.Options{Dir: "/tmp/notebook", Modules: []string{"/home/me/lab"}, GoRoot: "/usr/local/go"}
	fmt.Println(o.Modules)
	// Output: [/home/me/lab]
}

func ExampleProgram() {
	s, closed := open()
	defer closed()
	p, err := s.Translate(1, "import \"os\"\nname := \"\"\nfmt.Fscan(os.Stdin, &name)")
	fmt.Println(p.Plain, p.ReadsInput, err)
	// Output: true true <nil>
}

func ExampleCellError() {
	s, closed := open()
	defer closed()
	_, err := s.Translate(7, "x := 3\nfmt.Printn(x)")
	var e *session.CellError
	if errors.As(err, &e) {
		fmt.Println(strings.Join(e.Traceback, "\n"))
	}
	// Output:
	// Cell [7], line 2: undefined: fmt.Printn; did you mean fmt.Println?
	//     fmt.Printn(x)
	//         ^
}

func ExampleVariable() {
	s, closed := open()
	defer closed()
	p, err := s.Translate(1, "func double(x int) int { return 2 * x }\nconst answer = 42")
	if err != nil {
		panic(err)
	}
	s.Finish(p)
	for _, v := range s.Who() {
		fmt.Println(v.Kind, v.Name, v.Type)
	}
	// Output:
	// constant answer = 42
	// function double func(x int) int
}
