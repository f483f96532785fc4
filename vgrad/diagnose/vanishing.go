package diagnose

import (
	"fmt"

	"github.com/vgrad/lab/vgrad"
)

// vanishingBelow is the factor a layer below which the signal vanishes. Bounds on
// magnitudes, as SageMaker Debugger's (mean |g| < 1e-7) and AUTOTRAINER's have, do not
// see the textbook case: a network of six sigmoid layers loses a factor of four a layer
// and is far above them. A factor a layer sees it at every seed, from three layers on,
// and is silent on ReLU, leaky ReLU and tanh down to twenty layers.
const vanishingBelow = 0.5

// vanishing fits a line through the logarithms of the signal at the first recorded step.
var vanishing = rule{
	name:      "vanishing gradient",
	threshold: "the signal is less than half as large with each layer on its way back, by a line through the logarithms of RMS δ",
	source:    "relative to depth, as √χ of mean-field theory: Schoenholz et al. 2017, arXiv:1611.01232",
	advice:    "an activation with slope 1 where it is active (relu, leaky_relu, tanh), larger first weights (gain, he_normal with ReLU), or fewer layers",
	needs:     []vgrad.Quantity{vgrad.RMSDelta, vgrad.RMSGrad, vgrad.MeanAbsGrad},
	look: func(src vgrad.Source) *sighting {
		first, last := signals(src)
		if len(first.values) < 2 || !first.finite() {
			return nil
		}
		if layer := first.silence(); layer > 0 {
			return &sighting{layer: layer, step: first.step,
				says:     fmt.Sprintf("No gradient at all arrives at layer %d, nor at those before it.", layer),
				evidence: fmt.Sprintf("%s is exactly zero there at step %d", first.title(), first.step),
				advice:   "where units are dead, leaky_relu, he_normal or another seed; else fewer layers: the signal is smaller than float32 can say"}
		}
		factor := first.factor()
		if !(factor < vanishingBelow) {
			return nil
		}
		input, output := first.ends()
		says := fmt.Sprintf("On its way back from the loss the gradient is divided by %s at each layer: layer %d gets 1/%s of what layer %d has.",
			times(1/factor), first.layers[0], times(output/input), first.layers[len(first.layers)-1])
		return &sighting{layer: first.layers[0], step: first.step, says: says, evidence: first.evidence() + later(first, last)}
	},
}

// evidence is the profile at its ends.
func (p *profile) evidence() string {
	input, output := p.ends()
	return fmt.Sprintf("%s at step %d is %s in layer %d and %s in layer %d, a factor of %s a layer", p.title(), p.step,
		short(output), p.layers[len(p.layers)-1], short(input), p.layers[0], short(p.factor()))
}

// later says how the factor is at the end.
func later(first, last *profile) string {
	if last.step == first.step || !last.finite() || last.silence() > 0 {
		return ""
	}
	return fmt.Sprintf("; %s a layer at step %d", short(last.factor()), last.step)
}
