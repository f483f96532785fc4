package chart

import (
	"math"
	"strconv"
	"strings"
)

// num is a number of an option. In JSON it has six significant digits, the precision
// of a float32. It is null if it is not finite.
type num float64

// MarshalJSON writes the shortest form: 8.612e-6, 0.4, null.
func (n num) MarshalJSON() ([]byte, error) {
	if Missed(float64(n), false) != Drawn {
		return []byte("null"), nil
	}
	return []byte(digits(float64(n), 6)), nil
}

// digits formats v with at most precision significant digits. It drops the leading
// zero that Go writes in exponents: 1e-6, not 1e-06.
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

// cell formats v for a table with four significant digits. It returns the reason if
// v is missing.
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
