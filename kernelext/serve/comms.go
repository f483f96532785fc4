package serve

import (
	"encoding/json"
	"maps"
	"sync"

	"github.com/vgrad/lab/kernelext/messaging"
)

// gonbTarget is the comm target of GoNB's scripts in the page, for package gonbui.
const gonbTarget = "gonb_comm"

// Comm is one that a client has opened to a target of the kernel's.
type Comm struct {
	ID     string
	Target string

	k     *Kernel
	cause *messaging.Message
}

// Send sends data to the other end.
func (c *Comm) Send(data any) {
	c.k.publish(c.cause, "comm_msg", map[string]any{"comm_id": c.ID, "data": data})
}

// Close ends it.
func (c *Comm) Close() {
	c.k.comms.forget(c.ID)
	c.k.publish(c.cause, "comm_close", map[string]any{"comm_id": c.ID, "data": map[string]any{}})
}

// Target is told what comes over the comms that clients open to it.
type Target func(c *Comm, kind string, data []byte) // kind: comm_open, comm_msg, comm_close

// comms routes custom messages.
type comms struct {
	k       *Kernel
	mu      sync.Mutex
	targets map[string]Target
	open    map[string]*Comm // by identifier
}

func newComms(k *Kernel) *comms {
	return &comms{k: k, targets: map[string]Target{}, open: map[string]*Comm{}}
}

// Register makes a target known.
func (k *Kernel) Register(name string, t Target) {
	k.comms.mu.Lock()
	defer k.comms.mu.Unlock()
	k.comms.targets[name] = t
}

// commContent is that of a comm's messages.
type commContent struct {
	ID     string          `json:"comm_id"`
	Target string          `json:"target_name"`
	Data   json.RawMessage `json:"data"`
}

func (c *comms) fromClient(m *messaging.Message) {
	var content commContent
	if err := m.Read(&content); err != nil || content.ID == "" {
		c.k.o.Log("serve: a " + m.Header.Type + " without comm_id is ignored")
		return
	}
	c.mu.Lock()
	comm := c.open[content.ID]
	if m.Header.Type == "comm_open" && (c.targets[content.Target] != nil || content.Target == gonbTarget) {
		comm = &Comm{ID: content.ID, Target: content.Target, k: c.k, cause: m}
		c.open[content.ID] = comm
	}
	if m.Header.Type == "comm_close" {
		delete(c.open, content.ID)
	}
	target := Target(nil)
	if comm != nil {
		target = c.targets[comm.Target]
	}
	c.mu.Unlock()
	switch {
	case comm == nil && m.Header.Type == "comm_close":
	case comm == nil: // nobody is there
		c.k.publish(m, "comm_close", map[string]any{"comm_id": content.ID, "data": map[string]any{}})
	case target != nil:
		target(comm, m.Header.Type, content.Data)
	default:
		c.k.remember(m.Header.ID, parent{message: m})
		c.k.theGoNB().forward(m)
	}
}

// fromGoNB keeps books of what GoNB opens and closes. Over the channel shell it closes a
// comm where others publish it.
func (c *comms) fromGoNB(m *messaging.Message) {
	var content commContent
	if m.Read(&content) != nil {
		return
	}
	switch m.Header.Type {
	case "comm_open":
		c.mu.Lock()
		defer c.mu.Unlock()
		c.open[content.ID] = &Comm{ID: content.ID, Target: content.Target, k: c.k}
	case "comm_close":
		c.forget(content.ID)
	}
}

func (c *comms) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, id)
}

// lost closes the comms of a GoNB that has ended.
func (c *comms) lost() {
	c.mu.Lock()
	var gone []*Comm
	for id, comm := range maps.All(c.open) {
		if comm.Target == gonbTarget {
			gone = append(gone, comm)
			delete(c.open, id)
		}
	}
	c.mu.Unlock()
	for _, comm := range gone {
		c.k.publish(comm.cause, "comm_close", map[string]any{"comm_id": comm.ID, "data": map[string]any{}})
	}
}

func (c *comms) info(m *messaging.Message) map[string]any {
	var asked struct {
		Target string `json:"target_name"`
	}
	if err := m.Read(&asked); err != nil {
		return refusal("ValueError", err.Error())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	open := map[string]any{}
	for id, comm := range c.open {
		if asked.Target == "" || asked.Target == comm.Target {
			open[id] = map[string]string{"target_name": comm.Target}
		}
	}
	return map[string]any{"status": "ok", "comms": open}
}
