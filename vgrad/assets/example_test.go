package assets_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/vgrad/lab/vgrad/assets"
)

func Example() {
	// A machine that has nothing yet and may fetch nothing.
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("VGRAD_CACHE", dir)
	os.Setenv("VGRAD_OFFLINE", "1")
	defer os.Unsetenv("VGRAD_CACHE")
	defer os.Unsetenv("VGRAD_OFFLINE")

	_, err = assets.ECharts(context.Background())
	fmt.Println(errors.Is(err, assets.ErrOffline))
	fmt.Println(err)
	// Output:
	// true
	// assets: echarts 6.1.0: not fetched because VGRAD_OFFLINE=1; with a network run: VGRAD_OFFLINE=0 go tool vgrad assets
}

func ExamplePart() {
	p := assets.Part{Name: "echarts", Version: "6.1.0", State: assets.Missing, Problem: "not fetched yet; run: go tool vgrad assets"}
	fmt.Printf("%s %s: %s: %s\n", p.Name, p.Version, p.State, p.Problem)
	// Output: echarts 6.1.0: missing: not fetched yet; run: go tool vgrad assets
}

func ExampleState() {
	fmt.Println(assets.OK, assets.Missing, assets.Corrupt, assets.Unsupported)
	// Output: ok missing corrupt unsupported
}
