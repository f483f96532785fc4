package messaging

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Limits on what a peer may send. Jupyter's own server refuses messages above 512 MB.
const (
	maxMessage = 512 << 20 // bytes of all frames
	maxFrames  = 4096      // frames of a message
)

// The bits of a frame's first byte, in ZMTP 3.0 (https://rfc.zeromq.org/spec/23).
const (
	more    = 1 << iota // another frame of the message follows
	long                // eight bytes of length follow, not one
	command             // it is no part of a message
)

var errTooLarge = errors.New("a message is too large")

// readFrames reads one message, or one command, whose only frame is its body.
func readFrames(r *bufio.Reader) (frames [][]byte, isCommand bool, err error) {
	total := uint64(0)
	for {
		flags, err := r.ReadByte()
		if err != nil {
			return nil, false, err
		}
		size, err := readSize(r, flags)
		if err != nil {
			return nil, false, err
		}
		if total += size; size > maxMessage || total > maxMessage || len(frames) == maxFrames {
			return nil, false, errTooLarge
		}
		body, err := readBody(r, int(size))
		if err != nil {
			return nil, false, err
		}
		frames = append(frames, body)
		if flags&more == 0 {
			return frames, flags&command != 0, nil
		}
	}
}

func readSize(r *bufio.Reader, flags byte) (uint64, error) {
	if flags&^(more|long|command) != 0 {
		return 0, fmt.Errorf("a frame has unknown flags %#x", flags)
	}
	if flags&long == 0 {
		size, err := r.ReadByte()
		return uint64(size), err
	}
	var size [8]byte
	_, err := io.ReadFull(r, size[:])
	return binary.BigEndian.Uint64(size[:]), err
}

// readBody takes memory as bytes come, not as they are announced.
func readBody(r io.Reader, size int) ([]byte, error) {
	const step = 1 << 20
	body := make([]byte, min(size, step))
	for done := 0; ; {
		n, err := io.ReadFull(r, body[done:])
		if done += n; err != nil {
			return nil, err
		}
		if done == size {
			return body, nil
		}
		grown := make([]byte, min(size, 2*done))
		copy(grown, body)
		body = grown
	}
}

// appendFrames makes ready to write a message, whose frames are not copied.
func appendFrames(out net.Buffers, frames [][]byte) net.Buffers {
	for i, frame := range frames {
		flags := byte(0)
		if i < len(frames)-1 {
			flags = more
		}
		out = append(out, appendHead(nil, flags, len(frame)), frame)
	}
	return out
}

func appendHead(head []byte, flags byte, size int) []byte {
	if size <= 255 {
		return append(head, flags, byte(size))
	}
	return binary.BigEndian.AppendUint64(append(head, flags|long), uint64(size))
}

// guard checks the one frame that a handshake reads before zmq4 does, which believes the
// length that it is told and makes room for it.
type guard struct {
	net.Conn
	at   int  // bytes read so far
	long bool // the frame's length has eight bytes
}

const greetingSize = 64 // of the greeting in ZMTP 3.0

var errHandshake = errors.New("the handshake is malformed")

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	for _, b := range p[:n] {
		switch at := g.at - greetingSize; {
		case at == 0 && b&^long != command, 0 < at && at < 7 && g.long && b != 0: // 64 KB are enough
			return 0, errHandshake
		case at == 0:
			g.long = b&long != 0
		}
		g.at++
	}
	return n, err
}
