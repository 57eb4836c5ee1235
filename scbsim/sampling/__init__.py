"""Samples of a task: alias tables, the sampler, and the file of samples."""
