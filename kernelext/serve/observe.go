package serve

import (
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// observe looks after the processes of a cell while it runs. It bounds their memory. It
// asks the reader when one of them waits for standard input. It ends processes that the
// program leaves behind, because GoNB waits for them. If the cell has shell commands, which
// may start what is to stay, it ends none after the cell. stop ends the observation.
func (e *execution) observe(g *gonb, source string) (stop func()) {
	endsForked := !strings.Contains("\n"+source, "\n!")
	gonbAsks := strings.Contains(source, "%with_inputs") || strings.Contains(source, "%with_password")
	limit := int64(e.k.o.Memory * float64(freeMemory()))
	before := adopted(g)
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		const often = 100 * time.Millisecond
		left := time.Time{} // when the program had ended, but not what it started
		known := map[int]bool{}
		for {
			select {
			case <-done:
				return
			case <-time.After(often):
			}
			e.out.tick()
			pid := int(g.pid.Load())
			if pid == 0 {
				continue
			}
			own := children(pid)
			for _, p := range own {
				if !known[p.pid] {
					known[p.pid] = true
					preferAsVictim(p.pid)
				}
			}
			forked := without(adopted(g), before)
			list := append(descendants(pid), forked...)
			if held := memory(list); limit > 0 && held > limit {
				e.mu.Lock()
				e.overMemory = held
				e.mu.Unlock()
				killAll(list)
			}
			if !gonbAsks {
				e.feed(own)
			}
			isDead := slices.ContainsFunc(own, func(p process) bool { return p.state == 'Z' })
			switch {
			case !isDead || len(forked) == 0:
				left = time.Time{}
			case left.IsZero():
				left = time.Now()
			case time.Since(left) > time.Second:
				killAll(forked)
			}
		}
	})
	return func() {
		close(done)
		wait.Wait()
		if endsForked {
			killAll(without(adopted(g), before))
		}
	}
}

// adopted returns what programs have left behind: what is below the watcher, but not
// below GoNB.
func adopted(g *gonb) (list []process) {
	pid := int(g.pid.Load())
	for _, p := range children(g.watcher.Process.Pid) {
		if p.pid != pid && pid != 0 {
			list = append(list, p)
			list = append(list, descendants(p.pid)...)
		}
	}
	return list
}

func without(list, less []process) []process {
	return slices.DeleteFunc(list, func(p process) bool {
		return slices.ContainsFunc(less, func(q process) bool { return p.pid == q.pid })
	})
}

func killAll(list []process) {
	for _, p := range list {
		signalProcess(p.pid, syscall.SIGKILL)
	}
}

// feed asks the reader for a line where a program waits for standard input: the pipe that
// GoNB gives it, into which nobody writes. Programs of plain cells ask by themselves; this
// is for the others.
func (e *execution) feed(own []process) {
	for _, p := range own {
		if !waitsForInput(p.pid) {
			continue
		}
		e.mu.Lock()
		busy := e.feeding
		e.feeding = true
		e.mu.Unlock()
		if busy {
			return
		}
		go func() {
			if value, ok := e.ask("", false); ok {
				writeInput(p.pid, value+"\n")
			} else { // there is no way to end its input but to end it
				signalProcess(p.pid, syscall.SIGKILL)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			e.feeding = false
		}()
	}
}
