package messaging

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/null"
)

// handshakeLimit bounds what a peer may take to say who it is.
const handshakeLimit = 10 * time.Second

// link is the connection with one peer.
type link struct {
	conn net.Conn
	id   string // the peer's identity; one of ours where it has none
	out  *queue
	gone chan struct{} // closed when nothing can be written any more

	mu     sync.Mutex
	topics map[string]int // subscriptions, with how often each was asked for
}

// open does the handshake of ZMTP and starts to write what the queue holds. dropped is
// told how many messages the peer missed; it may be nil.
func open(conn net.Conn, kind zmq4.SocketType, id string, server bool, dropped func(*link, int)) (l *link, err error) {
	defer func() {
		if r := recover(); r != nil { // zmq4 v0.17.0 trusts the lengths of the metadata
			err = fmt.Errorf("%w: %v", errHandshake, r)
		}
		if err != nil {
			conn.Close()
		}
	}()
	if err := conn.SetDeadline(time.Now().Add(handshakeLimit)); err != nil {
		return nil, err
	}
	peer, err := zmq4.Open(&guard{Conn: conn}, null.Security(), kind, zmq4.SocketIdentity(id), server, nil)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	l = &link{conn: conn, id: peer.Peer.Meta["Identity"], out: newQueue(), gone: make(chan struct{}), topics: map[string]int{}}
	if l.id == "" {
		l.id = NewID()
	}
	go l.write(dropped)
	return l, nil
}

func (l *link) write(dropped func(*link, int)) {
	defer close(l.gone)
	defer l.conn.Close()
	for {
		some, missed := l.out.take()
		if missed > 0 && dropped != nil {
			dropped(l, missed)
		}
		if len(some) == 0 {
			return
		}
		var out net.Buffers
		for _, e := range some {
			if e.command {
				out = append(out, appendHead(nil, command, len(e.frames[0])), e.frames[0])
				continue
			}
			out = appendFrames(out, e.frames)
		}
		if _, err := out.WriteTo(l.conn); err != nil {
			l.out.close()
			return
		}
	}
}

// read hands on what the peer sends, until it is gone.
func (l *link) read(each func(frames [][]byte)) error {
	defer l.out.close()
	r := bufio.NewReaderSize(l.conn, 64<<10)
	for {
		frames, isCommand, err := readFrames(r)
		if err != nil {
			return err
		}
		if !isCommand {
			each(frames)
			continue
		}
		if pong := answerPing(frames[0]); pong != nil {
			l.send(entry{[][]byte{pong}, true}, true)
		}
	}
}

// answerPing is the body of the command that answers a PING, which repeats its context;
// nil for other commands, which ask for nothing.
func answerPing(body []byte) []byte {
	context, isPing := strings.CutPrefix(string(body), "\x04PING")
	if !isPing || len(context) < 2 {
		return nil
	}
	return []byte("\x04PONG" + context[2:])
}

// send queues a message; a peer that does not read is given up.
func (l *link) send(e entry, droppable bool) {
	if !l.out.put(e, droppable) {
		l.close(0)
	}
}

// subscribe keeps books of what a subscriber wants: a byte 1 and the topic, or 0 to end
// it. It returns a topic that is new.
func (l *link) subscribe(frames [][]byte) (topic string, added bool) {
	if len(frames) != 1 || len(frames[0]) == 0 {
		return "", false
	}
	topic = string(frames[0][1:])
	l.mu.Lock()
	defer l.mu.Unlock()
	switch frames[0][0] {
	case 1:
		if len(l.topics) < maxTopics {
			l.topics[topic]++
		}
		return topic, l.topics[topic] == 1
	case 0:
		if l.topics[topic]--; l.topics[topic] <= 0 {
			delete(l.topics, topic)
		}
	}
	return "", false
}

// maxTopics bounds what a subscriber can make us remember.
const maxTopics = 10_000

func (l *link) wants(topic string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for wanted := range l.topics {
		if strings.HasPrefix(topic, wanted) {
			return true
		}
	}
	return false
}

// close ends the connection after what is queued has been written, or after linger.
func (l *link) close(linger time.Duration) {
	l.out.close()
	if linger > 0 {
		select {
		case <-l.gone:
		case <-time.After(linger):
		}
	}
	l.conn.Close()
}
