"""What the runs of the transfer figure came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scbsim.studies.transfer.specs import SIGNAL

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from scbsim.task import Task

RECOVERED: Final = 0.9
"""Cosine with the truth, of A and of V, at which it counts as recovered."""


@dataclass(frozen=True)
class Learning:
    """The runs from one start, and how many steps they took.

    Attributes
    ----------
    start : float or None
        Correlation of the pretraining task; None is from scratch.
    run : xarray.Dataset
        The ensemble.
    cosine_A, cosine_V : float
        Correlation of the centred A and V with the truth's at the start; NaN from scratch.
    first : (R,) float64
        Steps until a signal was there, ``SIGNAL``; infinite where it never was.
    whole : (R,) float64
        Steps until the cosines of A and of V with the truth were ``RECOVERED``; likewise.
    """

    start: float | None
    run: xr.Dataset
    cosine_A: float
    cosine_V: float
    first: NDArray[Any]
    whole: NDArray[Any]


@dataclass(frozen=True)
class Recovery:
    """How many runs from one start recover the truth, by batch size.

    Attributes
    ----------
    start : float or None
        As in :class:`Learning`.
    batches : tuple of int
    recovered : tuple of int
        Runs whose normalised end has cosines of ``RECOVERED`` with the truth.
    replicas : int
        Of so many.
    """

    start: float | None
    batches: tuple[int, ...]
    recovered: tuple[int, ...]
    replicas: int


def learned(start: float | None, run: xr.Dataset) -> Learning:
    """Return how many steps the runs of an ensemble took."""
    import numpy as np

    steps = run["step"].values

    def reached(there: NDArray[Any]) -> NDArray[Any]:
        # NaN where a run has ended: no comparison with it holds.
        return np.where(there.any(axis=1), steps[there.argmax(axis=1)], np.inf)

    value = {name: run[name].values for name in ("alpha_A", "alpha_V", "sim_A", "sim_V")}
    signal = np.fmax(value["alpha_A"], value["alpha_V"])
    close = np.minimum(value["sim_A"], value["sim_V"])
    return Learning(
        start=start,
        run=run,
        cosine_A=_cosine(run, "A", "K_Q"),
        cosine_V=_cosine(run, "V", "K_P"),
        first=reached(signal >= SIGNAL),
        whole=reached(close >= RECOVERED),
    )


def _cosine(run: xr.Dataset, matrix: str, K: str) -> float:
    """Return the cosine of a centred matrix with the truth's at the start."""
    signal = float(run[f"alpha_{matrix}"].values[0, 0]) * float(run.attrs[K]) ** 0.5
    length = (signal**2 + float(run[f"delta_{matrix}"].values[0, 0]) ** 2) ** 0.5
    return signal / length if length else float("nan")


def recovered(start: float | None, runs: dict[int, xr.Dataset]) -> Recovery:
    """Return how many runs recover the truth at each batch size."""
    import numpy as np

    counts, replicas = [], 0
    for run in runs.values():
        replicas = int(run.sizes["replica"])
        good = np.zeros(replicas, dtype=bool)
        if run.sizes.get("normalization", 0):
            # Of a run that diverged there is no normalised end: NaN, which is not enough.
            ends = (run[f"normalized_sim_{matrix}"].values[:, -1] for matrix in "AV")
            good = np.minimum(*ends) >= RECOVERED
        counts.append(int(good.sum()))
    return Recovery(start, tuple(runs), tuple(counts), replicas)


def right_direction(task: Task, batch: float, rate: float) -> float:
    r"""Return the chance that a run from scratch sets out towards the truth, and not away from it.

    Parameters
    ----------
    task : Task
    batch : float
        Samples a step.
    rate : float
        Step size of both matrices.

    Returns
    -------
    float
        The normal distribution function of the push of the mean gradient over its noise, as both
        stand in the direction that grows: docs/transfer.md has the formula and where it is from.
    """
    from scipy.special import ndtr

    even = float(task.mu @ task.mu)
    sigma_squared = (1.0 - even) / (task.N - 1) / task.T
    growth = (task.K_P * task.K_Q) ** 0.5
    return float(ndtr((2 * batch * task.K_P / (rate * growth * sigma_squared)) ** 0.5 / task.T))
