package main

import (
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/term"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// openBrowser opens a file or an address in the user's browser. Without a desktop it does
// nothing; the caller has printed the path.
func openBrowser(path string) {
	opener := []string{"xdg-open"}
	switch runtime.GOOS {
	case "darwin":
		opener = []string{"open"}
	case "windows":
		opener = []string{"rundll32", "url.dll,FileProtocolHandler"}
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return
		}
	}
	cmd := exec.Command(opener[0], append(opener[1:], path)...)
	if cmd.Start() == nil {
		go cmd.Wait() // avoids a zombie process; the result does not matter
	}
}
