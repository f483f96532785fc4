package keep

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Register says how values of type T are kept, for types that know better than their
// fields do: a tensor is a reference to where it is stored. It belongs in an init function.
// name stands for the way in files. encode returns what decode needs to make the same value;
// its error is the reason why a value is not kept. If T is a pointer, a value that is
// shared is encoded once and shared again, and nil is kept without asking.
func Register[T any](name string, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	codecs.Lock()
	defer codecs.Unlock()
	if codecs.hooks == nil {
		codecs.hooks = map[reflect.Type]*hook{}
	}
	codecs.hooks[reflect.TypeFor[T]()] = &hook{
		name:   name,
		encode: func(p unsafe.Pointer) ([]byte, error) { return encode(*(*T)(p)) },
		decode: func(data []byte, p unsafe.Pointer) error {
			v, err := decode(data)
			if err == nil {
				*(*T)(p) = v
			}
			return err
		},
	}
	codecs.byType = nil // types that contain T change
}

// hook is another way to keep a type than by its fields.
type hook struct {
	name   string
	encode func(p unsafe.Pointer) ([]byte, error)
	decode func(data []byte, p unsafe.Pointer) error
}

// run encodes, and makes an error of a panic.
func (h *hook) run(p unsafe.Pointer) (data []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return h.encode(p)
}

func (h *hook) undo(data []byte, p unsafe.Pointer) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return h.decode(data, p)
}

// special makes the codecs of types that are not kept by their fields.
func (c *codec) special() bool {
	t := c.t
	if h := codecs.hooks[t]; h != nil {
		c.ofHook(h)
		return true
	}
	if t.Name() == "" || t.PkgPath() == "" {
		return false
	}
	if h := keeperOf(t); h != nil {
		c.ofHook(h)
		return true
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	full := t.PkgPath() + "." + name
	if what := refused(t); what != "" {
		c.ofRefused(what)
		return true
	}
	switch full {
	case "time.Time":
		c.ofTime()
	case "sync.Mutex":
		c.ofLock(func(p unsafe.Pointer) string {
			if m := (*sync.Mutex)(p); m.TryLock() {
				m.Unlock()
				return ""
			}
			return locked
		})
	case "sync.RWMutex":
		c.ofLock(func(p unsafe.Pointer) string {
			if m := (*sync.RWMutex)(p); m.TryLock() {
				m.Unlock()
				return ""
			}
			return locked
		})
	case "sync.WaitGroup":
		c.ofLock(func(p unsafe.Pointer) string {
			state := reflect.NewAt(t, p).Elem().FieldByName("state")
			if n := int32((*atomic.Uint64)(unsafe.Add(p, state.Addr().Pointer()-uintptr(p))).Load() >> 32); n != 0 {
				return "%s waits for " + strconv.Itoa(int(n)) + " goroutines; they end with the program of their cell"
			}
			return ""
		})
	case "sync.Cond":
		c.how = "zero"
		c.ofStruct([]string{"notify", "checker"})
	case "sync.Pool":
		c.how = "zero"
		c.ofStruct([]string{"local", "localSize", "victim", "victimSize"})
	case "sync.Map":
		c.ofSyncMap()
	case "sync/atomic.Pointer":
		c.ofAtomicPointer()
	default:
		if h := marshaler(t); h != nil && opaque(t, map[reflect.Type]bool{}) {
			c.ofHook(h)
			return true
		}
		return false
	}
	return true
}

const locked = "%s is locked; who would unlock it ends with the program of its cell"

// ofHook keeps a type by two functions.
func (c *codec) ofHook(h *hook) {
	c.how, c.leaf = h.name, true
	if c.t.Kind() == reflect.Pointer {
		c.walk = func(w *walker, p unsafe.Pointer) {
			if ptr := *(*unsafe.Pointer)(p); ptr != nil {
				w.hooked(p, ptr, c, h)
			}
		}
		c.write = func(e *encoder, p unsafe.Pointer) {
			if ptr := *(*unsafe.Pointer)(p); ptr == nil {
				e.uint(0)
			} else {
				e.uint(1 + e.object(itemKey{uintptr(ptr), c, hookItem}))
			}
		}
		c.read = func(d *decoder, p unsafe.Pointer) {
			if n := d.uint(); n == 0 {
				*(*unsafe.Pointer)(p) = nil
			} else {
				*(*unsafe.Pointer)(p) = d.object(n-1, hookItem, c).ptr
			}
		}
		return
	}
	c.walk = func(w *walker, p unsafe.Pointer) {
		if w.probe != nil {
			return
		}
		if _, err := h.run(p); err != nil {
			w.bad(p, "%s cannot be kept: "+err.Error())
		}
	}
	c.write = func(e *encoder, p unsafe.Pointer) {
		data, err := h.run(p)
		if err != nil {
			panic(failed("a " + readable(c.t) + " cannot be kept: " + err.Error()))
		}
		e.uint(len(data))
		e.buf = append(e.buf, data...)
	}
	c.read = func(d *decoder, p unsafe.Pointer) {
		if err := h.undo(append([]byte(nil), d.take(d.uint())...), p); err != nil {
			panic(failed("a " + readable(c.t) + " cannot be read: " + err.Error()))
		}
	}
}

// ofRefused keeps only what is zero.
func (c *codec) ofRefused(what string) {
	c.how, c.leaf = "zero", true
	c.walk = func(w *walker, p unsafe.Pointer) {
		if !isZero(p, c.size) {
			w.bad(p, what)
		}
	}
	c.write, c.read = writeZero, c.readZero
}

func writeZero(e *encoder, p unsafe.Pointer) { e.buf = append(e.buf, 0) }

func (c *codec) readZero(d *decoder, p unsafe.Pointer) {
	if d.take(1)[0] != 0 {
		d.damaged()
	}
	reflect.NewAt(c.t, p).Elem().SetZero()
}

func isZero(p unsafe.Pointer, size uintptr) bool {
	for _, b := range unsafe.Slice((*byte)(p), size) {
		if b != 0 {
			return false
		}
	}
	return true
}

// ofLock keeps what synchronizes goroutines as long as none uses it. use says what uses it.
func (c *codec) ofLock(use func(p unsafe.Pointer) string) {
	c.how, c.leaf = "idle", true
	c.walk = func(w *walker, p unsafe.Pointer) {
		if text := use(p); text != "" {
			w.bad(p, text)
		}
	}
	c.write, c.read = writeZero, c.readZero
}

// ofTime drops the reading of the monotonic clock: it counts from the start of the program.
func (c *codec) ofTime() {
	c.ofStruct(nil)
	c.how, c.leaf = "time", true
	fields := c.write
	c.write = func(e *encoder, p unsafe.Pointer) {
		t := (*time.Time)(p).Round(0)
		fields(e, unsafe.Pointer(&t))
	}
}

func (c *codec) ofAtomicPointer() {
	v, _ := c.t.FieldByName("v")
	pointer := codecOf(c.t.Field(0).Type.Elem())
	c.how, c.leaf = "pointer", true
	c.walk = func(w *walker, p unsafe.Pointer) { pointer.walk(w, unsafe.Add(p, v.Offset)) }
	c.write = func(e *encoder, p unsafe.Pointer) { pointer.write(e, unsafe.Add(p, v.Offset)) }
	c.read = func(d *decoder, p unsafe.Pointer) { pointer.read(d, unsafe.Add(p, v.Offset)) }
}

// ofSyncMap keeps keys and values; the rest of a sync.Map are functions.
func (c *codec) ofSyncMap() {
	c.how, c.leaf, c.boxed = "map", true, true
	content := codecOf(reflect.TypeFor[any]())
	c.walk = func(w *walker, p unsafe.Pointer) {
		(*sync.Map)(p).Range(func(k, v any) bool {
			w.part(p, c, p, func() {
				content.walk(w, unsafe.Pointer(&k))
				content.walk(w, unsafe.Pointer(&v))
			})
			return true
		})
	}
	c.write = func(e *encoder, p unsafe.Pointer) {
		var all []any
		(*sync.Map)(p).Range(func(k, v any) bool { all = append(all, k, v); return true })
		e.uint(len(all))
		for i := range all {
			content.write(e, unsafe.Pointer(&all[i]))
		}
	}
	c.read = func(d *decoder, p unsafe.Pointer) {
		n := d.uint()
		if n%2 != 0 || n > d.left() {
			d.damaged()
		}
		d.allot(n, 2*content.size)
		all := make([]any, n)
		for i := range all {
			content.read(d, unsafe.Pointer(&all[i]))
		}
		reflect.NewAt(c.t, p).Elem().SetZero()
		d.last = append(d.last, func() { // a key may be hashed only when it is complete
			for i := 0; i < n; i += 2 {
				(*sync.Map)(p).Store(all[i], all[i+1])
			}
		})
	}
}

// refused says why values of a type that are not zero are not kept; "" if they are.
func refused(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	full := t.PkgPath() + "." + name
	what := ""
	switch full {
	case "os.File", "os.file", "os.Root", "internal/poll.FD":
		what = "an open file"
	case "net.conn", "net.netFD", "net.TCPListener", "net.UnixListener":
		what = "a network connection"
	case "os.Process":
		what = "a process"
	case "time.Timer", "time.Ticker":
		what = "a timer"
	case "context.cancelCtx", "context.timerCtx", "context.valueCtx", "context.withoutCancelCtx", "context.afterFuncCtx", "context.stopCtx":
		what = "a context"
	case "bufio.Reader", "bufio.Writer", "bufio.ReadWriter", "bufio.Scanner":
		return "%s is a " + full + "; what it has buffered belongs to the program of its cell"
	case "reflect.Value", "reflect.rtype", "internal/abi.Type":
		what = "a " + full
		if full != "reflect.Value" {
			what = "a reflect.Type"
		}
	case "unique.Handle", "weak.Pointer":
		what = "a " + full
	default:
		what = ofGoMLX(t.PkgPath(), name)
	}
	if what == "" {
		return ""
	}
	return cannotOutlive("%s is "+what, what)
}

// opaque reports whether the fields of a type are not its value: there are functions,
// channels or addresses among them, itself or behind pointers.
func opaque(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if t.Name() != "" && len(seen) > 1 {
		if refused(t) != "" {
			return true
		}
		switch t.PkgPath() {
		case "sync", "time", "sync/atomic":
			return false
		}
		if codecs.hooks[t] != nil || keeperOf(t) != nil || marshaler(t) != nil {
			return false
		}
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return opaque(t.Elem(), seen)
	case reflect.Map:
		return opaque(t.Key(), seen) || opaque(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if opaque(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

type gobEncoder interface{ GobEncode() ([]byte, error) }
type gobDecoder interface{ GobDecode([]byte) error }

// marshaler makes a hook of a type's own methods; nil if it has none in both directions.
func marshaler(t reflect.Type) *hook {
	if t.Kind() == reflect.Interface {
		return nil
	}
	pointer := reflect.PointerTo(t)
	both := func(to, from reflect.Type) bool { return pointer.Implements(to) && pointer.Implements(from) }
	h := &hook{}
	switch {
	case both(reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler]()):
		h.name = "binary"
	case both(reflect.TypeFor[gobEncoder](), reflect.TypeFor[gobDecoder]()):
		h.name = "gob"
	case both(reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()):
		h.name = "text"
	default:
		return nil
	}
	h.encode = func(p unsafe.Pointer) ([]byte, error) {
		switch v := reflect.NewAt(t, p).Interface(); h.name {
		case "binary":
			return v.(encoding.BinaryMarshaler).MarshalBinary()
		case "gob":
			return v.(gobEncoder).GobEncode()
		default:
			return v.(encoding.TextMarshaler).MarshalText()
		}
	}
	h.decode = func(data []byte, p unsafe.Pointer) error {
		reflect.NewAt(t, p).Elem().SetZero()
		switch v := reflect.NewAt(t, p).Interface(); h.name {
		case "binary":
			return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(data)
		case "gob":
			return v.(gobDecoder).GobDecode(data)
		default:
			return v.(encoding.TextUnmarshaler).UnmarshalText(data)
		}
	}
	return h
}

// sentinel is a variable of the standard library that programs compare with.
type sentinel struct {
	name  string
	value any // a pointer
}

// sentinels finds them by name and by value; their types are flagged.
type sentinels struct {
	byName  map[string]any
	byValue map[any]string
	types   map[reflect.Type]bool
}

func knownSentinels() *sentinels {
	if s := codecs.sentinels; s != nil {
		return s
	}
	s := &sentinels{}
	codecs.sentinels = s
	s.byName, s.byValue, s.types = map[string]any{}, map[any]string{}, map[reflect.Type]bool{}
	for _, x := range []sentinel{
		{"io.EOF", io.EOF}, {"io.ErrUnexpectedEOF", io.ErrUnexpectedEOF}, {"io.ErrClosedPipe", io.ErrClosedPipe},
		{"io.ErrNoProgress", io.ErrNoProgress}, {"io.ErrShortBuffer", io.ErrShortBuffer}, {"io.ErrShortWrite", io.ErrShortWrite},
		{"fs.ErrInvalid", fs.ErrInvalid}, {"fs.ErrPermission", fs.ErrPermission}, {"fs.ErrExist", fs.ErrExist},
		{"fs.ErrNotExist", fs.ErrNotExist}, {"fs.ErrClosed", fs.ErrClosed}, {"fs.SkipDir", fs.SkipDir}, {"fs.SkipAll", fs.SkipAll},
		{"os.ErrNoDeadline", os.ErrNoDeadline}, {"os.ErrDeadlineExceeded", os.ErrDeadlineExceeded}, {"os.ErrProcessDone", os.ErrProcessDone},
		{"context.Canceled", context.Canceled}, {"errors.ErrUnsupported", errors.ErrUnsupported},
		{"strconv.ErrRange", strconv.ErrRange}, {"strconv.ErrSyntax", strconv.ErrSyntax},
		{"os.Stdin", os.Stdin}, {"os.Stdout", os.Stdout}, {"os.Stderr", os.Stderr},
		{"time.UTC", time.UTC}, {"time.Local", time.Local},
	} {
		t := reflect.TypeOf(x.value)
		if t == nil || t.Kind() != reflect.Pointer { // the cell has set it to something else
			continue
		}
		s.byName[x.name], s.byValue[x.value], s.types[t] = x.value, x.name, true
	}
	return s
}

// builtin are the types of package keep's own imports that values in interfaces often have,
// by expression. Some have no exported name.
func builtin() map[string]reflect.Type {
	if codecs.builtin != nil {
		return codecs.builtin
	}
	all := map[string]reflect.Type{}
	codecs.builtin = all
	for _, v := range []any{
		false, 0, int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0), uintptr(0),
		float32(0), 0.0, complex64(0), 0i, "", (*any)(nil), (*error)(nil), (unsafe.Pointer)(nil), struct{}{},
		time.Time{}, time.Duration(0), time.Month(0), time.Weekday(0), time.UTC,
		errors.New(""), fmt.Errorf("%w", io.EOF), fmt.Errorf("%w%w", io.EOF, io.EOF), errors.Join(io.EOF), os.ErrDeadlineExceeded,
		context.Background(), context.TODO(), context.DeadlineExceeded,
		(*fs.PathError)(nil), (*os.LinkError)(nil), (*os.SyscallError)(nil), syscall.Errno(0), (*strconv.NumError)(nil), fs.FileMode(0),
		os.Stdout, (*strings.Builder)(nil), (*strings.Reader)(nil), (*strings.Replacer)(nil), (*sync.Mutex)(nil), (*sync.RWMutex)(nil),
		(*rand.Rand)(nil), rand.NewSource(1), (*told)(nil),
	} {
		register(all, reflect.TypeOf(v))
	}
	for _, pairs := range [][]string{{"a", "b"}, {"a", "bb"}, {"aa", "b"}, {"aa", "b", "cc", "d"}} { // there is a type for each
		r := strings.NewReplacer(pairs...)
		r.Replace("")
		if how := reflect.ValueOf(r).Elem().FieldByName("r"); how.Kind() == reflect.Interface && !how.IsNil() {
			register(all, how.Elem().Type())
		}
	}
	return all
}
