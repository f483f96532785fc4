package vgrad

import (
	"fmt"
	"slices"
	"strings"
)

// The objectives of a stage that trains one layer on its own, as greedy pre-training
// does. All other layers stay as they are, unless Stage.Train says otherwise. What an
// objective needs beside the network, such as the biases of the reconstruction, is kept
// for later stages with the same objective and layer, and is no part of the network.
const (
	// Autoencoder: the layer's units give back the layer's input through the same
	// weights, transposed (Bengio et al. 2007, Greedy Layer-Wise Training of Deep
	// Networks). The loss is the cross-entropy a unit if the input is between 0 and 1,
	// as images and sigmoid units are, else the mean squared error.
	Autoencoder = "autoencoder"
	// RBM: layer and input are a restricted Boltzmann machine that is trained by
	// one step of contrastive divergence, CD-1 (Hinton 2002; Hinton, Osindero and
	// Teh 2006). The layer must be of sigmoid units and its input between 0 and 1.
	// The recorded loss is the cross-entropy of the reconstruction.
	RBM = "rbm"
	// Supervised: a linear layer of its own on top of the layer's units reads the
	// classes (Bengio et al. 2007, section 4.1). The recorded loss and accuracy are
	// those of that reading.
	Supervised = "supervised"
)

// Objectives lists what a stage may have as objective.
func Objectives() []string { return []string{Autoencoder, RBM, Supervised} }

// Greedy returns the stages that train the layers 1 to layers, one after another, each as
// stage says. Append the stage that trains all of them:
//
//	greedy := vgrad.Greedy(vgrad.Stage{Objective: vgrad.Autoencoder, Steps: 500}, 5)
//	e.Stages = append(greedy, vgrad.Stage{Name: "fine-tuning", Steps: 2500})
func Greedy(stage Stage, layers int) []Stage {
	var stages []Stage
	for layer := 1; layer <= layers; layer++ {
		stage.Name, stage.Layer = fmt.Sprintf("%s of layer %d", stage.Objective, layer), layer
		stages = append(stages, stage)
	}
	return stages
}

// aim is the objective in the experiment's name.
func (s Stage) aim() string {
	if s.Objective == "" {
		return ""
	}
	return fmt.Sprint(s.Objective, s.Layer)
}

// pretrains reports whether a stage has an objective of its own.
func (e Experiment) pretrains() bool {
	return slices.ContainsFunc(e.Stages, func(s Stage) bool { return s.Objective != "" })
}

// checkObjective reports an unknown objective, and a layer that is missing or too much.
func (e Experiment) checkObjective(name string, s Stage) error {
	layers := e.Resolved().Layers()
	switch {
	case s.Objective == "" && s.Layer == 0:
		return nil
	case s.Objective == "":
		return fmt.Errorf("%s.layer is %d without an objective; the objectives are %s", name, s.Layer, strings.Join(Objectives(), ", "))
	case !slices.Contains(Objectives(), s.Objective):
		return fmt.Errorf("%s.objective is %q; the objectives are %s; leave it out for the experiment's loss", name, s.Objective, strings.Join(Objectives(), ", "))
	case s.Layer < 1 || s.Layer > layers:
		return fmt.Errorf("%s.layer is %d; the objective %s needs one of the layers 1 to %d", name, s.Layer, s.Objective, layers)
	}
	return nil
}

// FirstOfTask is the first step that trains the experiment's own loss to its end: the
// step after the last stage with an objective. It is 0 without such stages.
func (e Experiment) FirstOfTask() int {
	first, steps := 0, 0
	for _, s := range e.Stages {
		if steps += s.Steps; s.Objective != "" {
			first = steps
		}
	}
	return first
}
