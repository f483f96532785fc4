package data_test

import (
	"context"
	"fmt"
	"log"
	"math"

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

func ExampleSplit_Slice() {
	set, err := data.Load(context.Background(), "synthetic")
	if err != nil {
		log.Fatal(err)
	}
	validation := set.Validation
	for from := 0; from < validation.Len(); from += 200 {
		batch := validation.Slice(from, min(from+200, validation.Len()))
		fmt.Println(batch.Len(), len(batch.Images)/set.Features, batch.Labels[0])
	}
	// Output:
	// 200 200 0
	// 200 200 0
	// 100 100 0
}

func ExampleRegression() {
	set, err := data.Regression(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Train.Len(), "for training,", set.Validation.Len(), "for validation")
	fmt.Println("from", set.Input, "to", set.Outputs, "by", set.Loss)
	fmt.Printf("always giving the mean costs %.3f\n", set.GuessLoss)
	for i := range 2 {
		example := set.Train.Slice(i, i+1)
		fmt.Printf("%5.2f -> %5.2f\n", example.Numbers, example.Targets)
	}
	// Output:
	// 4096 for training, 1024 for validation
	// from [8] to 1 by mean_squared_error
	// always giving the mean costs 1.000
	// [-0.86 -1.10  0.36  0.05  0.87  1.91  0.13 -0.05] -> [ 0.24]
	// [ 0.53  0.26  1.27  0.62 -0.89  0.85  1.33 -1.28] -> [ 0.34]
}

func ExampleSet_Check() {
	set := &data.Set{
		Name: "xor", Input: []int{2}, Features: 2, Classes: 2, Outputs: 2, Loss: data.CrossEntropy, GuessLoss: math.Ln2,
		Train:      data.Split{Numbers: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Labels: []uint8{0, 1, 1, 2}},
		Validation: data.Split{Numbers: []float32{0, 0}, Labels: []uint8{0}},
	}
	fmt.Println(set.Check())
	set.Train.Labels[3] = 0
	fmt.Println(set.Check())
	// Output:
	// data: set "xor": training: label 2 of example 3; there are 2 classes
	// <nil>
}

func ExampleBatches() {
	order, err := data.Batches(5, 2, 1)
	if err != nil {
		log.Fatal(err)
	}
	for range 5 { // two epochs; the third batch lies across them and holds example 0 twice
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
	// data: a batch of 6 examples is larger than the 5 there are for training
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
	// unknown data set "cifar"; the known ones are mnist, fashion, cifar10, synthetic, regression, mnist_pixels, adding, copy, order
	// data: mnist: a batch of 60000 examples is larger than the 55000 there are for training
}
