package serve

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	gonbError  = regexp.MustCompile(`^(.*main(?:_test)?\.go):(\d+)(?::(\d+))?: (.+)$`)
	plainError = regexp.MustCompile(`^(?:.*[/\\])?cell\[(\d+)\](?:\.go)?:(\d+)(?::(\d+))?: (.+)$`)
	gonbPlace  = regexp.MustCompile(`^Cell(?:\[(\d+)\]:)? Line (\d+)\n`)
	caretLine  = regexp.MustCompile(`^ *\^$`)
	plainFile  = regexp.MustCompile(`cell\[(\d+)\](?:\.go)?$`)
	exitStatus = regexp.MustCompile(`(?:^|: )(?:exit status (\d+)|signal: (.+))$`)
	logStamp   = regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:\S+\.go:\d+: )?`)
)

// explain makes the cell's error of GoNB's.
func (e *execution) explain(what reply) *CellError {
	text := strings.TrimSpace(what.Evalue)
	if wrong := e.compileError(what); wrong != nil {
		return wrong
	}
	m := exitStatus.FindStringSubmatch(text)
	last := e.out.lastLine()
	switch {
	case m == nil || strings.Contains(text, "\n"):
		return e.command(text)
	case m[2] == "killed":
		return &CellError{Name: OutOfMemory, Message: "the cell's process was killed, most likely because memory ran out"}
	case m[2] != "":
		return &CellError{Name: Error, Message: "the cell's process ended by the signal: " + m[2]}
	case m[1] == "1" && last != "": // as log.Fatal and cell.Must end
		message := strings.TrimPrefix(logStamp.ReplaceAllString(last, ""), "vgrad: ")
		return &CellError{Name: Error, Message: message}
	}
	return &CellError{Name: Exit, Message: "the cell ended itself: os.Exit(" + m[1] + ")"}
}

// command is the error of one of GoNB's commands, or of what it starts before the cell.
func (e *execution) command(text string) *CellError {
	var lines []string
	said, _, _ := strings.Cut(text, "\n---------------\n") // GoNB's advice on workspaces, which are ours
	for line := range strings.Lines(said) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "executing special commands in cell: ")
		if line == "" || strings.HasPrefix(line, "failed to run ") || exitStatus.MatchString(line) && len(line) < 20 {
			continue
		}
		lines = append(lines, line)
	}
	name := Error
	if strings.Contains(text, "go get") || strings.Contains(text, "go build") || strings.Contains(text, "goimports") {
		name = CompileError
	}
	if len(lines) == 0 {
		return &CellError{Name: name, Message: "GoNB could not run the cell"}
	}
	message := lines[0]
	for _, line := range lines { // the go command tells the way from the program to what is wrong
		if message = line; !strings.HasSuffix(line, " imports") && !strings.HasSuffix(line, " tested by") {
			break
		}
	}
	return &CellError{Name: name, Message: message, Traceback: lines}
}

// compileError reads what the compiler said: of a cell of GoNB's, which tells cell and
// line beside each message, or of a plain one, whose lines are the reader's. It is nil
// where the text is of something else.
func (e *execution) compileError(what reply) *CellError {
	wrong := &CellError{Name: CompileError}
	for i, line := range strings.Split(what.Evalue, "\n") {
		var cell, number, column int
		message := ""
		if m := plainError.FindStringSubmatch(line); m != nil {
			cell, number, column, message = atoi(m[1]), atoi(m[2]), atoi(m[3]), m[4]
		} else if m := gonbError.FindStringSubmatch(line); m != nil {
			message = m[4]
			if i < len(what.Traceback) {
				cell, number, column = e.place(what.Traceback[i])
			}
		} else if strings.HasPrefix(line, "\t") && wrong.Message != "" {
			wrong.Traceback = append(wrong.Traceback, "    "+strings.TrimSpace(line))
			continue
		} else {
			continue
		}
		if wrong.Message == "" {
			wrong.Message = message
		}
		if cell == 0 {
			wrong.Traceback = append(wrong.Traceback, message)
			continue
		}
		wrong.Traceback = append(wrong.Traceback, "Cell ["+strconv.Itoa(cell)+"], line "+strconv.Itoa(number)+": "+message)
		if source := e.k.source(cell, number); source != "" {
			text := strings.TrimLeft(source, " \t")
			wrong.Traceback = append(wrong.Traceback, "    "+strings.ReplaceAll(text, "\t", "    "))
			if column -= len(source) - len(text); column > 0 && column <= len(text)+1 {
				wrong.Traceback = append(wrong.Traceback, "    "+blank(text[:column-1])+"^")
			}
		}
	}
	if wrong.Message == "" {
		return nil
	}
	return wrong
}

// place reads where an error is from what GoNB tells beside it: the cell, and lines of
// the program that it wrote, with a caret. Its column is that of the reader's line where
// both lines are the same but for what they begin with.
func (e *execution) place(told string) (cell, line, column int) {
	m := gonbPlace.FindStringSubmatch(told)
	if m == nil {
		return 0, 0, 0
	}
	if cell, line = e.reader(atoi(m[1]), atoi(m[2])); line < 1 {
		return 0, 0, 0
	}
	lines := strings.Split(told, "\n")
	for i, caret := range lines {
		if i == 0 || !caretLine.MatchString(caret) {
			continue
		}
		written, source := lines[i-1], e.k.source(cell, line)
		body := strings.TrimLeft(written, " \t")
		indent := len(written) - len(body)
		at := strings.Index(source, strings.TrimSpace(body))
		if at >= 0 && len(caret)-1 >= indent {
			column = len(caret) - indent + at
		}
	}
	return cell, line, column
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// blank is as wide as a text.
func blank(text string) string {
	return strings.Repeat(" ", len([]rune(strings.ReplaceAll(text, "\t", "    "))))
}
