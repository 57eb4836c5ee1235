"""Sweeps on a cluster: submitted to Slurm by submitit, followed by its own commands."""
