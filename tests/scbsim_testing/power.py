"""How many runs show errors of an engine."""

POWER_RUNS = 4000
"""Runs of a case with which `studies/verify/test_power.py` notices its errors but one."""
