"""Sweeps: many runs in one folder, run on this machine, looked after and collected."""
