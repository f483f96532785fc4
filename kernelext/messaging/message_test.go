package messaging

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ExampleMessage() {
	request := New("a session", "kernel_info_request", map[string]any{})
	request.Identities = [][]byte{[]byte("a client")}
	reply := request.Reply("kernel_info_reply", map[string]string{"status": "ok"})
	fmt.Println(reply.Header.Type, reply.ParentID() == request.Header.ID, string(reply.Identities[0]))
	fmt.Println(string(reply.Content))
	// Output:
	// kernel_info_reply true a client
	// {"status":"ok"}
}

func ExampleHeader() {
	m := New("a session", "status", nil)
	fmt.Println(m.Header.Type, m.Header.Session, m.Header.Version)
	// Output: status a session 5.4
}

func ExampleConnection() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "kernel.json")
	if err := (Connection{Shell: 7001, Key: "secret"}).Write(file); err != nil {
		panic(err)
	}
	c, err := ReadConnection(file)
	fmt.Println(c.Shell, c.Key, err)
	// Output: 7001 secret <nil>
}

func ExampleChannel() {
	fmt.Println(Shell, Control, Stdin, IOPub, Heartbeat)
	// Output: shell control stdin iopub heartbeat
}

// The signature that Jupyter's documentation describes, computed with Python's hmac:
// hmac.new(b"key", b"{}{}{}{}", hashlib.sha256).hexdigest()
func TestSignatureIsJupyters(t *testing.T) {
	m := &Message{Header: Header{raw: json.RawMessage("{}")}}
	got := string(m.Encode([]byte("key"))[1])
	if want := "ca767b02c5bc061ed184a9a029e7f93a7f2f7ed4e8fe74120fc1212f0b008fa3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDecodeGivesWhatEncodeWasGiven(t *testing.T) {
	m := New("s", "comm_msg", map[string]any{"data": "<é"})
	m.Identities = [][]byte{[]byte("a"), []byte("b")}
	m.Buffers = [][]byte{{1, 2, 3}, {}}
	m.Header.raw = json.RawMessage(`{"msg_id":"1","msg_type":"comm_msg","subshell_id":"x"}`)
	got, err := Decode(m.Encode([]byte("key")), []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Identities[1], []byte("b")) || len(got.Buffers) != 2 || !bytes.Equal(got.Buffers[0], []byte{1, 2, 3}) {
		t.Errorf("%+v", got)
	}
	if reply := got.Reply("x", nil); !strings.Contains(string(reply.Parent), "subshell_id") {
		t.Errorf("the parent header lost a field: %s", reply.Parent)
	}
	var content struct{ Data string }
	if err := got.Read(&content); err != nil || content.Data != "<é" {
		t.Errorf("%q, %v", content.Data, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	key := []byte("key")
	whole := func(change func(m *Message)) [][]byte {
		m := New("s", "status", map[string]any{})
		change(m)
		return m.Encode(key)
	}
	forged := whole(func(*Message) {})
	forged[5] = []byte(`{"code":"rm"}`)
	unsigned := New("s", "status", nil).Encode(nil)
	notHex := whole(func(*Message) {})
	notHex[1] = []byte("zz")
	for name, c := range map[string]struct {
		frames [][]byte
		want   error
	}{
		"nothing":         {nil, ErrMalformed},
		"no delimiter":    {[][]byte{[]byte("a"), []byte("b")}, ErrMalformed},
		"cut":             {whole(func(*Message) {})[:5], ErrMalformed},
		"forged":          {forged, ErrSignature},
		"unsigned":        {unsigned, ErrSignature},
		"not hexadecimal": {notHex, ErrSignature},
		"no JSON":         {whole(func(m *Message) { m.Content = []byte("{") }), ErrMalformed},
		"an array":        {whole(func(m *Message) { m.Metadata = []byte("[]") }), ErrMalformed},
		"no type":         {whole(func(m *Message) { m.Header.Type = "" }), ErrMalformed},
		"a number as id":  {whole(func(m *Message) { m.Header.raw = []byte(`{"msg_id":1,"msg_type":"a"}`) }), ErrMalformed},
	} {
		if _, err := Decode(c.frames, key); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestConnectionFilesThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "unexpected end",
		`{"transport":"pgm"}`:  `"pgm" is unknown`,
		`{"transport":"ipc"}`:  "needs a path",
		`{"shell_port":70000}`: "port of shell is 70000",
		`{"key":"a","signature_scheme":"hmac-md5"}`: `"hmac-md5" is unknown`,
	} {
		file := filepath.Join(t.TempDir(), "kernel.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadConnection(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, frames := range [][][]byte{New("s", "status", nil).Encode(nil), {[]byte("x")}, {}} {
		f.Add(bytes.Join(frames, []byte{0}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frames := bytes.Split(data, []byte{0})
		m, err := Decode(frames, nil)
		if err != nil {
			return
		}
		again, err := Decode(m.Encode([]byte("k")), []byte("k"))
		if err != nil || again.Header.ID != m.Header.ID || len(again.Buffers) != len(m.Buffers) {
			t.Errorf("%q: %v", frames, err)
		}
		m.Reply("x", nil)
		m.ParentID()
	})
}

func FuzzFrames(f *testing.F) {
	var whole bytes.Buffer
	out := appendFrames(nil, [][]byte{[]byte("a"), bytes.Repeat([]byte("b"), 300), {}})
	if _, err := out.WriteTo(&whole); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add([]byte{command, 5, 4, 'P', 'I', 'N', 'G'})
	f.Add([]byte{long, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		frames, isCommand, err := readFrames(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		if isCommand {
			answerPing(frames[0])
			return
		}
		var again bytes.Buffer
		out := appendFrames(nil, frames)
		if _, err := out.WriteTo(&again); err != nil {
			t.Fatal(err)
		}
		back, _, err := readFrames(bufio.NewReader(&again))
		if err != nil || len(back) != len(frames) {
			t.Errorf("%d frames, %v", len(back), err)
		}
	})
}
