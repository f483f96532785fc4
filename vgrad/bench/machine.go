package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine describes the machine in one line: processor, cores, memory and load.
func machine() string {
	cores := fmt.Sprintf("%d cores", runtime.NumCPU())
	if runtime.NumCPU() == 1 {
		cores = "1 core"
	}
	line := fmt.Sprintf("%s, %s%s; %s/%s, %s; %s", field("/proc/cpuinfo", "model name", runtime.GOARCH), cores, memory(),
		runtime.GOOS, runtime.GOARCH, runtime.Version(), time.Now().Format(time.DateOnly))
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ := strings.Cut(string(text), " ")
		line += "; load at the start " + load
	}
	return line
}

// memory returns ", 24 GB of memory", or "" if the size is not known.
func memory() string {
	kb, err := strconv.ParseFloat(strings.TrimSuffix(field("/proc/meminfo", "MemTotal", ""), " kB"), 64)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(", %.0f GB of memory", kb*1024/1e9)
}

// field returns the value of the first "name : value" line with that name in a file. It
// returns otherwise if there is no such file or line.
func field(file, name, otherwise string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return otherwise
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}
