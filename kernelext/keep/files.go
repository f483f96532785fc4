package keep

import (
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// index tells in which file of the folder values a variable is.
type index map[string]string

// indexName is the file of the index: a line with name and file for each variable.
const indexName = "index"

// readIndex reads the index of a session; it is empty if there is none yet.
func readIndex(session string) (index, error) {
	text, err := os.ReadFile(filepath.Join(session, "values", indexName))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	all := index{}
	for _, line := range strings.Split(string(text), "\n") {
		if name, file, ok := strings.Cut(line, " "); ok {
			all[name] = file
		}
	}
	return all, nil
}

func (x index) write(session string) error {
	var out strings.Builder
	for name, file := range x {
		out.WriteString(name + " " + file + "\n")
	}
	return replace(filepath.Join(session, "values", indexName), []byte(out.String()))
}

// in picks the variables whose values a file has. It may have others of the same names,
// which were defined anew since.
func (x index) in(file string, vars []variable) (picked []variable) {
	for _, v := range vars {
		if x[v.Name] == file {
			picked = append(picked, v)
		}
	}
	return picked
}

// write writes the groups to files named for their content: one that did not change is
// there already. It returns what is told of the variables. A file that cannot be written
// is a reason why its variables are not kept.
func write(session string, groups []encoded) (list []kept, err error) {
	index, err := readIndex(session)
	if err != nil {
		return nil, err
	}
	before := maps.Clone(index)
	for _, g := range groups {
		file := ""
		if g.Bytes != nil {
			file = g.file()
			if e := create(filepath.Join(session, "values", file), g.Bytes); e != nil {
				for i := range g.Kept {
					g.Kept[i].Reason = "its file cannot be written: " + e.Error()
				}
				file = ""
			}
		}
		for _, k := range g.Kept {
			if k.Reason == "" {
				k.File, k.Group = file, file
				index[k.Name] = file
			} else {
				k.File, k.Group = "", ""
				delete(index, k.Name)
			}
			list = append(list, k)
		}
	}
	if maps.Equal(index, before) {
		return list, nil
	}
	if err := index.write(session); err != nil {
		return list, err
	}
	return list, index.clean(session)
}

// file names a group for its content.
func (e encoded) file() string {
	sum := uint64(crc32.ChecksumIEEE(e.Bytes))<<32 | uint64(crc32.Checksum(e.Bytes, castagnoli)) // both are fast: a value may have a gigabyte
	name := strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return '_'
	}, e.Names[0])
	return name[:min(len(name), 40)] + "-" + strconv.FormatUint(uint64(len(e.Bytes)), 16) + "-" + strconv.FormatUint(sum, 16)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// clean removes files that hold no variable any more.
func (x index) clean(session string) error {
	used := map[string]bool{indexName: true}
	for _, file := range x {
		used[file] = true
	}
	entries, err := os.ReadDir(filepath.Join(session, "values"))
	for _, e := range entries {
		if !used[e.Name()] {
			os.Remove(filepath.Join(session, "values", e.Name())) // the next cell tries again
		}
	}
	return err
}

// create writes a file unless it is there.
func create(path string, data []byte) error {
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(data)) {
		return nil
	}
	return replace(path, data)
}

// replace writes a file as a whole.
func replace(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
