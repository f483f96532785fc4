package serve

import (
	"sync"

	"github.com/vgrad/lab/kernelext/messaging"
)

// queue holds what is to be done in order. Who fills it beyond its bound waits.
type queue struct {
	mu     sync.Mutex
	change *sync.Cond
	list   []*messaging.Message
	closed bool
}

const queueMost = 10_000

func newQueue() *queue {
	q := &queue{}
	q.change = sync.NewCond(&q.mu)
	return q
}

func (q *queue) put(m *messaging.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.list) >= queueMost && !q.closed {
		q.change.Wait()
	}
	q.list = append(q.list, m)
	q.change.Broadcast()
}

// take waits for the next; nil once the queue is closed.
func (q *queue) take() *messaging.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.list) == 0 && !q.closed {
		q.change.Wait()
	}
	if q.closed {
		return nil
	}
	m := q.list[0]
	q.list = q.list[1:]
	q.change.Broadcast()
	return m
}

// drain takes out the execute requests.
func (q *queue) drain() (out []*messaging.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var stay []*messaging.Message
	for _, m := range q.list {
		if m.Header.Type == "execute_request" {
			out = append(out, m)
		} else {
			stay = append(stay, m)
		}
	}
	q.list = stay
	q.change.Broadcast()
	return out
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.change.Broadcast()
}
