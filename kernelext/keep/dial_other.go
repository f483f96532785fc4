//go:build !unix

package keep

import (
	"io"
	"net"
)

func dial(path string) (io.ReadWriteCloser, error) { return net.Dial("unix", path) }
