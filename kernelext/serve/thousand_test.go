package serve

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vgrad/lab/kernelext/messaging"
)

// Many cells in a row: neither memory nor temporary files grow with them, nor does what a
// cell costs. VGRAD_CELLS is their number.
func TestManyPlainCells(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what runs many cells")
	}
	if runtime.GOOS != "linux" {
		t.Skip("memory is read from /proc")
	}
	count := 60
	if text := os.Getenv("VGRAD_CELLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 40 {
			t.Fatalf("VGRAD_CELLS is %q; say a number from 40", text)
		}
		count = n
	}
	n := open(t, notebookOptions(t))
	forms := []func(i int) string{
		func(i int) string { return fmt.Sprintf("total := %d\ntotal", i) },
		func(i int) string { return fmt.Sprintf("total += %d\nfmt.Println(total)", i) },
		func(i int) string {
			return fmt.Sprintf("list := make([]float64, 1000)\nlist[%d] = %d\nlen(list)", i%1000, i)
		},
		func(i int) string { return fmt.Sprintf("func f(x int) int { return x + %d }\nf(total)", i) },
		func(i int) string { return fmt.Sprintf("type T struct{ A, B int }\nv%d := T{%d, 1}", i%20, i) },
		func(i int) string { return fmt.Sprintf("fmt.Println(list[0], %d)\nnil.X", i) },     // fails
		func(i int) string { return fmt.Sprintf("var m map[string]int\nm[\"%d\"] = 1", i) }, // panics
	}
	var took []time.Duration
	var held, files []int64
	for i := range count {
		start := time.Now()
		d := n.run(forms[i%len(forms)](i))
		took = append(took, time.Since(start))
		n.left, n.replies = nil, map[string]*messaging.Message{}
		if want := i%len(forms) < 5; (d.status() == "ok") != want {
			t.Fatalf("cell %d: %v", i+1, d.reply)
		}
		if i%20 == 19 {
			held = append(held, memory([]process{{pid: int(n.kernel.theGoNB().pid.Load())}}))
			files = append(files, filesBelow(n.kernel.folder.dir))
		}
	}
	part := count / 4
	median := func(list []time.Duration) time.Duration {
		list = slices.Sorted(slices.Values(list))
		return list[len(list)/2]
	}
	first, last := median(took[len(forms):len(forms)+part]), median(took[count-part:])
	runtime.GC()
	var own runtime.MemStats
	runtime.ReadMemStats(&own)
	fmt.Printf("%d cells: median of the first %d %v, of the last %d %v; GoNB %d MB after 20, %d MB at the end; this process, which is kernel and client, holds %d MB; files of the session %d after 20, %d at the end; gopls: none\n",
		count, part, first, part, last, held[0]>>20, held[len(held)-1]>>20, own.HeapAlloc>>20, files[0], files[len(files)-1])
	if grown := held[len(held)-1] - held[0]; grown > 60<<20 {
		t.Errorf("GoNB grew by %d MB", grown>>20)
	}
	if own.HeapAlloc > 300<<20 {
		t.Errorf("the kernel holds %d MB", own.HeapAlloc>>20)
	}
	if more := files[len(files)-1] - files[0]; more > 30 { // 20 variables v0 … v19
		t.Errorf("%d more files than after 20 cells", more)
	}
}

func filesBelow(dir string) (count int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			count++
		}
		return nil
	})
	return count
}
