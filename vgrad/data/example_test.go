package data_test

import (
	"context"
	"fmt"
	"log"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
)

func ExampleLoad() {
	set, err := data.Load(context.Background(), "synthetic")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Train.Len(), "for training,", set.Validation.Len(), "for validation")
	fmt.Println(set.Features, "features,", set.Classes, "classes")
	// Output:
	// 2000 for training, 500 for validation
	// 64 features, 10 classes
}

func ExampleSet() {
	set, err := data.Load(context.Background(), "mnist")
	if err != nil {
		log.Fatal(err)
	}
	// The first image of the validation set, every other row and column.
	for y := 6; y < 26; y += 2 {
		fmt.Print("|")
		for x := 4; x < 26; x += 2 {
			fmt.Print(string(" .#"[min(2, int(set.Validation.Images[y*28+x])/64)]))
		}
		fmt.Println("|")
	}
	fmt.Println("label", set.Validation.Labels[0])
	// Output:
	// |   .###### |
	// |  #####    |
	// |    #      |
	// |    #.     |
	// |     ##    |
	// |      .#   |
	// |      ##   |
	// |    ###.   |
	// |  ###.     |
	// |####       |
	// label 5
}

func ExampleSplit() {
	set, err := data.Load(context.Background(), "synthetic")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(set.Train.Images) == set.Train.Len()*set.Features, set.Train.Labels[:12])
	// Output: true [0 1 2 3 4 5 6 7 8 9 0 1]
}

func ExampleBatches() {
	order, err := data.Batches(5, 2, 1)
	if err != nil {
		log.Fatal(err)
	}
	for range 5 { // two epochs; the third batch lies across them and holds image 0 twice
		fmt.Println(order.Next())
	}
	_, err = data.Batches(5, 6, 1)
	fmt.Println(err)
	// Output:
	// [4 3]
	// [1 2]
	// [0 0]
	// [4 2]
	// [1 3]
	// data: a batch of 6 images is larger than the 5 there are for training
}

func ExampleShuffle_Fill() {
	order, err := data.Batches(5, 2, 1)
	if err != nil {
		log.Fatal(err)
	}
	steps := make([]int32, 3*2) // [3 steps, batch]
	order.Fill(steps)
	fmt.Println(steps)
	// Output: [4 3 1 2 0 0]
}

func ExampleMNIST() {
	test, err := data.MNIST{}.Test(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(test.Len(), test.Labels[:5])
	// Output: 10000 [7 2 1 0 4]
}

func ExampleCheck() {
	fmt.Println(data.Check(vgrad.Experiment{Data: "cifar"}))
	fmt.Println(data.Check(vgrad.Experiment{Batch: 60000}))
	// Output:
	// data: unknown data set "cifar"; the known ones are mnist, synthetic
	// data: mnist: a batch of 60000 images is larger than the 55000 there are for training
}
