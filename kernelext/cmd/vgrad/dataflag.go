package main

import (
	"os"

	"github.com/vgrad/lab/vgrad/data"
)

// dataFlag is the flag -data: the name of a data set, or a folder with the files of one.
// A folder is named in VGRAD_DATA for the process, and its set is recognized by its files.
type dataFlag struct{ name *string }

const dataUsage = "data `set`: mnist, synthetic for a quick try, or a folder with the files of mnist, fashion or cifar10"

func (d dataFlag) String() string {
	if d.name == nil {
		return ""
	}
	return *d.name
}

// Set takes a name or a folder.
func (d dataFlag) Set(value string) error {
	*d.name = value
	if info, err := os.Stat(value); err != nil || !info.IsDir() {
		return nil // a name; whether there is such a set is checked with the experiment
	}
	name, err := data.In(value)
	if err != nil {
		return err
	}
	*d.name = name
	return os.Setenv("VGRAD_DATA", value)
}
