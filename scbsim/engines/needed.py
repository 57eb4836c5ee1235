"""Which kernels a run needs, for those who wait for them to be compiled."""

from __future__ import annotations

from scbsim.engines.select import Choice
from scbsim.spec import RunSpec
from scbsim.spec.checks import REAL_BATCHES


def kernels_of(choice: Choice, spec: RunSpec) -> tuple[str, ...]:
    """Return the names of the kernels that a run calls, in the order in which it begins to.

    The last is for the normalised copy that a run ends with.
    """
    if choice.name == "collapsed":
        return ("observe_collapsed", "advance_collapsed")
    if choice.name in REAL_BATCHES:
        return (
            "make_tables",
            "prepare",
            "observe_unconstrained",
            "advance_batch",
            "normalize_columns",
        )
    dense = choice.name == "dense"
    levels: tuple[str, ...] = ()
    if spec.noise.model == "matched" and choice.name != "population":
        levels = ("powers_of_bulk" if dense else "powers_of_active_set", "moments", "set_levels")
    return ("observe", *levels, "advance" if dense else "advance_sparse", "normalize_columns")
