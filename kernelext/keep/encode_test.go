package keep

import (
	"bytes"
	"fmt"
	"testing"
)

func TestSameBytes(t *testing.T) {
	m := map[string]map[int]*dot{}
	for i := range 200 {
		m[fmt.Sprint(i)] = map[int]*dot{i: {i, i}, i + 1: nil}
	}
	first := encodeVariables([]variable{{"m", &m}})[0].Bytes
	for range 3 {
		if !bytes.Equal(encodeVariables([]variable{{"m", &m}})[0].Bytes, first) {
			t.Fatal("the bytes differ")
		}
	}
}

// benchmark encodes and decodes a value.
func benchmark(b *testing.B, p any) {
	vars := []variable{{"x", p}}
	data := encodeVariables(vars)[0].Bytes
	if data == nil {
		b.Fatal(encodeVariables(vars)[0].Kept[0].Reason)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			encodeVariables(vars)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if err := decodeGroup(data, fresh(vars)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFloats(b *testing.B) {
	x := make([]float64, 100<<20/8)
	for i := range x {
		x[i] = float64(i)
	}
	benchmark(b, &x)
}

type record struct {
	ID    int
	Name  string
	Score float64
	Tags  string
}

func BenchmarkRecords(b *testing.B) {
	x := make([]record, 1e6)
	for i := range x {
		x[i] = record{i, fmt.Sprint("name ", i), float64(i), "tag"}
	}
	benchmark(b, &x)
}

func BenchmarkPointers(b *testing.B) {
	x := make([]*record, 1e6)
	for i := range x {
		x[i] = &record{i, fmt.Sprint("name ", i), float64(i), "tag"}
	}
	benchmark(b, &x)
}

func BenchmarkChain(b *testing.B) {
	var x *chain
	for i := range 1000000 {
		x = &chain{i, x}
	}
	benchmark(b, &x)
}

func BenchmarkMap(b *testing.B) {
	x := map[string]float64{}
	for i := range 1000000 {
		x[fmt.Sprint("name ", i)] = float64(i)
	}
	benchmark(b, &x)
}

func BenchmarkAny(b *testing.B) {
	x := make([]any, 1000000)
	for i := range x {
		if x[i] = float64(i); i%2 > 0 {
			x[i] = "text"
		}
	}
	benchmark(b, &x)
}
