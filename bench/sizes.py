"""The sizes of benchmarks: the real ones, or small ones with which a test of the code is quick.

`pytest bench --benchmark-only --small` runs everything once at the small sizes. Times and ratios of
such a run mean nothing.
"""

small = False
"""Set from the command line before any benchmark is imported."""


def size(real, small_one):
    """Return the one of two values that this run takes."""
    return small_one if small else real
