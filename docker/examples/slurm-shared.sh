#!/bin/bash
#SBATCH --job-name=vgrad-sweep
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=01:00:00
# A sweep in eight tasks, each a shard of its own, into one folder that all nodes share:
#
#	sbatch slurm-shared.sh                                    # the sweep below
#	sbatch slurm-shared.sh depth=2..20 tanh seed=0..9         # another
#
# The store is safe for any number of writers. A task that was stopped goes on where it
# was when it is submitted again, as sbatch --array=3 slurm-shared.sh: what its shard has
# finished is found recorded.
set -euo pipefail
shards=8
[ $# -gt 0 ] || set -- depth=2,6,12 activation=sigmoid,relu seed=0..9
runs=${VGRAD_RUNS:-$SLURM_SUBMIT_DIR/runs}
mkdir -p "$runs"
apptainer exec --containall --net --network none --bind "$runs:/runs" "${VGRAD_IMAGE:-docker://ghcr.io/vgrad/batch:latest}" \
	vgrad sweep "$@" -quiet -runs /runs -shard "$SLURM_ARRAY_TASK_ID/$shards"
