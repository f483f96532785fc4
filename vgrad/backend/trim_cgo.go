//go:build linux && cgo

package backend

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
static void trim(void) { malloc_trim(0); }
#else
static void trim(void) {}
#endif
*/
import "C"

// Trim returns to the system the memory that XLA has freed. Otherwise the C library
// keeps it in many small pieces, and the process grows with each compiled program.
func Trim() { C.trim() }
