r"""Figure 5: the dynamics at large N and T, with Gaussian noise in place of batch noise.

The claim of the paper's caption: at T = 100000 and N = 100 and 500, the l1 method recovers the
truth and stays close to the population process, while the noise part of SGD, at the same batch
size, grows until it dominates the signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scbsim.studies.figures.captions import caption_of
from scbsim.studies.figures.figure5.plot import Runs
from scbsim.studies.figures.members import medians
from scbsim.studies.figures.population import population
from scbsim.studies.recipe import Obtained, Recipe

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.plotting.picture import Picture

SIZES: Final = (100, 500)
RULES: Final = ("l1", "sgd")
_NAMES: Final = {"l1": "l1", "sgd": "SGD"}
OWN: Final = {
    "task.N": "it compares N = 100 with N = 500",
    **dict.fromkeys(("dynamics.rule", "stage.0.rule"), "it compares SGD with the l1 method"),
}
"""Keys that ``--set`` may not set, and why."""

NOISES: Final = {
    "isotropic": ["noise.model=isotropic"],
    "matched": ["noise.model=matched", "noise.covariances=true"],
}
"""Models of noise: the paper's, and that of the task."""


@dataclass(frozen=True)
class Figure5Outcome:
    """Results of one run.

    Attributes
    ----------
    N : int
        Vocabulary size.
    rule : str
        ``"l1"`` or ``"sgd"``.
    signal_A, signal_V : float
        Norms of the signal parts, ``alpha_A sqrt(K_Q)`` and ``alpha_V sqrt(K_P)``.
    delta_A, delta_V : float
        mu norms of the noise parts.
    dist_A, dist_V : float
        Distances of the normalised solution from the truth, as fractions of ``sqrt(K_Q)`` and
        ``sqrt(K_P)``. NaN if it was not normalised.
    """

    N: int
    rule: str
    signal_A: float
    delta_A: float
    signal_V: float
    delta_V: float
    dist_A: float
    dist_V: float


def _draw(found: Obtained[tuple[int, str]]) -> tuple[Picture, tuple[Figure5Outcome, ...]]:
    from scbsim.run.simulate import simulate
    from scbsim.studies.figures.figure5.plot import draw

    runs, specs = found.members, found.specs
    columns = [
        Runs(
            l1=runs[N, "l1"],
            sgd=runs[N, "sgd"],
            population=simulate(population(specs[N, "l1"]), threads=found.threads),
        )
        for N in sorted({N for N, _ in specs})
    ]
    outcomes = tuple(
        medians([outcome(rule, run) for run in each]) for (_, rule), each in runs.items()
    )
    figure = draw(columns, found.note, found.width)
    named = {f"N = {N}, {_NAMES[rule]}": each for (N, rule), each in runs.items()}
    figure.caption = caption_of(5, named, found.note)
    return figure, outcomes


def outcome(rule: str, run: xr.Dataset) -> Figure5Outcome:
    """Return the results of a run."""
    root_A, root_V = (float(run.attrs[name]) ** 0.5 for name in ("K_Q", "K_P"))

    def last(name: str) -> float:
        return float(run[name].values[-1]) if run[name].size else float("nan")

    return Figure5Outcome(
        N=int(run.attrs["N"]),
        rule=rule,
        signal_A=last("alpha_A") * root_A,
        delta_A=last("delta_A"),
        signal_V=last("alpha_V") * root_V,
        delta_V=last("delta_V"),
        dist_A=last("normalized_dist_A") / root_A,
        dist_V=last("normalized_dist_V") / root_V,
    )


RECIPE: Final = Recipe(
    number=5,
    names={(N, rule): f"n{N}-{rule}" for N in SIZES for rule in RULES},
    own=OWN,
    draw=_draw,
    presets="figure5",
    noises=NOISES,
    quick=[(SIZES[0], rule) for rule in RULES],
    fewer=f"N = {SIZES[0]} only",
)
specs, run, reduced = RECIPE.specs, RECIPE.run, RECIPE.reduced
