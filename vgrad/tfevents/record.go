package tfevents

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	headSize = 12 // length and its checksum
	footSize = 4  // checksum of the data
	// maxRecord is the longest record that is read. TensorFlow's own limit for a protocol
	// buffer is 2 GiB.
	maxRecord = 1<<31 - 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked returns the checksum of a record's part. TensorFlow rotates and shifts the CRC,
// because the CRC of a text that holds its own CRC would have little value.
func masked(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// DamageError is the error of an event file that is damaged.
type DamageError struct {
	File   string // path
	Offset int64  // byte at which the record begins
	What   string // is wrong
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s: byte %d: %s; what stands before it is kept", e.File, e.Offset, e.What)
}

// splitter takes records apart.
type splitter struct {
	head [headSize]byte // of the record before, which was right
}

// split returns the data of the record at the beginning of b and the length of the whole
// record. A record that is not complete has length 0, and need says how long it is, or at
// least is.
func (s *splitter) split(b []byte) (data []byte, length int, need int64, what string) {
	if len(b) < headSize {
		return nil, 0, headSize, ""
	}
	n := binary.LittleEndian.Uint64(b)
	if head := [headSize]byte(b); head != s.head || s.head == [headSize]byte{} { // records of one length are frequent
		if want, got := binary.LittleEndian.Uint32(b[8:]), masked(b[:8]); want != got {
			return nil, 0, 0, fmt.Sprintf("masked CRC-32C of the record's length is %08x, expected %08x", got, want)
		}
		s.head = head
	}
	if n > maxRecord {
		return nil, 0, 0, fmt.Sprintf("a record of %d bytes; at most %d are possible", n, maxRecord)
	}
	length = headSize + int(n) + footSize
	if len(b) < length {
		return nil, 0, int64(length), ""
	}
	data = b[headSize : headSize+int(n)]
	if want, got := binary.LittleEndian.Uint32(b[length-footSize:]), masked(data); want != got {
		return nil, 0, 0, fmt.Sprintf("masked CRC-32C of the record is %08x, expected %08x", got, want)
	}
	return data, length, 0, ""
}

// seal turns the bytes from start on, of which the first headSize are reserved, into a
// record.
func seal(b []byte, start int) []byte {
	head, data := b[start:start+headSize], b[start+headSize:]
	binary.LittleEndian.PutUint64(head, uint64(len(data)))
	binary.LittleEndian.PutUint32(head[8:], masked(head[:8]))
	return binary.LittleEndian.AppendUint32(b, masked(data))
}
