#!/bin/bash
# sbatch docs/slurm_template.sh configs/llama7b_fsdp.yaml
# One task per GPU; srun starts them, and Lightning finds them by Slurm's variables.
#SBATCH --job-name=gner
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --output=%x-%j.log

config=$1
run=${2:-runs/slurm-$SLURM_JOB_ID}

# A job that was put back in the queue goes on where it was; a checkpoint is a file, or a folder if it is sharded.
resume=()
if [ -e "$run/checkpoints/last.ckpt" ] || [ -e "$run/checkpoints/last.ckpt.previous" ]; then
  resume=(--ckpt_path last)
fi

srun python -m gner.fit --config "$config" "${resume[@]}" \
  --trainer.default_root_dir "$run" \
  --trainer.num_nodes "$SLURM_NNODES" \
  --trainer.devices "$SLURM_NTASKS_PER_NODE"
