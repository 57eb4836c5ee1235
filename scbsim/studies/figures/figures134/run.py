r"""Figures 1, 3 and 4: SGD and the l1 method on real batches, from the end of the first stage on.

Claims of the paper's captions. Figure 1: the normalised l1 solution recovers the truth, while SGD
suffers from the variance of the gradient at a large rate and is slow at a small one. Figure 3: the
noise part of A grows under SGD until it dominates the signal, and stays small under l1. Figure 4:
l1 is more similar to the truth than SGD, with and without normalisation, which improves it further.

All three are drawn from the same runs, whose first stages are the same to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scbsim.errors import OutputError
from scbsim.plotting.bands import is_normalized
from scbsim.studies.recipe import Obtained, Recipe, StudyOutput
from scbsim.trajectory.views import spec_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from scbsim.spec import RunSpec

RUNS: Final = {
    1: ("sgd-large", "sgd-small", "l1"),
    3: ("sgd-large", "l1"),
    4: ("sgd-large", "l1"),
}
"""The runs of each figure; in a folder ``NAME.h5``."""

_SECOND: Final = "it compares SGD at two rates with the l1 method after the first stage"
OWN: Final = {
    "dynamics.engine": "it learns on real batches",
    "stage.0.rule": "the first stage is SGD",
    **{f"stage.1.{key}": _SECOND for key in ("rule", "rate_A", "rate_V", "threshold")},
    "stage.2": "it has two stages",
}
"""Keys that ``--set`` may not set."""


@dataclass(frozen=True)
class CurvesOutcome:
    """What one run came to, at its last step.

    Attributes
    ----------
    run : str
        Its name, of `RUNS`.
    rate : float
        That of the second stage.
    stage_1 : int
        The step at which the first stage ended.
    reason : str
        Why: ``signal`` or ``steps``.
    signal_A, signal_V : float
        Norms of the signal parts, ``alpha_A sqrt(K_Q)`` and ``alpha_V sqrt(K_P)``.
    delta_A, delta_V : float
        mu norms of the noise parts.
    dist_A, dist_V, sim_A, sim_V : float
        Distances from the truth and similarities with it.
    normalized_dist_A, normalized_dist_V, normalized_sim_A, normalized_sim_V : float
        The same of the normalised matrices.
    """

    run: str
    rate: float
    stage_1: int
    reason: str
    signal_A: float
    delta_A: float
    signal_V: float
    delta_V: float
    dist_A: float
    dist_V: float
    sim_A: float
    sim_V: float
    normalized_dist_A: float
    normalized_dist_V: float
    normalized_sim_A: float
    normalized_sim_V: float


def specs(number: int, **options: Any) -> dict[str, RunSpec]:
    """Return the specs of the runs of figure 1, 3 or 4 as :meth:`Recipe.specs` does."""
    return RECIPES[number].specs(**options)


def run(number: int, folder: Path | str, **options: Any) -> StudyOutput[CurvesOutcome]:
    """Make figure 1, 3 or 4 as :meth:`Recipe.run` does; in one folder they share their runs."""
    return RECIPES[number].run(folder, **options)


def _drawn(number: int, found: Obtained[str]) -> tuple[Figure, tuple[CurvesOutcome, ...]]:
    from scbsim.studies.figures.figures134.plot import DRAW

    for name, each in found.runs.items():
        _require_second_stage(found.files[name], each)
    outcomes = tuple(outcome(name, each) for name, each in found.runs.items())
    return DRAW[number](found.runs, found.note), outcomes


def _require_second_stage(path: Path, run: xr.Dataset) -> None:
    """Refuse a run that diverged before its second stage, which the figures are of."""
    if run["stage_reason"].values[0] == "diverged":
        raise OutputError(
            f"{path} diverged at step {int(run['step'].values[-1])}, in its first stage, and the "
            "figure is of what comes after that: smaller rates or larger batches may help"
        )


def outcome(name: str, run: xr.Dataset) -> CurvesOutcome:
    """Return where a run ended."""
    last = {
        str(key): float(run[key].values[-1])
        for key in run.data_vars
        if key in _NUMBERS and (is_normalized(run) or not str(key).startswith("normalized_"))
    }
    last = dict.fromkeys(_NUMBERS, float("nan")) | last
    return CurvesOutcome(
        run=name,
        rate=spec_of(run).stage[-1].rate_A,
        stage_1=int(run["stage_end"].values[0]),
        reason=str(run["stage_reason"].values[0]),
        signal_A=float(run["alpha_A"].values[-1] * run.attrs["K_Q"] ** 0.5),
        signal_V=float(run["alpha_V"].values[-1] * run.attrs["K_P"] ** 0.5),
        **last,
    )


_NUMBERS = {
    "delta_A",
    "delta_V",
    *(
        f"{part}{of}"
        for part in ("", "normalized_")
        for of in ("dist_A", "dist_V", "sim_A", "sim_V")
    ),
}


RECIPES: Final = {
    number: Recipe(
        number=number,
        names={name: name for name in names},
        own=OWN,
        draw=partial(_drawn, number),
        presets="figure1",
        engines=("batch",),
        steps_of=" of stage 2",
    )
    for number, names in RUNS.items()
}
