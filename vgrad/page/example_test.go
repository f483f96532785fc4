package page_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/vgrad/lab/vgrad/page"
)

func ExamplePage() {
	p := page.Page{Title: "The vanishing gradient"}
	p.Heading("Claims")
	p.Text("Sigmoid learns *slowly*.")
	var b bytes.Buffer
	if err := p.Write(&b, page.Options{}); err != nil {
		fmt.Println(err)
	}
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "<h") && !strings.HasPrefix(line, "<ht") && !strings.HasPrefix(line, "<hea") || strings.HasPrefix(line, "<p>") {
			fmt.Print(line)
		}
	}
	// Output:
	// <h1>The vanishing gradient</h1>
	// <h2>Claims</h2>
	// <p>Sigmoid learns <em>slowly</em>.</p>
}

func ExampleTable() {
	p := page.Page{Title: "Claims"}
	p.Table(page.Table{Columns: []string{"claim", "measured"}, Rows: [][]string{{"a factor of 30", "38"}, {"a factor of 6"}}})
	fmt.Println(p.Write(&bytes.Buffer{}, page.Options{}))
	// Output:
	// page "Claims": table "": row 2 has 1 cells for 2 columns
}

func ExampleVerdict() {
	for _, v := range []page.Verdict{page.NotJudged, page.Holds, page.Partly, page.Fails} {
		fmt.Println(v.Sign(), v)
	}
	// Output:
	// – not judged
	// ✓ holds
	// ≈ holds in part
	// ✗ does not hold
}
