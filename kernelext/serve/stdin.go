package serve

import (
	"bufio"
	"encoding/json"
	"net"
	"sync"

	"github.com/vgrad/lab/kernelext/messaging"
)

// inputs are questions to the reader that wait for their answer.
type inputs struct {
	mu      sync.Mutex
	waiting map[string]chan string // by the session of the client that is asked
}

// answer takes in an input_reply.
func (i *inputs) answer(m *messaging.Message) {
	var content struct {
		Value string `json:"value"`
	}
	if m.Read(&content) != nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	key := peer(m)
	if wait := i.waiting[key]; wait != nil {
		delete(i.waiting, key)
		wait <- content.Value
	}
}

// expect returns where the answer of a client will come.
func (i *inputs) expect(key string) <-chan string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.waiting == nil {
		i.waiting = map[string]chan string{}
	}
	wait := make(chan string, 1)
	i.waiting[key] = wait
	return wait
}

func (i *inputs) forget(key string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.waiting, key)
}

// peer is whom a message comes from.
func peer(m *messaging.Message) string {
	if len(m.Identities) == 0 {
		return ""
	}
	return string(m.Identities[0])
}

// ask asks the reader whose cell runs. There is no answer (false) where the client cannot
// be asked or the cell ends first.
func (e *execution) ask(prompt string, password bool) (value string, ok bool) {
	if !e.AllowStdin {
		e.mu.Lock()
		e.stdinDenied = true
		e.mu.Unlock()
		return "", false
	}
	e.out.settle()
	key := peer(e.request)
	wait := e.k.inputs.expect(key)
	defer e.k.inputs.forget(key)
	request := e.request.Reply("input_request", map[string]any{"prompt": prompt, "password": password})
	if err := e.k.server.Send(messaging.Stdin, request); err != nil {
		e.k.o.Log(err.Error())
		return "", false
	}
	select {
	case value = <-wait:
		return value, true
	case <-e.stopAsking:
		return "", false
	case <-e.k.done:
		return "", false
	}
}

// question is what a cell's program asks over the socket in the exchange folder.
type question struct {
	Prompt   string `json:"prompt"`
	Password bool   `json:"password"`
}

// serveAsk answers the program of the cell until the listener is closed.
func (e *execution) serveAsk(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			lines := bufio.NewScanner(conn)
			lines.Buffer(nil, 1<<20)
			for lines.Scan() {
				var q question
				if json.Unmarshal(lines.Bytes(), &q) != nil {
					return
				}
				answer := any(map[string]bool{"eof": true})
				if value, ok := e.ask(q.Prompt, q.Password); ok {
					answer = map[string]string{"value": value}
				}
				if json.NewEncoder(conn).Encode(answer) != nil {
					return
				}
			}
		}()
	}
}
