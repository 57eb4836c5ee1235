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

from scbsim.plotting.places import pictures_in
from scbsim.studies.figures.figure5.plot import Runs
from scbsim.studies.recipe import (
    Made,
    begun_in_full,
    first_part,
    made,
    obtained,
    population,
    preset_run,
    refuse_keys,
    saved,
    shortened,
)
from scbsim.studies.run_files import Stop, Tell
from scbsim.util.paths import resolved

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.spec import RunSpec

SIZES: Final = (100, 500)
RULES: Final = ("l1", "sgd")
OWN: Final = {
    "task.N": "it compares N = 100 with N = 500",
    **dict.fromkeys(("dynamics.rule", "stage.0.rule"), "it compares SGD with the l1 method"),
}
"""Keys that ``--set`` may not set."""


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
        N = 100 alone, and the first half of the steps; T stays.
    engine, seed : str and int, optional
        In place of the presets'.
    overrides : sequence of str
        ``key=value`` as after ``--set``, for every run.

    Raises
    ------
    InputError
        If an override is of a key that the figure sets itself.
    SpecError
        If what was asked for does not hold.
    """
    refuse_keys(overrides, OWN)
    words = []
    if engine is not None:
        words.append(f"dynamics.engine={engine}")
    if seed is not None:
        words.append(f"seed={seed}")
    full = {
        (N, rule): preset_run(f"figure5-n{N}-{rule}", [*words, *overrides], 5)
        for N in SIZES
        for rule in RULES
    }
    return {k: first_part(spec) for k, spec in full.items() if k[0] == SIZES[0]} if quick else full


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
    full = specs(engine=engine, seed=seed, overrides=overrides)
    wanted = specs(quick=quick, engine=engine, seed=seed, overrides=overrides)

    from scbsim.run.simulate import simulate
    from scbsim.studies.figures.figure5.plot import draw

    folder = made(resolved(folder))
    pictures = pictures_in(folder, "figure5")
    tell = tell or (lambda _: None)
    files = {key: folder / f"n{key[0]}-{key[1]}.h5" for key in full}
    if quick and not overwrite:
        wanted = begun_in_full(wanted, full, files, tell)
    how = {"overwrite": overwrite, "threads": threads, "progress": progress, "stop": stop}
    found = obtained(wanted, files, tell=tell, **how)
    columns = [
        Runs(
            l1=found[N, "l1"],
            sgd=found[N, "sgd"],
            population=simulate(population(wanted[N, "l1"]), threads=threads),
        )
        for N in sorted({N for N, _ in wanted})
    ]
    figure = draw(columns, note=reduced(wanted, full))
    outcomes = tuple(outcome(key[1], run) for key, run in found.items())
    return Made(saved(figure, pictures), tuple(files[key] for key in wanted), outcomes)


def reduced(wanted: dict[tuple[int, str], RunSpec], full: dict[tuple[int, str], RunSpec]) -> str:
    """Say what of the full figure was left out."""
    few = "" if wanted.keys() == full.keys() else f"N = {SIZES[0]} only"
    left_out = ", ".join(filter(None, (few, shortened(wanted, full))))
    return f"quick: {left_out}" if left_out else ""


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
