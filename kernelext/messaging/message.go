package messaging

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"
	"sync"
	"time"
)

// Header names a message.
type Header struct {
	ID       string `json:"msg_id"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Date     string `json:"date"`
	Type     string `json:"msg_type"`
	Version  string `json:"version"`

	raw json.RawMessage // as it came, with fields that are not known here
}

// MarshalJSON gives a header that came as it was.
func (h Header) MarshalJSON() ([]byte, error) {
	if h.raw != nil {
		return h.raw, nil
	}
	type plain Header
	return json.Marshal(plain(h))
}

// Message is one message. An empty Metadata or Content stands for {}.
type Message struct {
	Identities [][]byte // whom it comes from, or goes to: the frames of ZeroMQ's routing
	Header     Header
	Parent     json.RawMessage // header of the message that caused it; empty: none
	Metadata   json.RawMessage
	Content    json.RawMessage
	Buffers    [][]byte
}

// New returns a message of a session; a content of nil stands for {}. It panics where
// content is no JSON, which is a mistake of the program.
func New(session, kind string, content any) *Message {
	if content == nil {
		content = json.RawMessage("{}")
	}
	text, err := marshal(content)
	if err != nil {
		panic(fmt.Errorf("messaging: the content of a %s: %w", kind, err))
	}
	return &Message{
		Header: Header{
			ID: NewID(), Session: session, Username: username(), Type: kind, Version: Version,
			Date: time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
		},
		Content: text,
	}
}

// Reply returns a message that m causes, for the same peer and of the same session.
func (m *Message) Reply(kind string, content any) *Message {
	reply := New(m.Header.Session, kind, content)
	reply.Identities = m.Identities
	reply.Parent = m.header()
	return reply
}

// header is the header as JSON.
func (m *Message) header() json.RawMessage {
	text, err := m.Header.MarshalJSON()
	if err != nil { // strings can always be written
		panic(err)
	}
	return text
}

// ParentID is the identifier of the message that caused this one, "" where there is none.
func (m *Message) ParentID() string {
	var parent Header
	if json.Unmarshal(m.Parent, &parent) != nil {
		return ""
	}
	return parent.ID
}

// Read unpacks the content.
func (m *Message) Read(v any) error {
	if err := json.Unmarshal(orEmpty(m.Content), v); err != nil {
		return fmt.Errorf("messaging: the content of a %s: %w", m.Header.Type, err)
	}
	return nil
}

// NewID returns a random identifier.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

var username = sync.OnceValue(func() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "kernel"
})

// delimiter stands between the identities and the message.
var delimiter = []byte("<IDS|MSG>")

// Errors of [Decode].
var (
	ErrMalformed = errors.New("the message is malformed")
	ErrSignature = errors.New("the signature is wrong")
)

// Decode reads a message of its frames: identities, delimiter, signature, four JSON
// objects, buffers. It checks the signature, unless the key is empty, before it reads the
// rest.
func Decode(frames [][]byte, key []byte) (*Message, error) {
	at := 0
	for at < len(frames) && !bytes.Equal(frames[at], delimiter) {
		at++
	}
	if len(frames)-at < 6 {
		return nil, fmt.Errorf("messaging: %w: %d frames, of which %d follow the delimiter", ErrMalformed, len(frames), max(0, len(frames)-at-1))
	}
	signed := frames[at+2 : at+6]
	if len(key) > 0 {
		given, err := hex.DecodeString(string(frames[at+1]))
		if err != nil || !hmac.Equal(given, sign(key, signed)) {
			return nil, fmt.Errorf("messaging: %w", ErrSignature)
		}
	}
	for i, name := range []string{"header", "parent header", "metadata", "content"} {
		if text := bytes.TrimSpace(signed[i]); len(text) == 0 || text[0] != '{' || !json.Valid(text) {
			return nil, fmt.Errorf("messaging: %w: its %s is no JSON object", ErrMalformed, name)
		}
	}
	m := &Message{Identities: frames[:at:at], Parent: signed[1], Metadata: signed[2], Content: signed[3], Buffers: frames[at+6:]}
	if err := json.Unmarshal(signed[0], &m.Header); err != nil {
		return nil, fmt.Errorf("messaging: %w: its header: %w", ErrMalformed, err)
	}
	m.Header.raw = signed[0]
	if m.Header.ID == "" || m.Header.Type == "" {
		return nil, fmt.Errorf("messaging: %w: its header has no msg_id or no msg_type", ErrMalformed)
	}
	return m, nil
}

// Encode gives the frames of a message, signed unless the key is empty.
func (m *Message) Encode(key []byte) [][]byte {
	signed := [][]byte{m.header(), orEmpty(m.Parent), orEmpty(m.Metadata), orEmpty(m.Content)}
	signature := []byte{}
	if len(key) > 0 {
		signature = []byte(hex.EncodeToString(sign(key, signed)))
	}
	frames := make([][]byte, 0, len(m.Identities)+6+len(m.Buffers))
	frames = append(frames, m.Identities...)
	frames = append(frames, delimiter, signature)
	frames = append(frames, signed...)
	return append(frames, m.Buffers...)
}

func sign(key []byte, frames [][]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, frame := range frames {
		mac.Write(frame)
	}
	return mac.Sum(nil)
}

func orEmpty(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("{}")
	}
	return text
}
