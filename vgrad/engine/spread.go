package engine

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
)

// lanesAxis names the one axis of a mesh of devices.
const lanesAxis = "lanes"

// spread shards the lanes of the device loop over the backend's first devices, in
// equal parts.
func (p *plan) spread(devices int) error {
	switch has := p.target.NumDevices(); {
	case devices > has:
		return fmt.Errorf("engine: cannot shard lanes over %d devices: the backend has %d", devices, has)
	case len(p.lanes)%devices != 0:
		return fmt.Errorf("engine: %d lanes cannot be sharded evenly over %d devices", len(p.lanes), devices)
	}
	var err error
	if p.mesh, err = distributed.NewDeviceMesh([]int{devices}, []string{lanesAxis}); err != nil {
		return fmt.Errorf("engine: shard lanes over %d devices: %w", devices, err)
	}
	return nil
}

// devices lists the devices on which the device loop runs.
func (p *plan) devices() []compute.DeviceNum {
	if p.mesh == nil {
		return []compute.DeviceNum{p.on}
	}
	var all []compute.DeviceNum
	for d := range p.mesh.NumDevices() {
		all = append(all, compute.DeviceNum(d))
	}
	return all
}

// replicated stands for the lane axis of a tensor that has none: every device has
// the whole tensor.
const replicated = -1

// sharded is the sharding of a tensor over the devices along its lane axis. It is
// nil if there is one device.
func (p *plan) sharded(of shapes.Shape, axis int) *distributed.ShardingSpec {
	if p.mesh == nil {
		return nil
	}
	axes := make([]distributed.AxisSpec, of.Rank())
	if axis != replicated {
		axes[axis] = distributed.AxisSpec{lanesAxis}
	}
	return must(distributed.NewShardingSpec(p.mesh, axes...))
}

// lanesOf is the lane axis of a tensor of the state: the first. A scalar, such as
// the number of the update, has none.
func lanesOf(x shapes.Shape) int {
	if x.Rank() == 0 {
		return replicated
	}
	return 0
}

// parts are the shards of x, one for each device.
func (p *plan) parts(x *tensors.Tensor, axis int) []*tensors.Tensor {
	if p.mesh == nil {
		return []*tensors.Tensor{x}
	}
	return must(dtensor.ShardTensor(p.sharded(x.Shape(), axis), x)).Shards()
}

// merged is the i-th tensor of every device's results, merged into one. It frees
// the parts.
func (p *plan) merged(each [][]*tensors.Tensor, i, axis int) *tensors.Tensor {
	if p.mesh == nil {
		return each[0][i]
	}
	var parts []*tensors.Tensor
	for _, x := range each {
		parts = append(parts, x[i])
	}
	x := must(dtensor.NewTensor(p.sharded(parts[0].Shape(), axis), parts))
	defer x.FinalizeAll() // what is left goes with the process
	return must(x.Merge())
}
