package messaging

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// pair is a server, a client and what the server said of the messages that it ignored.
func pair(t *testing.T, conn Connection) (*Server, *Client, func() string) {
	t.Helper()
	var mu sync.Mutex
	var said []string
	s, err := Listen(conn, Options{Log: func(line string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, line)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c, err := Dial(soon(t), s.Connection(), Options{Log: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return s, c, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(said, "\n")
	}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// next waits for the message that comes next.
func next(t *testing.T, from <-chan *Message) *Message {
	t.Helper()
	select {
	case m := <-from:
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no message came")
		return nil
	}
}

// A new subscriber is told what the kernel does, in a message that answers none.
func TestStateForSubscriber(t *testing.T) {
	s, err := Listen(Connection{Key: "secret"}, Options{State: func() string { return "busy" }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := Dial(soon(t), s.Connection(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	next(t, c.Messages(IOPub)) // the welcome
	if m := next(t, c.Messages(IOPub)); m.Header.Type != "status" || string(m.Content) != `{"execution_state":"busy"}` || m.ParentID() != "" {
		t.Errorf("behind the welcome: %+v", m)
	}
}

func TestClientAndServer(t *testing.T) {
	for _, conn := range []Connection{{Key: "secret"}, {}, {Transport: "ipc", IP: filepath.Join(t.TempDir(), "k"), Key: "x"}} {
		s, c, _ := pair(t, conn)
		welcome := next(t, c.Messages(IOPub))
		if welcome.Header.Type != "iopub_welcome" || string(welcome.Content) != `{"subscription":""}` || welcome.ParentID() != "" {
			t.Errorf("welcome: %+v", welcome)
		}
		for _, ch := range []Channel{Shell, Control, Stdin} {
			asked := c.Request(ch, "execute_request", map[string]string{"code": "1+1"})
			got := next(t, s.Messages(ch))
			if got.Header.ID != asked.Header.ID {
				t.Errorf("%s: %+v", ch, got)
			}
			if err := s.Send(ch, got.Reply("execute_reply", map[string]string{"status": "ok"})); err != nil {
				t.Error(err)
			}
			if reply := next(t, c.Messages(ch)); reply.ParentID() != asked.Header.ID {
				t.Errorf("%s: %+v", ch, reply)
			}
		}
		m := New(s.Session(), "display_data", nil)
		m.Buffers = [][]byte{bytes.Repeat([]byte{7}, 3<<20)}
		s.Publish("display_data", m, false)
		if got := next(t, c.Messages(IOPub)); len(got.Buffers[0]) != 3<<20 {
			t.Errorf("a buffer of %d bytes", len(got.Buffers[0]))
		}
		if err := c.Ping(soon(t)); err != nil {
			t.Error(err)
		}
	}
}

// What was sent before Close arrives.
func TestCloseDelivers(t *testing.T) {
	s, c, _ := pair(t, Connection{})
	c.Request(Control, "shutdown_request", nil)
	request := next(t, s.Messages(Control))
	if err := s.Send(Control, request.Reply("shutdown_reply", nil)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if m := next(t, c.Messages(Control)); m.Header.Type != "shutdown_reply" {
		t.Errorf("%+v", m)
	}
	if err := s.Send(Control, request.Reply("late", nil)); err == nil {
		t.Error("no error for a client that is gone")
	}
}

func TestWhatIsWrongIsSaidAndIgnored(t *testing.T) {
	s, c, said := pair(t, Connection{Key: "secret"})
	forged := New("s", "execute_request", nil).Encode([]byte("guess"))
	for _, frames := range [][][]byte{forged, {[]byte("junk")}, {{}}, New("s", "", nil).Encode([]byte("secret"))} {
		c.SendFrames(Shell, frames)
	}
	c.Request(Shell, "kernel_info_request", nil)
	if m := next(t, s.Messages(Shell)); m.Header.Type != "kernel_info_request" {
		t.Errorf("%+v", m)
	}
	if got := said(); strings.Count(got, "\n") != 3 || !strings.Contains(got, "signature is wrong") || strings.Count(got, "malformed") != 3 {
		t.Errorf("said:\n%s", got)
	}
}

// Peers that say nothing, nonsense, or announce a frame of 2^62 bytes do not keep others
// out.
func TestPeersThatAreNone(t *testing.T) {
	s, _, said := pair(t, Connection{})
	_, address := s.Connection().address(Shell)
	greeting := make([]byte, greetingSize)
	greeting[0], greeting[9], greeting[10] = 0xff, 0x7f, 3
	copy(greeting[12:], "NULL")
	for _, sent := range [][]byte{
		nil, []byte("GET / HTTP/1.1\r\n\r\n"), bytes.Repeat([]byte{0xff}, 1000),
		append(bytes.Clone(greeting), command|long, 0x40, 0, 0, 0, 0, 0, 0, 0),
		append(bytes.Clone(greeting), command, 12, 5, 'R', 'E', 'A', 'D', 'Y', 200, 'a', 0, 0, 0, 0),
		append(bytes.Clone(greeting), 0, 1, 1),
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := conn.Write(sent); err != nil {
			t.Log(err)
		}
	}
	c, err := Dial(soon(t), s.Connection(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Request(Shell, "kernel_info_request", nil)
	next(t, s.Messages(Shell))
	t.Log(said())
}

// A subscriber that stops to read costs no more than its queue, and the others have all.
func TestSlowSubscriber(t *testing.T) {
	s, c, said := pair(t, Connection{})
	next(t, c.Messages(IOPub))
	_, address := s.Connection().address(IOPub)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	slow, err := open(conn, zmq4.Sub, "", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.close(0)
	slow.send(entry{frames: [][]byte{{1}}}, false)
	for !subscribers(s, 2) {
		time.Sleep(time.Millisecond)
	}
	m := New("s", "stream", map[string]string{"text": strings.Repeat("x", 1<<20)})
	const messages = 200
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range messages {
		s.Publish("stream", m, true)
		next(t, c.Messages(IOPub))
	}
	s.Publish("status", New("s", "status", nil), false)
	next(t, c.Messages(IOPub))
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > softQueue+32<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	}
	var got atomic.Int64 // what the slow one gets once it reads
	done := make(chan struct{})
	go slow.read(func(frames [][]byte) {
		m, err := Decode(frames, nil)
		if err == nil && m.Header.Type == "status" {
			close(done)
		}
		got.Add(1)
	})
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error("the status did not come")
	}
	if n := got.Load(); n < softQueue>>20-1 || n > messages/2 {
		t.Errorf("%d messages came", n)
	}
	if !strings.Contains(said(), "missed") {
		t.Errorf("nothing is said of it: %q", said())
	}
}

func subscribers(s *Server, n int) bool {
	count := 0
	s.each(IOPub, func(l *link) {
		if l.wants("stream") {
			count++
		}
	})
	return count == n
}

// A client that reads no replies is given up, and does not stop others.
func TestClientThatReadsNoReplies(t *testing.T) {
	s, c, _ := pair(t, Connection{})
	_, address := s.Connection().address(Shell)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	deaf, err := open(conn, zmq4.Dealer, "deaf", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	deaf.send(entry{frames: New("s", "a", nil).Encode(nil)}, false)
	request := next(t, s.Messages(Shell))
	large := request.Reply("b", map[string]string{"text": strings.Repeat("x", 4<<20)})
	for n := 0; ; n++ {
		if s.Send(Shell, large) != nil {
			break
		}
		if n == 100 {
			t.Fatal("it is still kept after 400 MB")
		}
	}
	c.Request(Shell, "c", nil)
	next(t, s.Messages(Shell))
}

// Two clients get their own replies, and the sockets of zmq4 work as clients.
func TestOtherSockets(t *testing.T) {
	s, c, _ := pair(t, Connection{})
	at := func(ch Channel) string { _, a := s.Connection().address(ch); return "tcp://" + a }
	dealer := zmq4.NewDealer(soon(t), zmq4.WithID(zmq4.SocketIdentity("theirs")))
	sub, req := zmq4.NewSub(soon(t)), zmq4.NewReq(soon(t))
	for socket, ch := range map[zmq4.Socket]Channel{dealer: Shell, sub: IOPub, req: Heartbeat} {
		if err := socket.Dial(at(ch)); err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
	}
	if err := sub.SetOption(zmq4.OptionSubscribe, "stat"); err != nil {
		t.Fatal(err)
	}
	if m, err := sub.Recv(); err != nil || string(m.Frames[0]) != "stat" {
		t.Errorf("welcome: %v, %v", m, err)
	}
	s.Publish("stream", New("s", "stream", nil), false) // not asked for
	s.Publish("status", New("s", "status", nil), false)
	if m, err := sub.Recv(); err != nil || string(m.Frames[0]) != "status" {
		t.Errorf("%v, %v", m, err)
	}
	if err := dealer.Send(zmq4.NewMsgFrom(New("s", "theirs", nil).Encode(nil)...)); err != nil {
		t.Fatal(err)
	}
	theirs := next(t, s.Messages(Shell))
	c.Request(Shell, "ours", nil)
	ours := next(t, s.Messages(Shell))
	for _, m := range []*Message{ours, theirs} {
		if err := s.Send(Shell, m.Reply("to "+m.Header.Type, nil)); err != nil {
			t.Error(err)
		}
	}
	if m := next(t, c.Messages(Shell)); m.Header.Type != "to ours" {
		t.Errorf("%+v", m)
	}
	m, err := dealer.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Decode(m.Frames, nil); err != nil || got.Header.Type != "to theirs" {
		t.Errorf("%v, %v", got, err)
	}
	if err := req.Send(zmq4.NewMsgString("ping")); err != nil {
		t.Fatal(err)
	}
	if m, err := req.Recv(); err != nil || string(m.Bytes()) != "ping" {
		t.Errorf("%v, %v", m, err)
	}
}

func TestPingIsAnswered(t *testing.T) {
	if got := answerPing([]byte("\x04PING\x00\x0aabc")); string(got) != "\x04PONGabc" {
		t.Errorf("%q", got)
	}
	for _, other := range []string{"", "\x04PING", "\x09SUBSCRIBE"} {
		if answerPing([]byte(other)) != nil {
			t.Errorf("%q is answered", other)
		}
	}
}

func TestPortsThatAreTaken(t *testing.T) {
	s, _, _ := pair(t, Connection{})
	if _, err := Listen(s.Connection(), Options{}); err == nil || !strings.Contains(err.Error(), "listen on shell") {
		t.Errorf("%v", err)
	}
}

func ExampleServer() {
	server, err := Listen(Connection{Key: "secret"}, Options{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	client, err := Dial(context.Background(), server.Connection(), Options{})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	client.Request(Shell, "kernel_info_request", nil)
	request := <-server.Messages(Shell)
	if err := server.Send(Shell, request.Reply("kernel_info_reply", nil)); err != nil {
		panic(err)
	}
	fmt.Println((<-client.Messages(Shell)).Header.Type)
	// Output: kernel_info_reply
}

func ExampleClient() {
	server, err := Listen(Connection{}, Options{})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	client, err := Dial(context.Background(), server.Connection(), Options{})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	fmt.Println(client.Ping(context.Background()), (<-client.Messages(IOPub)).Header.Type)
	// Output: <nil> iopub_welcome
}

func ExampleOptions() {
	_, err := Listen(Connection{Transport: "pgm"}, Options{Log: func(line string) { fmt.Println(line) }})
	fmt.Println(err)
	// Output: messaging: listen: the transport "pgm" is unknown; tcp and ipc are known
}
