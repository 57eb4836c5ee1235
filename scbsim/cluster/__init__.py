"""Sweeps and phase diagrams on a cluster: submitted to Slurm by submitit."""
