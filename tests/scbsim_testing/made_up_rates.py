"""Rates of no machine, with which the parts of an estimate are known."""

from scbsim.estimates.rates import Rates

ENTRIES = ("drawn_seconds", "pass_seconds", "stepped_seconds", "active_seconds")


def made_up(seconds, **entries):
    """Rates of a machine on which a step of any kind takes so long, and what is about entries."""
    kinds = ["sparse", "collapsed", "dense prox float32", "batch float32"]
    others = {
        **{"start_seconds": 2.0, "start_bytes": 1e8, "row_seconds": 0.0},
        **{"bytes_a_second": 1e9, "byte_seconds": 0.0, **dict.fromkeys(ENTRIES, 0.0), **entries},
    }
    rates = {kind: {"step": seconds} for kind in kinds}
    return Rates("some CPU", 2, "1.0", "2026-01-01", rates, others, own=True)
