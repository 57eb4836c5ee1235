"""Compile every kernel now, so that no run has to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from scbsim.simulation import simulate
from scbsim.spec import RunSpec


def warmup(
    precisions: Sequence[str] = ("float32", "float64"),
    report: Callable[[str, float], None] | None = None,
) -> dict[str, float]:
    """Compile and cache the kernels, by a run of two steps at each precision.

    Parameters
    ----------
    precisions : sequence of {"float32", "float64"}
    report : callable, optional
        Told each precision and the seconds it took, as soon as it is done.

    Returns
    -------
    dict
        Seconds by precision. Kernels that were in the cache take a fraction of one.
    """
    seconds = {}
    for precision in precisions:
        spec = RunSpec.from_dict(
            {
                "task": {"N": 3, "T": 50, "Q": 1},
                "dynamics": {"engine": "dense", "precision": precision},
                "stage": [{"steps": 2}],
            }
        )
        began = perf_counter()
        simulate(spec)
        seconds[precision] = perf_counter() - began
        if report is not None:
            report(precision, seconds[precision])
    return seconds
