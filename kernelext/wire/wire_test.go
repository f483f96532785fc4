package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/page"
	"github.com/vgrad/lab/vgrad/vgradtest"
)

// There and back: what is said is what is heard.
func TestAsk(t *testing.T) {
	table := &page.Table{Columns: []string{"a"}, Rows: [][]string{{"1"}}, Verdicts: []page.Verdict{page.Partly}}
	said := []Message{
		{Say: "backend: go"},
		{Begin: &vgrad.Experiment{}},
		{Samples: []vgrad.Sample{{Site: vgrad.NetworkSite, Quantity: vgrad.Loss, Value: math.Inf(1)}}},
		{Run: 1, Step: 3, Samples: []vgrad.Sample{{Step: 3, Site: vgrad.Site{Path: "/l/w", Layer: 1, Size: 2}, Quantity: vgrad.MeanAbsGrad, Value: 1e-300}}},
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

func TestVoice(t *testing.T) {
	vgradtest.TestSink(t, func(*testing.T) vgrad.Sink { return NewVoice(&bytes.Buffer{}).Begin(vgrad.Experiment{}) })
}

// Of two trainings at once, each message says whose samples it brings.
func TestVoiceOfTwo(t *testing.T) {
	var to, from bytes.Buffer
	v := NewVoice(&from)
	sinks := []vgrad.Sink{v.Begin(vgrad.Experiment{}), v.Begin(vgrad.Experiment{Activation: "relu"})}
	put := []int{1, 0, 0, 1}
	for step, run := range put {
		if err := sinks[run].Put(step, []vgrad.Sample{{Step: step, Site: vgrad.NetworkSite, Quantity: vgrad.Loss}}); err != nil {
			t.Fatal(err)
		}
	}
	v.Send(Message{Done: true})
	var heard []int
	err := Ask(&to, &from, Request{}, func(m Message) error {
		if m.Samples != nil {
			heard = append(heard, m.Run)
		}
		return nil
	})
	if err != nil || !reflect.DeepEqual(heard, put) {
		t.Errorf("heard samples of %v, put %v; %v", heard, put, err)
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
	err := v.Begin(vgrad.Experiment{Activation: "relu"}).Put(0, []vgrad.Sample{{Quantity: vgrad.Loss, Value: 0.69}})
	v.Send(Message{Done: true})
	Ask(io.Discard, &cell, Request{}, func(m Message) error {
		if m.Begin != nil {
			fmt.Println(m.Begin.Name(), "begins")
		} else {
			fmt.Println("run", m.Run, "step", m.Step, "loss", m.Samples[0].Value)
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// relu begins
	// run 0 step 0 loss 0.69
	// <nil>
}
