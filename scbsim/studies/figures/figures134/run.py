r"""Figures 1, 3 and 4: SGD and the l1 method on real batches, from the end of the first stage on.

Claims of the paper's captions. Figure 1: the normalised l1 solution recovers the truth, while SGD
suffers from the variance of the gradient at a large rate and is slow at a small one. Figure 3: the
noise part of A grows under SGD until it dominates the signal, and stays small under l1. Figure 4:
l1 is more similar to the truth than SGD, with and without normalisation, which improves it further.

All three are drawn from the same runs, whose first stages agree bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scbsim.errors import OutputError
from scbsim.plotting.bands import is_normalized
from scbsim.studies.figures.captions import caption_of
from scbsim.studies.figures.members import medians
from scbsim.studies.recipe import Obtained, Recipe, StudyOutput
from scbsim.trajectory.views import spec_of

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.plotting.picture import Picture
    from scbsim.spec import RunSpec

RUNS: Final = {
    1: ("sgd-large", "sgd-small", "l1"),
    3: ("sgd-large", "l1"),
    4: ("sgd-large", "l1"),
}
"""The runs of each figure. Their files are ``NAME.h5``."""

_NAMES: Final = {
    "sgd-large": "SGD at the larger rate",
    "sgd-small": "SGD at the smaller rate",
    "l1": "l1",
}
"""The runs in captions."""

_SECOND: Final = "it compares SGD at two rates with the l1 method after the first stage"
OWN: Final = {
    "dynamics.engine": "it learns on real batches",
    "stage.0.rule": "the first stage is SGD",
    **{f"stage.1.{key}": _SECOND for key in ("rule", "rate_A", "rate_V", "threshold")},
    "stage.2": "it has two stages",
}
"""Keys that ``--set`` may not set, and why."""


@dataclass(frozen=True)
class CurvesOutcome:
    """Results of one run, at its last step.

    Attributes
    ----------
    run : str
        Its name, one of `RUNS`.
    rate : float
        Rate of the second stage.
    stage_1 : int
        The step at which the first stage ended.
    reason : str
        Why it ended: ``signal`` or ``steps``.
    signal_A, signal_V : float
        Norms of the signal parts, ``alpha_A sqrt(K_Q)`` and ``alpha_V sqrt(K_P)``.
    delta_A, delta_V : float
        mu norms of the noise parts.
    dist_A, dist_V, sim_A, sim_V : float
        Distances from the truth and similarities with it.
    normalized_dist_A, normalized_dist_V, normalized_sim_A, normalized_sim_V : float
        The same for the normalised matrices; NaN if the run diverged.
    """

    run: str
    rate: float | str
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


_LAST: Final = [
    field.name
    for field in fields(CurvesOutcome)
    if field.name.startswith(("delta_", "dist_", "sim_", "normalized_"))
]
"""Fields that are the last value of the variable of the same name."""


def specs(number: int, **options: Any) -> dict[str, RunSpec]:
    """Return the specs of figure 1, 3 or 4; options as in :meth:`Recipe.specs`."""
    return RECIPES[number].specs(**options)


def run(number: int, folder: Path | str, **options: Any) -> StudyOutput[CurvesOutcome]:
    """Make figure 1, 3 or 4; options as in :meth:`Recipe.run`. In one folder they share runs."""
    return RECIPES[number].run(folder, **options)


def _draw(number: int, found: Obtained[str]) -> tuple[Picture, tuple[CurvesOutcome, ...]]:
    from scbsim.studies.figures.figures134.plot import DRAW

    for r, files in enumerate(found.files_by_replica):
        for name, path in files:
            run = found.members[name][r]
            if run["stage_reason"].values[0] == "diverged":
                raise OutputError(
                    f"{path} diverged at step {int(run['step'].values[-1])}, in its first stage, "
                    "but the figure shows what follows that stage: smaller rates or larger batches "
                    "may help"
                )
    outcomes = tuple(
        medians([outcome(name, run) for run in each]) for name, each in found.members.items()
    )
    figure = DRAW[number](found.members, found.note, found.width)
    named = {_NAMES[name]: each for name, each in found.members.items()}
    figure.caption = caption_of(number, named, found.note)
    return figure, outcomes


def outcome(name: str, run: xr.Dataset) -> CurvesOutcome:
    """Return the results of a run."""
    normalized = is_normalized(run)
    last = {
        key: float(run[key].values[-1])
        if normalized or not key.startswith("normalized_")
        else float("nan")
        for key in _LAST
    }
    return CurvesOutcome(
        run=name,
        rate=spec_of(run).stage[-1].rate_A,
        stage_1=int(run["stage_end"].values[0]),
        reason=str(run["stage_reason"].values[0]),
        signal_A=float(run["alpha_A"].values[-1] * run.attrs["K_Q"] ** 0.5),
        signal_V=float(run["alpha_V"].values[-1] * run.attrs["K_P"] ** 0.5),
        **last,
    )


RECIPES: Final = {
    number: Recipe(
        number=number,
        names={name: name for name in names},
        own=OWN,
        draw=partial(_draw, number),
        presets="figure1",
        engines=("batch",),
        steps_of=" of stage 2",
    )
    for number, names in RUNS.items()
}
