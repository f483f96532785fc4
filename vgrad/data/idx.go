package data

import (
	"encoding/binary"
	"fmt"
	"io"
)

// readIDX reads LeCun's IDX format: two zero bytes, the type (0x08, unsigned byte),
// the number of axes, the length of each as a big-endian uint32, the values. It
// fails where the shape is not the expected one, before it makes room for it.
func readIDX(r io.Reader, shape []int) ([]uint8, error) {
	var magic [4]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, fmt.Errorf("IDX header: %w", err)
	}
	if want := [4]byte{0, 0, 0x08, byte(len(shape))}; magic != want {
		return nil, fmt.Errorf("IDX header is % x, expected % x", magic, want)
	}
	axes := make([]uint32, len(shape))
	if err := binary.Read(r, binary.BigEndian, axes); err != nil {
		return nil, fmt.Errorf("IDX shape: %w", err)
	}
	size := 1
	for i, n := range shape {
		if axes[i] != uint32(n) {
			return nil, fmt.Errorf("IDX shape is %v, expected %v", axes, shape)
		}
		size *= n
	}
	values := make([]uint8, size)
	if _, err := io.ReadFull(r, values); err != nil {
		return nil, fmt.Errorf("IDX values: %w", err)
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 {
		return nil, fmt.Errorf("IDX values: more than the %d expected", size)
	} else if err != io.EOF {
		return nil, fmt.Errorf("IDX values: %w", err)
	}
	return values, nil
}
