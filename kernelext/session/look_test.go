package session

import (
	"go/ast"
	"strings"
	"testing"
)

func TestLook(t *testing.T) {
	s := newSession(t)
	p, err := s.Translate(1, "type P struct{ X int }\npoint := P{3}\nc := make(chan int)")
	if err != nil {
		t.Fatal(err)
	}
	finish(t, s, p, map[string]string{"c": "a channel"})
	code := "x := 1\nx = (\nfor i := range 3 {\n\tfmt.Println(point.X, i)\n}\ny := x\nfunc f(a int) {}"
	if !s.index.ready() || len(s.index.known()) < 100 {
		t.Error("few packages are known")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.look("x := 1\n} (\n")
	if v.pkg.Scope().Lookup("point") == nil {
		t.Error("a broken cell hides what earlier cells define")
	}
	v = s.look(strings.Replace(code, "x = (\n", "x = 2\n", 1))
	code = strings.Replace(code, "x = (\n", "x = 2\n", 1)
	at := strings.Index(code, "point.X")
	pos := v.pos(at)
	if back, ok := v.offset(pos); !ok || back != at {
		t.Errorf("offset %d went to %d and back to %d, %v", at, pos, back, ok)
	}
	path := pathTo(v.file, pos)
	if id, ok := path[len(path)-1].(*ast.Ident); !ok || id.Name != "point" || v.info.TypeOf(id).String() != "main.P" {
		t.Errorf("at point: %v", path[len(path)-1])
	}
	if scope := v.scope(at); scope.Lookup("i") == nil && scope.Parent().Lookup("i") == nil {
		t.Errorf("no i in the scope of the loop: %v", scope)
	}
	if v.pkg.Scope().Lookup("y") == nil || v.pkg.Scope().Lookup("f") == nil {
		t.Error("names of the cell are missing")
	}
}
