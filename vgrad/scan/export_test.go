package scan

// Unrolled builds a loop's unrolled form on any backend.
func Unrolled(l Loop) Result { return l.unrolled() }

// OfGoMLX and IsZeros are what the loop knows of GoMLX.
var (
	OfGoMLX = ofGoMLX
	IsZeros = isZeros
)
