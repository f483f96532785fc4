package chart

import (
	"strings"
	"testing"
)

// A page that shares one file of the runtime has the runtime that a figure carries.
func TestPartsAreTheFigures(t *testing.T) {
	foot := string(PackedFoot())
	foot = strings.TrimSuffix(strings.TrimPrefix(foot, "<script>"), "</script>\n")
	v, js, ok := UnpackScript(foot)
	wantVersion, want := Script()
	if !ok || v != wantVersion || js != lean(want) {
		t.Errorf("version %q, %d bytes, %t; want %q, %d bytes", v, len(js), ok, wantVersion, len(lean(want)))
	}
	if !strings.Contains(string(Head()), Style()) || !strings.Contains(want, `runtimes["`+v+`"]`) {
		t.Error("the parts are not those of a figure")
	}
	for _, other := range []string{"", "alert(1)", strings.Replace(foot, "const version", "let version", 1), strings.Replace(foot, `})("H`, `})("I`, 1)} {
		if _, _, ok := UnpackScript(other); ok {
			t.Errorf("%.80q is taken for a figure's script", other)
		}
	}
}

func TestUnpack(t *testing.T) {
	for _, text := range []string{"", `{"a": "δ"}`, strings.Repeat("long ", 10000)} {
		if got, err := Unpack("\n" + pack(text) + "\n"); err != nil || got != text {
			t.Errorf("%.20q: %.20q, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "!", "aGVsbG8=", pack("cut off")[:30]} {
		if got, err := Unpack(bad); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}
