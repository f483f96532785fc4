package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine describes it in a line: processor, cores, memory, how busy it is.
func machine() string {
	line := fmt.Sprintf("%s, %d cores%s; %s/%s, %s; %s", field("/proc/cpuinfo", "model name", runtime.GOARCH), runtime.NumCPU(), memory(),
		runtime.GOOS, runtime.GOARCH, runtime.Version(), time.Now().Format(time.DateOnly))
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ := strings.Cut(string(text), " ")
		line += "; load at the start " + load
	}
	return line
}

// memory is ", 24 GB of memory" where it can be told.
func memory() string {
	kb, err := strconv.ParseFloat(strings.TrimSuffix(field("/proc/meminfo", "MemTotal", ""), " kB"), 64)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(", %.0f GB of memory", kb*1024/1e9)
}

// field returns the value of a "name : value" line of a file, or else.
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
