package messaging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/vgrad/lab/vgrad/atomicfile"
)

// Version is that of the protocol.
const Version = "5.4"

// Channel is one of the five sockets of a kernel.
type Channel int

// The channels.
const (
	Shell Channel = iota
	Control
	Stdin
	IOPub
	Heartbeat
	channels
)

func (c Channel) String() string {
	return [channels]string{"shell", "control", "stdin", "iopub", "heartbeat"}[c]
}

// Connection is what a connection file says: where a kernel is reached, and with which
// key messages are signed.
type Connection struct {
	Transport string `json:"transport"` // tcp or ipc; "": tcp
	IP        string `json:"ip"`        // for ipc the path that sockets begin with; "": 127.0.0.1
	Shell     int    `json:"shell_port"`
	IOPub     int    `json:"iopub_port"`
	Stdin     int    `json:"stdin_port"`
	Control   int    `json:"control_port"`
	Heartbeat int    `json:"hb_port"`
	Scheme    string `json:"signature_scheme"` // hmac-sha256, the only one that is known; "" as well
	Key       string `json:"key"`              // "": messages are not signed
	Kernel    string `json:"kernel_name,omitempty"`
}

// ReadConnection reads a connection file.
func ReadConnection(file string) (c Connection, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return c, fmt.Errorf("messaging: read the connection file %s: %w", file, err)
	}
	return c, nil
}

// Write writes a connection file that only its user can read.
func (c Connection) Write(file string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = atomicfile.Write(file, append(text, '\n'))
	}
	if err == nil {
		err = os.Chmod(file, 0o600)
	}
	if err != nil {
		return fmt.Errorf("messaging: write the connection file: %w", err)
	}
	return nil
}

func (c Connection) check() error {
	switch {
	case c.Transport != "" && c.Transport != "tcp" && c.Transport != "ipc":
		return fmt.Errorf("the transport %q is unknown; tcp and ipc are known", c.Transport)
	case c.Key != "" && c.Scheme != "" && c.Scheme != "hmac-sha256":
		return fmt.Errorf("the signature scheme %q is unknown; hmac-sha256 is known", c.Scheme)
	case c.Transport == "ipc" && c.IP == "":
		return errors.New("the transport ipc needs a path in the field ip")
	}
	for ch := range channels {
		if p := *c.port(ch); p < 0 || p > 65535 {
			return fmt.Errorf("the port of %s is %d", ch, p)
		}
	}
	return nil
}

func (c *Connection) port(ch Channel) *int {
	return [channels]*int{&c.Shell, &c.Control, &c.Stdin, &c.IOPub, &c.Heartbeat}[ch]
}

// address returns what net calls the network and the address of a channel.
func (c Connection) address(ch Channel) (network, address string) {
	port := strconv.Itoa(*c.port(ch))
	if c.Transport == "ipc" {
		return "unix", c.IP + "-" + port
	}
	switch c.IP {
	case "":
		return "tcp", net.JoinHostPort("127.0.0.1", port)
	case "*":
		return "tcp", ":" + port
	}
	return "tcp", net.JoinHostPort(c.IP, port)
}

// listen binds a channel. A port 0 becomes one that is free, without a moment at which
// another program may take it.
func (c *Connection) listen(ch Channel) (net.Listener, error) {
	port := c.port(ch)
	if c.Transport == "ipc" && *port == 0 {
		*port = int(ch) + 1
	}
	network, address := c.address(ch)
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		*port = tcp.Port
	}
	return l, nil
}

// marshal is JSON as Jupyter wants it: on one line, and < as it is.
func marshal(v any) (json.RawMessage, error) {
	if raw, ok := v.(json.RawMessage); ok {
		return raw, nil
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}
