package formula_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vgrad/lab/vgrad/assets"
	"github.com/vgrad/lab/vgrad/formula"
)

var katex = formula.New(func() ([]byte, error) { return assets.KaTeX(context.Background()) })

// What a reader sees, and that it is well-formed.
func shown(t *testing.T, math string) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(math))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, math)
		}
	}
	math = regexp.MustCompile(`(?s)<annotation.*?</annotation>`).ReplaceAllString(math, "")
	return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(math, "")
}

func TestMathML(t *testing.T) {
	for tex, want := range map[string]string{
		`\delta^{(l)}_{i}`:                       "δi(l)",
		`a<b`:                                    "a&lt;b",
		`\begin{aligned}x&=1\\y&=2\end{aligned}`: "x=1y=2",
		`\mathbb{R}\mathbf{W_0\delta}\mathcal{L}`:   "ℝ𝐖𝟎𝛅ℒ",
		`\begin{align}x&=1\tag{7}\\y&=2\end{align}`: "x=1(7)y=2",
		`x \tag{7}`: "x(7)",
	} {
		for _, display := range []bool{false, true} {
			if !display && strings.Contains(tex, `\tag`) {
				continue // only a formula on a line of its own has a number
			}
			math, err := katex.Document().MathML(tex, display)
			if err != nil {
				t.Error(err)
				continue
			}
			got := strings.Map(func(r rune) rune {
				if strings.ContainsRune(" \u00a0\u2061\u200b", r) {
					return -1
				}
				return r
			}, shown(t, math))
			if got != want || !strings.HasPrefix(math, "<math") || display != strings.Contains(math, `display="block"`) {
				t.Errorf("%s is shown as %q, want %q: %s", tex, got, want, math)
			}
		}
	}
}

// Columns are aligned where browsers look, in each of nested tables.
func TestColumns(t *testing.T) {
	math, err := katex.Document().MathML(`\begin{aligned}a&=\begin{cases}1&2\end{cases}\\b&=2\end{aligned}`, true)
	if err != nil {
		t.Fatal(err)
	}
	var aligns []string
	for _, m := range regexp.MustCompile(`<mtd style="text-align:([a-z]+)`).FindAllStringSubmatch(math, -1) {
		aligns = append(aligns, m[1])
	}
	if got := strings.Join(aligns, " "); got != "right left left left right left" {
		t.Errorf("the columns are %s: %s", got, math)
	}
}

// What one formula defines, later ones of the document know, and other documents do not.
func TestDefinitionsStayInTheirDocument(t *testing.T) {
	d := katex.Document()
	if _, err := d.MathML(`\newcommand{\W}{W_\ell}`, false); err != nil {
		t.Fatal(err)
	}
	if math, err := d.MathML(`\W`, false); err != nil || !strings.Contains(math, "ℓ") {
		t.Errorf("%s, %v", math, err)
	}
	if math, err := katex.Document().MathML(`\W`, false); !errors.Is(err, formula.ErrTeX) {
		t.Errorf("in another document: %s, %v", math, err)
	}
}

// A formula that is wrong, endless or hostile is an error or harmless, and others go on.
func TestWrongFormulas(t *testing.T) {
	d := katex.Document()
	for _, tex := range []string{`\frac{1`, `\unknown`, `x^2^3`, `\def\a{\a\a}\a`, `\begin{nothing}x\end{nothing}`} {
		_, err := d.MathML(tex, false)
		if !errors.Is(err, formula.ErrTeX) || !strings.Contains(err.Error(), fmt.Sprintf("%q", tex)) {
			t.Errorf("%s: %v", tex, err)
		}
	}
	for _, tex := range []string{`\href{javascript:alert(1)}{x}`, `\htmlData{x=y}{z}`, `\text{<script>alert(1)</script>}`} {
		math, err := d.MathML(tex, false)
		if err == nil && (strings.Contains(math, "<script") || strings.Contains(math, "href=") || strings.Contains(math, "data-x")) {
			t.Errorf("%s: %s", tex, math)
		}
	}
	if _, err := d.MathML("x", false); err != nil {
		t.Error(err)
	}
}

func TestNoLibrary(t *testing.T) {
	for _, load := range []func() ([]byte, error){
		func() ([]byte, error) { return nil, os.ErrNotExist },
		func() ([]byte, error) { return []byte("var x = 1;"), nil },
		func() ([]byte, error) { return []byte("var x = ;"), nil },
	} {
		if _, err := formula.New(load).Document().MathML("x", false); err == nil || !strings.Contains(err.Error(), "KaTeX") || errors.Is(err, formula.ErrTeX) {
			t.Errorf("the error is %v", err)
		}
	}
}

func ExampleDocument() {
	d := formula.New(func() ([]byte, error) { return assets.KaTeX(context.Background()) }).Document()
	math, err := d.MathML("x", false)
	fmt.Println(math, err)
	// Output: <math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>x</mi></mrow><annotation encoding="application/x-tex">x</annotation></semantics></math> <nil>
}

func ExampleRenderer() {
	_, err := formula.New(func() ([]byte, error) { return nil, os.ErrNotExist }).Document().MathML("x", false)
	fmt.Println(err)
	// Output: formula: KaTeX: file does not exist
}
