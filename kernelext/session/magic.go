package session

import "strings"

// magic are the commands that a line may begin with: GoNB's, and the kernel's own.
var magic = []struct{ name, about string }{
	{"%who", "lists what the notebook has defined"},
	{"%reset", "forgets all that the notebook has defined"},
	{"%%", "the rest of the cell is the body of func main"},
	{"%main", "the rest of the cell is the body of func main"},
	{"%args", "runs the cell with these arguments"},
	{"%autoget", "fetches packages that are not at hand"},
	{"%capture", "writes what the cell prints to a file"},
	{"%cd", "changes the folder"},
	{"%env", "sets a variable of the environment"},
	{"%exec", "runs the cell by calling this function"},
	{"%goflags", "sets flags of go build"},
	{"%goworkfix", "makes go.mod replace what go.work uses"},
	{"%help", "shows GoNB's commands"},
	{"%list", "lists what GoNB remembers"},
	{"%ls", "lists what GoNB remembers"},
	{"%noautoget", "fetches no packages"},
	{"%remove", "makes GoNB forget definitions"},
	{"%rm", "makes GoNB forget definitions"},
	{"%test", "runs the tests of the cell"},
	{"%track", "follows the files of a folder"},
	{"%untrack", "does not follow the files of a folder"},
	{"%version", "shows the version of GoNB"},
	{"%wasm", "compiles the cell for the browser"},
	{"%widgets", "installs what GoNB's widgets need"},
	{"%widgets_hb", "tests the connection of GoNB's widgets"},
	{"%with_inputs", "lets the cell ask for input"},
	{"%with_password", "lets the cell ask for a password"},
	{"%%bash", "runs the cell with bash"},
	{"%%gx", "runs the cell as GX"},
	{"%%script", "runs the cell with a program"},
	{"%%sh", "runs the cell with sh"},
	{"%%writefile", "writes the cell to a file"},
}

// magicCandidates lists the commands for a line that begins with %, and where the command
// begins.
func magicCandidates(code string, at int) (list []candidate, from, to int) {
	from = strings.LastIndexByte(code[:at], '\n') + 1
	to = at
	if i := strings.IndexAny(code[at:], " \t\r\n"); i >= 0 {
		to += i
	} else {
		to = len(code)
	}
	line := code[from:at]
	if !strings.HasPrefix(line, "%") || strings.ContainsAny(line, " \t") {
		return nil, at, at
	}
	for _, m := range magic {
		c := candidate{text: m.name, kind: "magic", signature: m.about}
		if strings.HasPrefix(m.name, "%%") && m.name != "%%" {
			c.misfit = noFit // %% by itself is what is meant more often
		}
		list = append(list, c)
	}
	return list, from, to
}
