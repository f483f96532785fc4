package runs

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// KeepValue returns a reference to the run: its folder and its name. The kernel calls it
// to keep the variables of a notebook's cells. It fails if the run is no longer in its
// store.
func (r *Run) KeepValue() ([]byte, error) {
	if r.dir == "" {
		return nil, nil // the zero Run
	}
	if _, err := readEntry(r.dir); err != nil {
		return nil, r.gone(err)
	}
	return []byte(r.dir + "\n" + r.Name), nil
}

// LoadValue reads the run to which [Run.KeepValue] returned a reference.
func (r *Run) LoadValue(reference []byte) error {
	if len(reference) == 0 {
		return nil
	}
	r.dir, r.Name, _ = strings.Cut(string(reference), "\n")
	read, err := readRun(r.dir)
	if err != nil {
		return r.gone(err)
	}
	*r = *read
	return nil
}

// gone says that the run cannot be read.
func (r *Run) gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the run %s is no longer in %s", r.Name, strings.TrimSuffix(r.dir, r.Name))
	}
	return fmt.Errorf("the run %s cannot be read: %w", r.Name, err)
}
