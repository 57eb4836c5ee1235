"""One run: from a spec to a trajectory, in memory or in a file."""
