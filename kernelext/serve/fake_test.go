package serve

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"strings"
)

// fakeSession is a session for tests of the kernel alone: statements and imports in a
// cell, whose last expression is its result. It keeps no values.
type fakeSession struct {
	passing
	held chan struct{} // completion waits for it; nil: it does not
}

func (f *fakeSession) Translate(number int, code string) (Program, error) {
	if strings.HasPrefix(code, "%") || strings.HasPrefix(code, "!") {
		return Program{Source: code}, nil
	}
	var imports, body []string
	for line := range strings.Lines(code) {
		if strings.HasPrefix(line, "import ") {
			imports, body = append(imports, line), append(body, "\n")
			continue
		}
		body = append(body, line)
	}
	const head = "package p; func _() {"
	text := strings.Join(body, "")
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", head+text+"\n}", 0)
	if err != nil {
		at := err.(scanner.ErrorList)[0]
		return Program{}, &CellError{CompileError, at.Msg, []string{fmt.Sprintf("Cell [%d], line %d: %s", number, at.Pos.Line, at.Msg)}}
	}
	statements := file.Decls[0].(*ast.FuncDecl).Body.List
	if n := len(statements); n > 0 {
		if last, ok := statements[n-1].(*ast.ExprStmt); ok {
			if _, call := last.X.(*ast.CallExpr); !call {
				from := files.Position(last.Pos()).Offset - len(head)
				text = text[:from] + fmt.Sprintf(`os.WriteFile(os.Getenv("VGRAD_SESSION")+"/cell/result.json", []byte(fmt.Sprintf("{\"data\":{\"text/plain\":%%q}}", fmt.Sprint(%s))), 0600)`, strings.TrimSpace(text[from:]))
			}
		}
	}
	return Program{Source: strings.Join(imports, "") + "%%\n" + text, Lines: len(imports) + 1, Plain: true}, nil
}

func (f *fakeSession) Status(code string) (string, string) {
	if strings.Count(code, "{") > strings.Count(code, "}") {
		return "incomplete", "\t"
	}
	return "complete", ""
}

func (f *fakeSession) Complete(_ context.Context, code string, cursor int) Completion {
	if f.held != nil {
		<-f.held
	}
	return Completion{Matches: []string{"fmt.Println", "fmt.Printf"}, Start: cursor - len([]rune(code)), End: cursor}
}

func (f *fakeSession) Inspect(context.Context, string, int, int) (bool, map[string]string) {
	return true, map[string]string{"text/plain": "func Println(a ...any) (n int, err error)"}
}

func (f *fakeSession) Who() []Variable {
	return []Variable{{Name: "x", Kind: "variable", Type: "int", Size: 8, Cell: 1}}
}
