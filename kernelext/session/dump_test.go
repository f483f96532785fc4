package session

import (
	"fmt"
	"os"
	"testing"
)

var dumped int

func dump(t testing.TB, source string) {
	if os.Getenv("DUMP") != "" {
		dumped++
		os.WriteFile(fmt.Sprintf("/tmp/dump/p%03d.txt", dumped), []byte(source), 0o666)
	}
}
