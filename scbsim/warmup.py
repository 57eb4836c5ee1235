"""Compile every kernel now, so that no run has to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from scbsim.simulation import simulate
from scbsim.spec import RunSpec

_SPARSE = ("dynamics.engine=sparse", "dynamics.rule=prox")
_SINGLE = ("dynamics.engine=dense", "dynamics.precision=float32")
_DOUBLE = ("dynamics.engine=dense", "dynamics.precision=float64")
_MATCHED = "noise.model=matched"

RUNS: dict[str, tuple[str, ...]] = {
    "collapsed": ("dynamics.engine=collapsed", "dynamics.rule=sgd"),
    "sparse": _SPARSE,
    "dense, float32": _SINGLE,
    "dense, float64": _DOUBLE,
    "sparse, matched noise": (*_SPARSE, _MATCHED),
    "dense, float32, matched noise": (*_SINGLE, _MATCHED),
    "dense, float64, matched noise": (*_DOUBLE, _MATCHED),
}
"""Runs that together need every kernel, by the name under which they are reported."""

Report = Callable[[str, Sequence[str], float], None]


def warmup(names: Sequence[str] | None = None, report: Report | None = None) -> dict[str, float]:
    """Compile and cache the kernels, by a run of two steps of each kind.

    Parameters
    ----------
    names : sequence of str, optional
        Which of :data:`RUNS`; all of them unless given.
    report : callable, optional
        Told each name, the kernels that had to be compiled for it, and the seconds it took, as
        soon as it is done.

    Returns
    -------
    dict
        Seconds by name. Kernels that were in the cache take a fraction of one.
    """
    seconds = {}
    for name in RUNS if names is None else names:
        spec = RunSpec.from_dict(
            {"task": {"N": 3, "T": 50, "Q": 1}, "stage": [{"steps": 2}]}, overrides=RUNS[name]
        )
        began = perf_counter()
        with _compiled() as kernels:
            simulate(spec)
        seconds[name] = perf_counter() - began
        if report is not None:
            report(name, kernels, seconds[name])
    return seconds


@contextmanager
def _compiled() -> Iterator[list[str]]:
    """Collect the names of kernels that are compiled, those inside others left out."""
    from numba.core import event

    kernels: list[str] = []
    within = 0

    class Listener(event.Listener):  # type: ignore[misc]
        def on_start(self, event: Any) -> None:
            nonlocal within
            if not within:
                kernels.append(event.data["dispatcher"].py_func.__name__)
            within += 1

        def on_end(self, event: Any) -> None:
            nonlocal within
            within -= 1

    with event.install_listener("numba:compile", Listener()):
        yield kernels
