"""Results of the runs of the transfer figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from scbsim.studies.transfer.specs import SIGNAL

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from scbsim.task import Task

RECOVERED: Final = 0.9
"""A matrix counts as recovered from this cosine with the truth on."""


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
        Cosine of the centred A and V with the truth's at the start; NaN from scratch.
    first : (R,) float64
        Steps until a signal reached `SIGNAL`; infinite if none did.
    whole : (R,) float64
        Steps until the cosines of A and of V with the truth reached `RECOVERED`; infinite if they
        did not.
    """

    start: float | None
    run: xr.Dataset
    cosine_A: float
    cosine_V: float
    first: NDArray[np.float64]
    whole: NDArray[np.float64]


@dataclass(frozen=True)
class Recovery:
    """How many runs from one start recover the truth, by batch size.

    Attributes
    ----------
    start : float or None
        As in :class:`Learning`.
    batches : tuple of int
    recovered : tuple of int
        Runs whose normalised A and V have cosines of at least `RECOVERED` with the truth.
    replicas : int
        Runs at each batch size.
    """

    start: float | None
    batches: tuple[int, ...]
    recovered: tuple[int, ...]
    replicas: int


def learned(start: float | None, run: xr.Dataset) -> Learning:
    """Return how many steps the runs of an ensemble took."""
    steps = run["step"].values

    def first_step(reached: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.where(reached.any(axis=1), steps[reached.argmax(axis=1)], np.inf)

    # Values are NaN after the end of a run, and no comparison with NaN is true.
    signal = np.fmax(run["alpha_A"].values, run["alpha_V"].values)
    cosine = np.minimum(run["sim_A"].values, run["sim_V"].values)
    return Learning(
        start=start,
        run=run,
        cosine_A=_cosine(run, "A", "K_Q"),
        cosine_V=_cosine(run, "V", "K_P"),
        first=first_step(signal >= SIGNAL),
        whole=first_step(cosine >= RECOVERED),
    )


def _cosine(run: xr.Dataset, matrix: str, K: str) -> float:
    """Return the cosine of a centred matrix with the truth's at the start."""
    signal = float(run[f"alpha_{matrix}"].values[0, 0]) * float(run.attrs[K]) ** 0.5
    length = (signal**2 + float(run[f"delta_{matrix}"].values[0, 0]) ** 2) ** 0.5
    return signal / length if length else float("nan")


def recovered(start: float | None, runs: dict[int, xr.Dataset]) -> Recovery:
    """Return how many runs recover the truth at each batch size."""
    counts, replicas = [], 0
    for run in runs.values():
        replicas = int(run.sizes["replica"])
        count = 0
        if run.sizes.get("normalization", 0):
            # Diverged runs have no normalised end; their NaN does not count as recovered.
            ends = (run[f"normalized_sim_{matrix}"].values[:, -1] for matrix in "AV")
            count = int((np.minimum(*ends) >= RECOVERED).sum())
        counts.append(count)
    return Recovery(start, tuple(runs), tuple(counts), replicas)


def right_direction(task: Task, batch: float, rate: float) -> float:
    r"""Return the probability that a run from scratch starts in the direction of the truth.

    It is the normal distribution function of the push of the mean gradient over its noise, both
    along the growing direction; docs/transfer.md derives the formula. ``rate`` is the step size of
    both matrices.
    """
    from scipy.special import ndtr

    even = float(task.mu @ task.mu)
    sigma_squared = (1.0 - even) / (task.N - 1) / task.T
    growth = (task.K_P * task.K_Q) ** 0.5
    return float(ndtr((2 * batch * task.K_P / (rate * growth * sigma_squared)) ** 0.5 / task.T))
