package session

import "strings"

// common are the packages of the standard library that a cell waits for at most: their
// export data is asked for first.
var common = strings.Fields(`bufio bytes cmp context encoding/json errors fmt io iter maps
	math math/bits math/rand os path/filepath reflect regexp runtime slices sort strconv
	strings sync sync/atomic testing time unicode unicode/utf8`)

// standard lists the packages of the standard library that need no import: each by the
// last word of its path. Where several have one name it is the one that is meant most
// often: math/rand for rand, text/template for template, text/scanner for scanner.
// Cryptography is imported by its path, so that nobody gets a rand that is none.
var standard = byName(`archive/tar archive/zip bufio bytes cmp compress/bzip2 compress/flate
	compress/gzip compress/lzw compress/zlib container/heap container/list container/ring
	context database/sql debug/buildinfo debug/dwarf debug/elf debug/gosym debug/macho
	debug/pe debug/plan9obj embed encoding encoding/ascii85 encoding/asn1 encoding/base32
	encoding/base64 encoding/binary encoding/csv encoding/gob encoding/hex encoding/json
	encoding/pem encoding/xml errors expvar flag fmt go/ast go/build go/constant go/doc
	go/format go/importer go/parser go/printer go/token go/types go/version hash
	hash/adler32 hash/crc32 hash/crc64 hash/fnv hash/maphash html image image/color
	image/color/palette image/draw image/gif image/jpeg image/png index/suffixarray io
	io/fs io/ioutil iter log log/slog maps math math/big math/bits math/cmplx math/rand
	mime mime/multipart mime/quotedprintable net net/http net/http/cookiejar
	net/http/httptest net/http/httptrace net/http/httputil net/mail net/netip net/rpc
	net/smtp net/textproto net/url os os/exec os/signal os/user path path/filepath reflect
	regexp runtime runtime/debug runtime/metrics runtime/pprof runtime/trace slices sort
	strconv strings sync sync/atomic testing testing/fstest testing/iotest testing/quick
	text/scanner text/tabwriter text/template time unicode unicode/utf16 unicode/utf8
	unique unsafe weak`)

func byName(paths string) map[string]string {
	names := map[string]string{}
	for _, path := range strings.Fields(paths) {
		names[path[strings.LastIndexByte(path, '/')+1:]] = path
	}
	return names
}
