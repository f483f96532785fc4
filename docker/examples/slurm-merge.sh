#!/bin/bash
#SBATCH --job-name=vgrad-sweep
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=01:00:00
# The same sweep for nodes without a fast shared folder that can lock files. Each task
# records its runs on its node and copies them at the end. Task 0 then merges them:
#
#	job=$(sbatch --parsable slurm-merge.sh)
#	sbatch --dependency=afterok:$job --array=0 slurm-merge.sh
set -euo pipefail
shards=8
[ $# -gt 0 ] || set -- depth=2,6,12 activation=sigmoid,relu seed=0..9
image=${VGRAD_IMAGE:-docker://ghcr.io/vgrad/batch:latest}
runs=${VGRAD_RUNS:-$SLURM_SUBMIT_DIR/runs}
mkdir -p "$runs"
inside() { apptainer exec --containall --net --network none "$@"; }

if [ "$SLURM_ARRAY_TASK_ID" = 0 ]; then
	inside --bind "$runs:/runs" "$image" vgrad runs merge -store /runs/all $(cd "$runs" && printf '/runs/%s ' shard-[1-9]*)
	exit
fi
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
inside --bind "$own:/runs" "$image" vgrad sweep "$@" -quiet -runs /runs -shard "$SLURM_ARRAY_TASK_ID/$shards"
to=$runs/shard-$SLURM_ARRAY_TASK_ID
rm -rf "$runs/new-$SLURM_ARRAY_TASK_ID" "$to"
cp -r "$own" "$runs/new-$SLURM_ARRAY_TASK_ID"
mv "$runs/new-$SLURM_ARRAY_TASK_ID" "$to" # all of it, or nothing
