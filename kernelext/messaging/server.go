package messaging

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// linger is how long a socket that closes waits for a peer to take what is queued.
const linger = time.Second

// maxLinks bounds the peers of one socket.
const maxLinks = 1000

// Options of a [Server].
type Options struct {
	Log   func(line string) // is told of messages that are ignored, and why; nil: nobody
	State func() string     // what the kernel does, as idle, which a new subscriber is told; nil: it is not
}

// Server is the kernel's side: the sockets that its clients connect to.
type Server struct {
	conn    Connection
	options Options
	session string

	in        [channels]chan *Message
	listeners []net.Listener
	done      chan struct{}
	wait      sync.WaitGroup // of the readers

	mu    sync.Mutex
	links [channels]map[*link]bool
}

// Listen binds the sockets. A port that is 0 becomes one that is free: see
// [Server.Connection].
func Listen(c Connection, o Options) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("messaging: listen: %w", err)
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	s := &Server{options: o, session: NewID(), done: make(chan struct{})}
	var sockets [channels]net.Listener
	for ch := range channels {
		l, err := c.listen(ch)
		if err != nil {
			for _, l := range s.listeners {
				l.Close()
			}
			return nil, fmt.Errorf("messaging: listen on %s: %w", ch, err)
		}
		sockets[ch] = l
		s.listeners = append(s.listeners, l)
		s.in[ch] = make(chan *Message, 16)
		s.links[ch] = map[*link]bool{}
	}
	s.conn = c
	for ch, l := range sockets {
		go s.accept(Channel(ch), l)
	}
	return s, nil
}

// Connection is where the server is reached, with the ports that were free.
func (s *Server) Connection() Connection { return s.conn }

// Session identifies this server in the headers of its own messages.
func (s *Server) Session() string { return s.session }

// Messages gives what clients send on Shell, Control or Stdin. It is never closed.
func (s *Server) Messages(ch Channel) <-chan *Message { return s.in[ch] }

// kinds are the sockets' types.
var kinds = [channels]zmq4.SocketType{zmq4.Router, zmq4.Router, zmq4.Router, zmq4.XPub, zmq4.Rep}

func (s *Server) accept(ch Channel, l net.Listener) {
	for {
		conn, err := l.Accept()
		select {
		case <-s.done:
			if err == nil {
				conn.Close()
			}
			return
		default:
		}
		if err != nil { // out of descriptors, perhaps: wait for better times
			s.log("%s: accept: %v", ch, err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go s.welcome(ch, conn)
	}
}

// welcome serves one peer.
func (s *Server) welcome(ch Channel, conn net.Conn) {
	l, err := open(conn, kinds[ch], "", true, func(l *link, n int) {
		s.log("%s: a client that reads too slowly missed %d messages", ch, n)
	})
	if err != nil {
		s.log("%s: a peer was turned away: %v", ch, err)
		return
	}
	if !s.add(ch, l) {
		l.close(0)
		return
	}
	defer s.wait.Done()
	defer s.remove(ch, l)
	err = l.read(func(frames [][]byte) { s.receive(ch, l, frames) })
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrUnexpectedEOF) {
		s.log("%s: a peer is gone: %v", ch, err)
	}
	l.close(0)
}

func (s *Server) add(ch Channel, l *link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
		return false
	default:
	}
	if len(s.links[ch]) >= maxLinks {
		s.log("%s: a peer was turned away: there are %d already", ch, maxLinks)
		return false
	}
	s.links[ch][l] = true
	s.wait.Add(1)
	return true
}

func (s *Server) remove(ch Channel, l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links[ch], l)
}

func (s *Server) receive(ch Channel, l *link, frames [][]byte) {
	switch ch {
	case IOPub:
		if topic, added := l.subscribe(frames); added {
			s.greet(l, topic)
		}
		return
	case Heartbeat:
		l.send(entry{frames: frames}, true)
		return
	}
	m, err := Decode(frames, []byte(s.conn.Key))
	if err != nil {
		s.log("%s: ignored: %v", ch, err)
		return
	}
	m.Identities = append([][]byte{[]byte(l.id)}, m.Identities...)
	select {
	case s.in[ch] <- m:
	case <-s.done:
	}
}

// greet tells a new subscriber that it is one, as JEP 65 asks for, and what the kernel
// does. JupyterLab, which ignores the status of its own questions, else shows a kernel that
// was started again as unknown until a cell runs.
func (s *Server) greet(l *link, topic string) {
	tell := func(topic string, m *Message) {
		m.Identities = [][]byte{[]byte(topic)}
		l.send(entry{frames: m.Encode([]byte(s.conn.Key))}, false)
	}
	tell(topic, New(s.session, "iopub_welcome", map[string]string{"subscription": topic}))
	if s.options.State != nil && l.wants("status") {
		tell("status", New(s.session, "status", map[string]string{"execution_state": s.options.State()}))
	}
}

// Send sends a message on Shell, Control or Stdin to the peer that the first of its
// identities names. It fails where that peer is gone, and never waits.
func (s *Server) Send(ch Channel, m *Message) error {
	if len(m.Identities) == 0 {
		return fmt.Errorf("messaging: send a %s: it names no peer", m.Header.Type)
	}
	to := *m
	to.Identities = m.Identities[1:]
	sent := false
	s.each(ch, func(l *link) {
		if bytes.Equal([]byte(l.id), m.Identities[0]) {
			l.send(entry{frames: to.Encode([]byte(s.conn.Key))}, false)
			sent = true
		}
	})
	if !sent {
		return fmt.Errorf("messaging: send a %s: %w", m.Header.Type, ErrGone)
	}
	return nil
}

// ErrGone is the error of a message for a peer that is not connected any more.
var ErrGone = errors.New("its client is gone")

// Publish sends a message on IOPub to all who subscribed to the topic, and never waits.
// What may be dropped is, for subscribers that are far behind.
func (s *Server) Publish(topic string, m *Message, droppable bool) {
	to := *m
	to.Identities = [][]byte{[]byte(topic)}
	e := entry{frames: to.Encode([]byte(s.conn.Key))}
	s.each(IOPub, func(l *link) {
		if l.wants(topic) {
			l.send(e, droppable)
		}
	})
}

func (s *Server) each(ch Channel, do func(*link)) {
	s.mu.Lock()
	list := make([]*link, 0, len(s.links[ch]))
	for l := range s.links[ch] {
		list = append(list, l)
	}
	s.mu.Unlock()
	for _, l := range list {
		do(l)
	}
}

// Close ends the server once its peers have what was sent to them, or after a second.
func (s *Server) Close() error {
	s.mu.Lock()
	select {
	case <-s.done:
		s.mu.Unlock()
		return nil
	default:
	}
	close(s.done)
	s.mu.Unlock()
	var wrong []error
	for _, l := range s.listeners {
		wrong = append(wrong, l.Close())
	}
	var closing sync.WaitGroup
	for ch := range channels {
		s.each(ch, func(l *link) { closing.Go(func() { l.close(linger) }) })
	}
	closing.Wait()
	s.wait.Wait()
	if s.conn.Transport == "ipc" {
		for ch := range channels {
			_, path := s.conn.address(ch)
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				wrong = append(wrong, err)
			}
		}
	}
	return errors.Join(wrong...)
}

func (s *Server) log(format string, args ...any) {
	s.options.Log("messaging: " + fmt.Sprintf(format, args...))
}
