package session_test

import (
	"context"
	"fmt"
	"strings"
)

func ExampleCompletion() {
	s, closed := open()
	defer closed()
	code := "x := strings.HasP"
	c := s.Complete(context.Background(), code, len(code))
	fmt.Println(c.Matches, c.Start, c.End)
	// Output: [HasPrefix] 13 17
}

func ExampleSession_Inspect() {
	s, closed := open()
	defer closed()
	found, data := s.Inspect(context.Background(), "strings.HasPrefix(", 18, 0)
	signature, _, _ := strings.Cut(data["text/plain"], "\n")
	fmt.Println(found, signature)
	// Output: true func strings.HasPrefix(s string, prefix string) bool
}
