package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// What the rules say is in four lists, none of them null: a rule that could not look is
// told with its reason. A loss at guessing level is found where each tenth step is
// recorded.
func TestRunsShowJSON(t *testing.T) {
	alone(t)
	if code, _, errs := program(t, "sweep", "sigmoid", "depth=11", "data=synthetic", "steps=500", "-quiet"); code != 0 {
		t.Fatal(errs)
	}
	code, out, errs := program(t, "runs", "show", "-json", "sigmoid")
	if code != 0 {
		t.Fatal(errs)
	}
	var got struct {
		Findings []struct{ Rule, Severity, Site, Says string }
		Notes    []any
		NotFound []string                     `json:"not_found"`
		Unjudged []struct{ Rule, Why string } `json:"not_judged"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Findings) != 2 || got.Findings[0].Rule != "loss that does not fall" || !strings.Contains(got.Findings[0].Says, "no better than guessing") || got.Findings[1].Rule != "vanishing gradient" {
		t.Errorf("findings: %+v", got.Findings)
	}
	if got.Notes == nil || len(got.NotFound) == 0 || len(got.Unjudged) == 0 || got.Unjudged[0].Why == "" {
		t.Errorf("notes %v, not found %v, not judged %v", got.Notes, got.NotFound, got.Unjudged)
	}
}
