package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/page"
)

// There and back: what is said is what is heard.
func TestAsk(t *testing.T) {
	table := &page.Table{Columns: []string{"a"}, Rows: [][]string{{"1"}}, Verdicts: []page.Verdict{page.Partly}}
	said := []Message{
		{Say: "backend: go"},
		{Begin: &Begun{Experiment: vgrad.Experiment{Network: vgrad.Highway{Depth: 3}}, Run: "highway-seed0-abc"}},
		{Claims: table},
		{Progress: &vgrad.Progress{Total: 60, Done: 12, Found: 4, Last: vgrad.Experiment{Depth: 3}, Left: 23 * time.Second}},
	}
	var to, from bytes.Buffer
	v := NewVoice(&from)
	for _, m := range append(said, Message{Done: true}) {
		if err := v.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	asked := Request{Store: "/s", Train: []vgrad.Experiment{{}, {Depth: 20, Measure: vgrad.Measure{Every: 2}}, {Measure: vgrad.Measure{Quantities: []vgrad.Quantity{}}}}, Judge: true, Sweep: true}
	var heard []Message
	if err := Ask(&to, &from, asked, func(m Message) error { heard = append(heard, m); return nil }); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(heard, said) {
		t.Errorf("heard %+v, said %+v", heard, said)
	}
	if got, err := Hear(&to); err != nil || !reflect.DeepEqual(got, asked) {
		t.Errorf("asked %+v, %v", got, err)
	}
}

func TestAskFails(t *testing.T) {
	for name, want := range map[string]string{"failed": "no such activation", "cut": ErrCut.Error(), "hear": "enough"} {
		t.Run(name, func(t *testing.T) {
			var to, from bytes.Buffer
			v := NewVoice(&from)
			v.Send(Message{Say: "hello"})
			if name == "failed" {
				v.Send(Message{Failed: "no such activation"})
			}
			err := Ask(&to, &from, Request{}, func(Message) error {
				if name == "hear" {
					return errors.New("enough")
				}
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := Hear(strings.NewReader("nonsense")); err == nil {
		t.Error("nonsense is a request")
	}
}

func ExampleAsk() {
	var program, cell bytes.Buffer
	NewVoice(&program).Send(Message{Failed: "unknown activation"})
	err := Ask(&cell, &program, Request{Train: []vgrad.Experiment{{Activation: "rleu"}}}, nil)
	fmt.Println(err)
	// Output: unknown activation
}

func ExampleVoice() {
	var cell bytes.Buffer
	v := NewVoice(&cell)
	v.Send(Message{Begin: &Begun{Experiment: vgrad.Experiment{Activation: "relu"}, Run: "relu-seed0-2ebfe5d0bb59"}})
	v.Send(Message{Done: true})
	err := Ask(io.Discard, &cell, Request{}, func(m Message) error {
		fmt.Println(m.Begin.Experiment.Name(), "begins; its run is", m.Begin.Run)
		return nil
	})
	fmt.Println(err)
	// Output:
	// relu begins; its run is relu-seed0-2ebfe5d0bb59
	// <nil>
}
