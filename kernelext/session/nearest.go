package session

import (
	"slices"
	"strings"
)

// nearest returns the name that is meant most likely by a misspelt word: the one that the
// fewest changes of a letter lead to, if they are few for its length; of two that are as
// near, one of which the word only lacks letters, as Printn of Println. "" where none is near.
func nearest(word string, names []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, name := range slices.Sorted(slices.Values(names)) {
		if name == word || name == "_" {
			continue
		}
		n := distance(word, name)
		if strings.EqualFold(word, name) {
			n = 0
		} else if letters(word) == letters(name) {
			n = 1
		} else if len(word) > 2 && n >= least && strings.HasPrefix(strings.ToLower(name), strings.ToLower(word)) && len(name) <= len(word)+3 {
			n = least - 1
		}
		if n < len(word) && (n < least || n == least && best != "" && lacks(word, name) && !lacks(word, best)) {
			best, least = name, n
		}
	}
	return best
}

// lacks reports whether a word is a name without some of its letters.
func lacks(word, name string) bool {
	rest := []rune(word)
	for _, r := range name {
		if len(rest) > 0 && r == rest[0] {
			rest = rest[1:]
		}
	}
	return len(rest) == 0
}

// letters are the letters of a word in the alphabet's order.
func letters(word string) string {
	all := []rune(word)
	slices.Sort(all)
	return string(all)
}

// distance counts the letters that are to be changed, inserted, left out or swapped with
// their neighbours (Damerau–Levenshtein, optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var rows [3][]int
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
	}
	two, one, now := rows[0], rows[1], rows[2]
	for j := range now {
		now[j] = j
	}
	for i := 1; i <= len(x); i++ {
		two, one, now = one, now, two
		now[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			now[j] = min(one[j]+1, now[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				now[j] = min(now[j], two[j-2]+1)
			}
		}
	}
	return now[len(y)]
}
