package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// browsers are the programs that print a page, and the places where they are without being
// on the path.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge", "microsoft-edge",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge", `C:\Program Files\Google\Chrome\Application\chrome.exe`,
	`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`}

// ErrNoBrowser is the error of a PDF on a machine that has no browser for it.
var ErrNoBrowser = errors.New("a PDF needs a browser: Chromium, Chrome or Edge; install one (Debian: apt-get install chromium), or print the page from yours")

// Browser returns the path of a browser that prints pages, or [ErrNoBrowser].
func Browser() (string, error) {
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("publish: %w", ErrNoBrowser)
}

// printing is how long a browser may take for a page.
const printing = 2 * time.Minute

// PDF prints the page in a file with the browser at a path. Figures are their static
// pictures. It fails if the browser does, or if ctx ends; the browser has ended then.
func PDF(ctx context.Context, browser, page string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, printing)
	defer stop()
	dir, err := os.MkdirTemp("", "vgrad-pdf-")
	if err != nil {
		return nil, fmt.Errorf("publish: print %s: %w", page, err)
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "page.pdf")
	args := []string{"--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--user-data-dir=" + filepath.Join(dir, "profile"), "--no-pdf-header-footer", "--print-to-pdf=" + out}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // a browser refuses to run as root with it
	}
	at := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute(page))}
	if !strings.HasPrefix(at.Path, "/") { // a drive
		at.Path = "/" + at.Path
	}
	cmd := exec.CommandContext(ctx, browser, append(args, at.String())...)
	cmd.WaitDelay = 5 * time.Second // its helpers may keep its output open
	said, runErr := cmd.CombinedOutput()
	pdf, err := os.ReadFile(out)
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err == nil && bytes.HasPrefix(pdf, []byte("%PDF-")):
		return pdf, nil
	default:
		err = fmt.Errorf("it made no PDF (%v): %s", runErr, lastLine(string(said)))
	}
	return nil, fmt.Errorf("publish: print %s with %s: %w", page, browser, err)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// PrintedPDF reports whether a file with this text is a PDF that a browser printed. A
// program asks before it replaces a file that its user did not name.
func PrintedPDF(text []byte) bool {
	return bytes.HasPrefix(text, []byte("%PDF-")) && bytes.Contains(text, []byte("Skia/PDF"))
}
