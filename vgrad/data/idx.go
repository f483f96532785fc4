package data

import (
	"encoding/binary"
	"fmt"
	"io"
)

// readIDX reads LeCun's IDX format into values. The format is: two zero bytes, the type
// (0x08, unsigned byte), the number of axes, the length of each axis as a big-endian
// uint32, the values. It fails if the shape is not the expected one, and if there are more
// or fewer values than the shape has.
func readIDX(r io.Reader, shape []int, values []uint8) error {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return fmt.Errorf("IDX header: %w", err)
	}
	if want := [4]byte(idxHeader(shape)); magic != want {
		return fmt.Errorf("IDX header is % x, expected % x", magic, want)
	}
	axes := make([]uint32, len(shape))
	if err := binary.Read(r, binary.BigEndian, axes); err != nil {
		return fmt.Errorf("IDX shape: %w", err)
	}
	for i, n := range shape {
		if axes[i] != uint32(n) {
			return fmt.Errorf("IDX shape is %v, expected %v", axes, shape)
		}
	}
	if _, err := io.ReadFull(r, values); err != nil {
		return fmt.Errorf("IDX values: %w", err)
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 {
		return fmt.Errorf("IDX values: more than the %d expected", len(values))
	} else if err != io.EOF {
		return fmt.Errorf("IDX values: %w", err)
	}
	return nil
}

// idxHeader returns the bytes before the values in an IDX file of unsigned bytes.
func idxHeader(shape []int) []byte {
	header := []byte{0, 0, 0x08, byte(len(shape))}
	for _, n := range shape {
		header = binary.BigEndian.AppendUint32(header, uint32(n))
	}
	return header
}
