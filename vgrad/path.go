package vgrad

import (
	"fmt"
	"path"
	"strings"
)

// MatchPath reports whether the path of a site or variable matches one of the
// patterns. Patterns are separated by commas. A pattern has the syntax of
// [path.Match], such as "/layer1/*", and "**" stands for any number of scopes:
// "**/weights", "/encoder/**". A pattern may leave out the number of an unrolled
// time step: "/rnn/units" matches "/rnn/units[3]". An empty list matches
// everything.
func MatchPath(patterns, of string) bool {
	if patterns == "" {
		return true
	}
	bare := of
	if i := strings.LastIndexByte(of, '['); i > 0 && strings.HasSuffix(of, "]") {
		bare = of[:i]
	}
	for p := range strings.SplitSeq(patterns, ",") {
		p = strings.TrimSpace(p)
		if p == of || matchScopes(strings.Split(p, "/"), strings.Split(bare, "/")) {
			return true
		}
	}
	return false
}

// matchScopes matches a path to a pattern, scope by scope.
func matchScopes(pattern, scopes []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for i := range len(scopes) + 1 {
				if matchScopes(pattern[1:], scopes[i:]) {
					return true
				}
			}
			return false
		}
		if len(scopes) == 0 {
			return false
		}
		if ok, err := path.Match(pattern[0], scopes[0]); !ok || err != nil {
			return false
		}
		pattern, scopes = pattern[1:], scopes[1:]
	}
	return len(scopes) == 0
}

// checkPatterns reports a pattern that is malformed.
func checkPatterns(name, patterns string) error {
	for p := range strings.SplitSeq(patterns, ",") {
		if _, err := path.Match(strings.TrimSpace(p), ""); err != nil {
			return fmt.Errorf("%s is %q; it must be patterns such as \"/layer1/*\", separated by commas: %w", name, patterns, err)
		}
	}
	return nil
}
