//go:build !unix

package cell

// startCrashFilter does nothing on this system: a crash stays as the runtime prints it.
func startCrashFilter() {}
