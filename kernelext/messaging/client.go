package messaging

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Client is the other side: what a notebook's server is to a kernel.
type Client struct {
	conn    Connection
	session string
	links   [channels]*link
	in      [channels]chan *Message
	pong    chan [][]byte
	done    chan struct{}
	once    sync.Once
	ended   atomic.Int32 // channels whose other end is gone
	log     func(line string)
}

// Dial connects all five channels and subscribes to every topic of IOPub. It tries until
// the context ends, for a kernel may not be there yet.
func Dial(ctx context.Context, conn Connection, o Options) (*Client, error) {
	if o.Log == nil {
		o.Log = func(string) {}
	}
	c := &Client{conn: conn, session: NewID(), pong: make(chan [][]byte, 1), done: make(chan struct{}), log: o.Log}
	types := [channels]zmq4.SocketType{zmq4.Dealer, zmq4.Dealer, zmq4.Dealer, zmq4.Sub, zmq4.Req}
	for ch := range channels {
		l, err := dial(ctx, conn, ch, types[ch], c.session)
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("messaging: connect to %s: %w", ch, err)
		}
		c.links[ch], c.in[ch] = l, make(chan *Message, 64)
	}
	for ch := range channels {
		go c.read(ch)
	}
	c.links[IOPub].send(entry{frames: [][]byte{{1}}}, false)
	return c, nil
}

func dial(ctx context.Context, conn Connection, ch Channel, kind zmq4.SocketType, id string) (*link, error) {
	network, address := conn.address(ch)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		var d net.Dialer
		tcp, err := d.DialContext(ctx, network, address)
		if err == nil {
			return open(tcp, kind, id, false, nil)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

func (c *Client) read(ch Channel) {
	err := c.links[ch].read(func(frames [][]byte) {
		if ch == Heartbeat {
			select {
			case c.pong <- frames:
			default:
			}
			return
		}
		m, err := Decode(frames, []byte(c.conn.Key))
		if err != nil {
			c.log(fmt.Sprintf("messaging: %s: ignored: %v", ch, err))
			return
		}
		select {
		case c.in[ch] <- m:
			return
		default:
		}
		select {
		case c.in[ch] <- m:
		case <-c.done:
		}
	})
	if err != io.EOF {
		select {
		case <-c.done:
		default:
			c.log(fmt.Sprintf("messaging: %s: %v", ch, err))
		}
	}
	// A kernel that ends closes one channel before it closes another, on which its last
	// words may be on their way.
	if c.ended.Add(1) < int32(channels) {
		select {
		case <-c.done:
		case <-time.After(linger):
		}
	}
	c.Close()
}

// Session identifies the client in its headers.
func (c *Client) Session() string { return c.session }

// Messages gives what the kernel sends on a channel. It is never closed: see
// [Client.Done].
func (c *Client) Messages(ch Channel) <-chan *Message { return c.in[ch] }

// Done is closed when the connection has ended, from either side.
func (c *Client) Done() <-chan struct{} { return c.done }

// Send sends a message on Shell, Control or Stdin, and never waits.
func (c *Client) Send(ch Channel, m *Message) { c.SendFrames(ch, m.Encode([]byte(c.conn.Key))) }

// SendFrames sends frames as they are, right or wrong.
func (c *Client) SendFrames(ch Channel, frames [][]byte) {
	c.links[ch].send(entry{frames: frames}, false)
}

// Request sends a message of the client's session and returns it.
func (c *Client) Request(ch Channel, kind string, content any) *Message {
	m := New(c.session, kind, content)
	c.Send(ch, m)
	return m
}

// Ping asks the heartbeat for an echo.
func (c *Client) Ping(ctx context.Context) error {
	word := []byte(NewID())
	c.SendFrames(Heartbeat, [][]byte{{}, word})
	select {
	case frames := <-c.pong:
		if len(frames) != 2 || !bytes.Equal(frames[1], word) {
			return fmt.Errorf("messaging: the heartbeat says %q", frames)
		}
		return nil
	case <-c.done:
		return fmt.Errorf("messaging: heartbeat: %w", ErrGone)
	case <-ctx.Done():
		return fmt.Errorf("messaging: heartbeat: %w", ctx.Err())
	}
}

// Close ends the connection, once the kernel has what was sent to it or after a second.
func (c *Client) Close() {
	c.once.Do(func() {
		close(c.done)
		var closing sync.WaitGroup
		for _, l := range c.links {
			if l != nil {
				closing.Go(func() { l.close(linger) })
			}
		}
		closing.Wait()
	})
}
