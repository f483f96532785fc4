package main

import (
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/term"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// openBrowser shows a file in the user's browser, where there is a desktop to
// show it on; where there is none it does nothing, the path having been printed.
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
		go cmd.Wait() // so that it leaves no zombie; that it opened is nice to have
	}
}
