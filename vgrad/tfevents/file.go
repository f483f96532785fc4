package tfevents

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// chunk is how many bytes of a file are read at a time.
const chunk = 1 << 20

// file is an event file, of which a part has been read.
type file struct {
	path    string
	at      int64 // the length of the part that has been read
	waiting int64 // bytes of an event at the end that is not complete
	err     error // a *DamageError, which ends the reading
	records splitter
}

// read adds the records that stand after the part that has been read. A
// record that is not complete is left for the next call. Of a damaged file it returns a
// [DamageError], at each call.
func (f *file) read(to *events) error {
	if f.err != nil {
		return f.err
	}
	r, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer r.Close() // nothing was written
	info, err := r.Stat()
	if err != nil {
		return err
	}
	if info.Size() < f.at {
		return fmt.Errorf("%s: it has become shorter, %d bytes after %d", f.path, info.Size(), f.at)
	}
	if info.Size() == f.at+f.waiting && f.at > 0 {
		return nil
	}
	if _, err := r.Seek(f.at, io.SeekStart); err != nil {
		return err
	}
	return f.from(r, info.Size(), to)
}

// from adds records from r until they end, or the file's size at the beginning.
func (f *file) from(r io.Reader, size int64, to *events) error {
	buf := make([]byte, 0, min(chunk, size-f.at))
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%s: byte %d: %w", f.path, f.at+int64(len(buf)), err)
		}
		to.more = 1
		if f.at >= chunk {
			to.more = float64(size) / float64(f.at)
		}
		used, need, damage := f.parse(buf, to)
		if f.at += int64(used); damage != nil {
			return damage
		}
		rest := buf[used:]
		if f.waiting = int64(len(rest)); n == 0 || f.at+f.waiting >= size || f.at+need > size {
			f.waiting = size - f.at
			return nil
		}
		if need > int64(cap(buf)) { // the file has these bytes, so they can be read
			buf = append(make([]byte, 0, need), rest...)
		} else {
			buf = buf[:copy(buf, rest)]
		}
	}
}

// parse adds the complete records of b. It returns their length, and how long the record
// behind them is at least.
func (f *file) parse(b []byte, to *events) (used int, need int64, err error) {
	for {
		data, length, need, what := f.records.split(b[used:])
		if what == "" && length == 0 {
			return used, need, nil
		}
		if what == "" {
			if err := to.add(data); err != nil {
				what = err.Error()
			}
		}
		if what != "" {
			f.err = &DamageError{File: f.path, Offset: f.at + int64(used), What: what}
			return used, 0, f.err
		}
		used += length
	}
}
