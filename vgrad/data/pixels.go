package data

import "context"

// pixels is MNIST read pixel by pixel (Le et al. 2015, arXiv:1504.00941): each image is a
// sequence of 784 time steps of one value, row by row from the top left. Read by rows,
// MNIST is a sequence as it is.
func pixels(ctx context.Context) (*Set, error) {
	s, err := MNIST{}.open(ctx)
	if err != nil {
		return nil, err
	}
	s.Name, s.Input = "mnist_pixels", []int{mnistSide * mnistSide, 1}
	return s, nil
}
