package messaging

import "sync"

// A peer that does not read may keep so many bytes waiting. Beyond the first bound what
// the reader of a notebook can do without is dropped for this peer; beyond the second the
// peer is given up.
const (
	softQueue = 64 << 20
	hardQueue = 96 << 20
)

// entry is a message in a queue.
type entry struct {
	frames  [][]byte
	command bool // frames holds a ZMTP command
}

// size is what an entry costs, its bookkeeping included.
func (e entry) size() int {
	n := 64
	for _, frame := range e.frames {
		n += len(frame) + 48
	}
	return n
}

// queue holds what is on its way to one peer. Whoever puts never waits.
type queue struct {
	mu      sync.Mutex
	ready   *sync.Cond
	entries []entry
	bytes   int
	dropped int  // messages since the last that was taken
	closed  bool // nothing may be put; what is there may be taken
}

func newQueue() *queue {
	q := &queue{}
	q.ready = sync.NewCond(&q.mu)
	return q
}

// put says whether the peer can be kept. A message that may be dropped is, where too much
// waits already.
func (q *queue) put(e entry, droppable bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := e.size()
	switch {
	case q.closed:
		return true
	case droppable && len(q.entries) > 0 && q.bytes+size > softQueue:
		q.dropped++
		return true
	case len(q.entries) > 0 && q.bytes+size > hardQueue:
		return false
	}
	q.entries = append(q.entries, e)
	q.bytes += size
	q.ready.Signal()
	return true
}

// take waits for messages and returns some, and how many were dropped before them; none
// once the queue is closed and empty.
func (q *queue) take() (some []entry, dropped int) {
	const atOnce = 1 << 20 // bytes in one write
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.entries) == 0 && !q.closed {
		q.ready.Wait()
	}
	n, bytes := 0, 0
	for n < len(q.entries) && bytes < atOnce {
		bytes += q.entries[n].size()
		n++
	}
	some = append(some, q.entries[:n]...)
	clear(q.entries[:n])
	q.entries = q.entries[n:]
	if len(q.entries) == 0 {
		q.entries = nil
	}
	q.bytes -= bytes
	dropped, q.dropped = q.dropped, 0
	return some, dropped
}

// close lets take return what is left, and then nothing.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.ready.Broadcast()
}
