#!/bin/bash
#SBATCH --job-name=vgrad-sweep
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=01:00:00
# A sweep in eight tasks, each a shard of its own, into one folder that all nodes share:
#
#	sbatch slurm-shared.sh
#
# The store is safe for any number of writers. A task that was stopped goes on with
#
#	sbatch --array=3 slurm-shared.sh
#
# Its shard's finished runs are found recorded.
set -euo pipefail
runs=${VGRAD_RUNS:-$SLURM_SUBMIT_DIR/runs}
mkdir -p "$runs"
apptainer exec --containall --net --network none --bind "$runs:/runs" "${VGRAD_IMAGE:-docker://ghcr.io/vgrad/batch:latest}" \
	vgrad sweep depth=2,6,12 activation=sigmoid,relu seed=0..9 -quiet -runs /runs -shard "$SLURM_ARRAY_TASK_ID/8"
