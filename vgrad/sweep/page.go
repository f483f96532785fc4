package sweep

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vgrad/lab/vgrad/page"
)

// Page makes the page of a sweep: its table and its figures. It fails where
// nothing is recorded.
func (r *Result) Page() (*page.Page, error) {
	if len(r.Runs) == 0 {
		return nil, errors.New("sweep: nothing is recorded to make a page of")
	}
	p := &page.Page{Title: "A sweep over " + strings.Join(append(r.Fields, "seed"), ", ")}
	p.Lead = fmt.Sprintf("%d runs of %d scenarios.", len(r.Runs), len(r.Scenarios()))
	if r.Missing > 0 {
		p.Lead += fmt.Sprintf(" **%d runs are missing**: they are not recorded in this store.", r.Missing)
	}
	p.Table(r.Table())
	return p, nil
}
