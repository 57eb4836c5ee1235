r"""Figure 5: the dynamics at large N and T, with Gaussian noise in place of that of a batch.

The claim of the paper's caption: at T = 100000 and N = 100 and 500, the l1 method recovers the
truth and stays close to the population process, while the noise part of SGD, at the same batch
size, grows until it dominates the signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scbsim.figures.files import Stop, Tell
from scbsim.figures.making import Made, made, obtained, population, preset_run, saved
from scbsim.files.paths import resolved

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.spec import RunSpec

SIZES: Final = (100, 500)
RULES: Final = ("l1", "sgd")
QUICK_STEPS: Final = 1000


@dataclass(frozen=True)
class Runs:
    """What one column of the figure is drawn from, all on one task."""

    l1: xr.Dataset
    sgd: xr.Dataset
    population: xr.Dataset


@dataclass(frozen=True)
class Outcome:
    """What one run came to.

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
        ``sqrt(K_P)``.
    """

    N: int
    rule: str
    signal_A: float
    delta_A: float
    signal_V: float
    delta_V: float
    dist_A: float
    dist_V: float


def specs(
    *,
    quick: bool = False,
    engine: str | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
) -> dict[tuple[int, str], RunSpec]:
    """Return the spec of each run, by N and rule.

    Parameters
    ----------
    quick : bool
        N = 100 alone, for ``QUICK_STEPS`` steps; T stays.
    engine, seed : str and int, optional
        In place of the presets'.
    overrides : sequence of str
        ``key=value`` as after ``--set``, for every run.

    Raises
    ------
    SpecError
        If what was asked for does not hold.
    """
    words = [f"stage.0.steps={QUICK_STEPS}"] if quick else []
    if engine is not None:
        words.append(f"dynamics.engine={engine}")
    if seed is not None:
        words.append(f"seed={seed}")
    return {
        (N, rule): preset_run(f"figure5-n{N}-{rule}", [*words, *overrides], 5)
        for N in (SIZES[:1] if quick else SIZES)
        for rule in RULES
    }


def run(
    folder: Path | str = "figure5",
    *,
    quick: bool = False,
    engine: str | None = None,
    seed: int | None = None,
    overwrite: bool = False,
    threads: int | None = None,
    progress: bool = False,
    overrides: Sequence[str] = (),
    tell: Tell | None = None,
    stop: Stop | None = None,
) -> Made[Outcome]:
    """Make figure 5 in ``folder``: the runs that are not there yet, then the pictures.

    Parameters
    ----------
    folder : Path
        For ``n100-l1.h5`` and so on, ``figure5.png`` and ``figure5.pdf``; made if needed.
    quick, engine, seed, overrides
        As in :func:`specs`.
    overwrite : bool
        Run again what is already in the folder.
    threads : int, optional
        Threads to compute with.
    progress : bool
        Say on stderr how far each run is.
    tell : callable, optional
        Is given a line for each file that is kept or started again.
    stop : callable, optional
        Asked between blocks of steps; the run in hand ends early when it says True.

    Raises
    ------
    SpecError
        If what was asked for does not hold.
    OutputError
        If a file in the folder holds another run.
    Stopped
        If a signal stopped one of the runs.
    """
    # First what can be wrong, then what takes seconds to import.
    wanted = specs(quick=quick, engine=engine, seed=seed, overrides=overrides)

    from scbsim.figures.figure5_plot import draw
    from scbsim.simulation import simulate

    folder = made(resolved(folder))
    files = {key: folder / f"n{key[0]}-{key[1]}.h5" for key in wanted}
    found = obtained(
        wanted,
        files,
        overwrite=overwrite,
        threads=threads,
        progress=progress,
        tell=tell or (lambda _: None),
        stop=stop,
    )
    columns = [
        Runs(
            l1=found[N, "l1"],
            sgd=found[N, "sgd"],
            population=simulate(population(wanted[N, "l1"]), threads=threads),
        )
        for N in sorted({N for N, _ in wanted})
    ]
    figure = draw(columns, note=reduced(wanted) if quick else "")
    outcomes = tuple(outcome(key[1], run) for key, run in found.items())
    return Made(saved(figure, folder, "figure5"), tuple(files.values()), outcomes)


def reduced(wanted: dict[tuple[int, str], RunSpec]) -> str:
    """Say what of the full figure was left out."""
    sizes = ", ".join(str(N) for N in sorted({N for N, _ in wanted}))
    full = specs()
    here, there = (each[SIZES[0], RULES[0]].total_steps for each in (wanted, full))
    return f"quick: N = {sizes} only, {here} of {there} steps"


def outcome(rule: str, run: xr.Dataset) -> Outcome:
    """Return where a run ended."""
    root_A, root_V = (float(run.attrs[name]) ** 0.5 for name in ("K_Q", "K_P"))

    def last(name: str) -> float:
        return float(run[name].values[-1]) if run[name].size else float("nan")

    return Outcome(
        N=int(run.attrs["N"]),
        rule=rule,
        signal_A=last("alpha_A") * root_A,
        delta_A=last("delta_A"),
        signal_V=last("alpha_V") * root_V,
        delta_V=last("delta_V"),
        dist_A=last("normalized_dist_A") / root_A,
        dist_V=last("normalized_dist_V") / root_V,
    )
