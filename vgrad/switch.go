package vgrad

import "fmt"

// Switch is a parameter that is on or off. In variants and on disk it reads "true" or
// "false". It is a string so that its zero value can stand for a default that is on.
type Switch string

// The values of a Switch.
const (
	On  Switch = "true"
	Off Switch = "false"
)

// check reports another value.
func (s Switch) check(name string) error {
	if s != On && s != Off {
		return fmt.Errorf("%s is %q; it must be %s or %s", name, string(s), On, Off)
	}
	return nil
}
