package chart

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad"
)

// Forty labels are told apart by colour and dash, and without colour by dash and marker.
func TestFortyLooks(t *testing.T) {
	inColour, inGrey := map[string]int{}, map[string]int{}
	for i := range 40 {
		l := lookOf(i)
		for seen, key := range map[*map[string]int]string{&inColour: fmt.Sprint(l.Colour, l.Dash), &inGrey: fmt.Sprint(l.Dash, l.Symbol)} {
			if j, twice := (*seen)[key]; twice {
				t.Errorf("labels %d and %d are both %s", j, i, key)
			}
			(*seen)[key] = i
		}
	}
}

// forty is runs with long names.
func forty() []vgrad.Source {
	var all []vgrad.Source
	for i := range 40 {
		label := fmt.Sprintf("relu depth=%d initializer=he_normal optimizer=momentum learning_rate=%.3g", 4+i, 0.1/float64(1+i))
		all = append(all, values(label, vgrad.Loss, 0, 2.3, 2-float64(i)/40, 1))
	}
	return all
}

// In a static picture every name is there, whole, and none is printed over another or
// over the drawing.
func TestEveryNameIsReadable(t *testing.T) {
	f := must(t)(Loss(forty()))
	for _, width := range []int{480, 720, 1200} {
		svg, err := renderer(t).SVG(f, Light, width, 0)
		if err != nil {
			t.Fatal(err)
		}
		texts := textsOf(t, string(svg))
		for _, label := range f.Labels() {
			first := strings.Fields(label)[1] // "depth=7": long names are broken over lines
			found := 0
			for _, text := range texts {
				if strings.Contains(text.text+" ", first+" ") {
					found++
				}
			}
			if found != 1 {
				t.Errorf("width %d: %q is there %d times", width, label, found)
			}
		}
		for i, a := range texts {
			for _, b := range texts[i+1:] {
				if a.overlaps(b) {
					t.Errorf("width %d: %q is printed over %q", width, a.text, b.text)
				}
			}
			if a.x+a.width() > float64(width) {
				t.Errorf("width %d: %q leaves the picture", width, a.text)
			}
		}
		if h := heightOf(svg); width <= 720 && h < 300+18*40 {
			t.Errorf("width %d: the picture is %d high", width, h)
		}
	}
}

// text is a text in a picture.
type text struct {
	text   string
	x, y   float64
	anchor string
	px     float64
}

// width is about that of the characters, whichever font they are set in.
func (t text) width() float64 { return 0.55 * t.px * float64(len([]rune(t.text))) }

func (t text) overlaps(o text) bool {
	left := func(t text) float64 {
		return t.x - map[string]float64{"middle": 0.5, "end": 1}[t.anchor]*t.width()
	}
	return left(t) < left(o)+o.width() && left(o) < left(t)+t.width() && t.y-0.7*t.px < o.y && o.y-0.7*o.px < t.y
}

// A picture that is asked for too low is as high as its names need.
func TestTooLow(t *testing.T) {
	svg, err := renderer(t).SVG(must(t)(Loss(forty())), Light, 720, 200)
	if err != nil {
		t.Fatal(err)
	}
	if h := heightOf(svg); h < 40*18+200 {
		t.Errorf("%d pixels for forty names and a drawing", h)
	}
	svg, err = renderer(t).SVG(must(t)(Loss(forty()[:2])), Light, 720, 500)
	if err != nil || heightOf(svg) != 500 {
		t.Errorf("%d pixels, not 500: %v", heightOf(svg), err)
	}
}
