package chart

import (
	"math"
	"strconv"
	"strings"
)

// num is a number as it stands in an option: six significant digits, which is
// what a float32 holds, and null where there is no finite number.
type num float64

// MarshalJSON writes the shortest form: 8.612e-6, 0.4, null.
func (n num) MarshalJSON() ([]byte, error) {
	if Missed(float64(n), false) != Drawn {
		return []byte("null"), nil
	}
	return []byte(digits(float64(n), 6)), nil
}

// digits writes v with at most so many significant digits, without the zero
// that Go puts into exponents.
func digits(v float64, precision int) string {
	text := strconv.FormatFloat(v, 'g', precision, 64)
	if short := strconv.FormatFloat(v, 'g', -1, 64); len(short) < len(text) {
		text = short
	}
	mantissa, exponent, found := strings.Cut(text, "e")
	if !found {
		return text
	}
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	sign := strings.TrimLeft(exponent[:1], "+")
	return mantissa + "e" + sign + strings.TrimLeft(exponent[1:], "0")
}

// cell writes v for a table: four significant digits, or what is missing.
func cell(v float64) string {
	if why := Missed(v, false); why != Drawn {
		return string(why)
	}
	if a := math.Abs(v); a != 0 && (a < 1e-3 || a >= 1e6) {
		text := strconv.FormatFloat(v, 'e', 3, 64)
		mantissa, exponent, _ := strings.Cut(text, "e")
		e, _ := strconv.Atoi(exponent)
		return mantissa + "e" + strconv.Itoa(e)
	}
	return digits(v, 4)
}
