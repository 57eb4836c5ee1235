"""Samples of a task: the tables they are drawn from, the sampler, and their file."""
