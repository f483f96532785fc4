package serve

import (
	"slices"
	"sync"
	"syscall"
	"time"
)

// observe looks after the processes of a cell while it runs: it bounds their memory, and
// ends what a program leaves behind, which would keep the cell from ending. With
// endsForked, so it does at the cell's end. stop ends it.
func (e *execution) observe(g *gonb, endsForked bool) (stop func()) {
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
