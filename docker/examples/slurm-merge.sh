#!/bin/bash
#SBATCH --job-name=vgrad-sweep
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=01:00:00
# The same sweep where nodes share no folder that is fast, or none that locks files: each
# task keeps its runs on its node and copies them back, and in the end they are joined:
#
#	job=$(sbatch --parsable slurm-merge.sh)
#	sbatch --dependency=afterok:$job --array=0 slurm-merge.sh
#
# Task 0 is the one that joins.
set -euo pipefail
image=${VGRAD_IMAGE:-docker://ghcr.io/vgrad/batch:latest}
runs=${VGRAD_RUNS:-$SLURM_SUBMIT_DIR/runs}
mkdir -p "$runs"
inside() { apptainer exec --containall --net --network none "$@"; }

if [ "$SLURM_ARRAY_TASK_ID" = 0 ]; then
	shards=()
	for shard in "$runs"/shard-*; do shards+=("/runs/${shard##*/}"); done
	inside --bind "$runs:/runs" --env VGRAD_RUNS=/runs/all "$image" vgrad runs merge "${shards[@]}"
	exit
fi
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
inside --bind "$own:/runs" "$image" \
	vgrad sweep depth=2,6,12 activation=sigmoid,relu seed=0..9 -quiet -runs /runs -shard "$SLURM_ARRAY_TASK_ID/8"
cp -r "$own/." "$runs/shard-$SLURM_ARRAY_TASK_ID"
