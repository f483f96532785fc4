package lab

import (
	"context"
	"slices"
	"time"

	"github.com/vgrad/lab/vgrad"
	"github.com/vgrad/lab/vgrad/data"
	"github.com/vgrad/lab/vgrad/engine"
)

// TrainingSeconds is by how much longer a whole training takes with that many steps more, by
// the clock on the wall: the shortest of three, minus the shortest without them.
func TrainingSeconds(ctx context.Context, name string, e vgrad.Experiment, steps int) (float64, error) {
	i := slices.IndexFunc(speedBackends, func(b struct{ name, open string }) bool { return b.name == name })
	eng, _, err := (&Lab{}).speedEngine(ctx, speedBackends[i].open)
	if err != nil {
		return 0, err
	}
	defer eng.Close()
	sets, err := speedSets(ctx, []vgrad.Experiment{e})
	if err != nil {
		return 0, err
	}
	shortest := map[int]time.Duration{}
	for range 4 {
		for _, n := range []int{warmSteps, warmSteps + steps} {
			e.Steps = n
			start := time.Now()
			if _, err := eng.Train(ctx, engine.Job{Experiment: e, Data: sets[data.Of(e)]}); err != nil {
				return 0, err
			}
			if took := time.Since(start); shortest[n] == 0 || took < shortest[n] {
				shortest[n] = took
			}
		}
	}
	return (shortest[warmSteps+steps] - shortest[warmSteps]).Seconds(), nil
}
