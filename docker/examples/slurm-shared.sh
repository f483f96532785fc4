#!/bin/bash
#SBATCH --job-name=vgrad-sweep
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=01:00:00
# A sweep in eight tasks. Each trains one shard and writes its runs to one shared folder:
#
#	sbatch slurm-shared.sh                                    # the sweep below
#	sbatch slurm-shared.sh depth=2..20 tanh seed=0..9         # another
#
# The store is safe for any number of writers. A task that was stopped can be submitted
# again, for example with sbatch --array=3 slurm-shared.sh. It does not train the runs again
# that its shard has finished.
set -euo pipefail
shards=8
[ $# -gt 0 ] || set -- depth=2,6,12 activation=sigmoid,relu seed=0..9
runs=${VGRAD_RUNS:-$SLURM_SUBMIT_DIR/runs}
mkdir -p "$runs"
apptainer exec --containall --net --network none --bind "$runs:/runs" "${VGRAD_IMAGE:-docker://ghcr.io/vgrad/batch:latest}" \
	vgrad sweep "$@" -quiet -runs /runs -shard "$SLURM_ARRAY_TASK_ID/$shards"
