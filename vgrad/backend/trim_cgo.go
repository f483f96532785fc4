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

// Trim gives the system back what XLA has freed. The C library keeps it, in small
// pieces in many places, and fills up with program after program.
func Trim() { C.trim() }
