r"""Figures 1, 3 and 4: SGD and the l1 method on real batches, from the end of the first stage on.

Claims of the paper's captions. Figure 1: the normalised l1 solution recovers the truth, while SGD
suffers from the variance of the gradient at a large rate and is slow at a small one. Figure 3: the
noise part of A grows under SGD until it dominates the signal, and stays small under l1. Figure 4:
l1 is more similar to the truth than SGD, with and without normalisation, which improves it further.

All three are drawn from the same runs, whose first stages are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scbsim.errors import OutputError
from scbsim.plotting.bands import is_normalized
from scbsim.plotting.places import pictures_in
from scbsim.studies.recipe import (
    Made,
    begun_in_full,
    first_part,
    made,
    obtained,
    preset_run,
    refuse_engine,
    refuse_keys,
    saved,
    shortened,
)
from scbsim.studies.run_files import Stop, Tell
from scbsim.trajectory.views import spec_of
from scbsim.util.paths import resolved

if TYPE_CHECKING:
    import xarray as xr

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
class Outcome:
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


def specs(
    number: int, *, quick: bool = False, seed: int | None = None, overrides: Sequence[str] = ()
) -> dict[str, RunSpec]:
    """Return the specs of a figure's runs, by name.

    Parameters
    ----------
    number : int
        The figure: 1, 3 or 4.
    quick : bool
        The first half of the steps of the second stage.
    seed : int, optional
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
    words = [*([] if seed is None else [f"seed={seed}"]), *overrides]
    full = {name: preset_run(f"figure1-{name}", words, number) for name in RUNS[number]}
    return {name: first_part(spec) for name, spec in full.items()} if quick else full


def run(
    number: int,
    folder: Path | str,
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
    """Make a figure in ``folder``: the runs that are not there yet, then the pictures.

    Parameters
    ----------
    number : int
        1, 3 or 4. In one folder they share their runs.
    folder : path
        For ``l1.h5`` and so on, ``figure1.png`` and ``figure1.pdf``; made if needed.
    engine : str, optional
        Nothing but "batch".
    quick, seed, overrides
        As in :func:`specs`.
    overwrite, threads, progress, tell, stop
        As in :func:`scbsim.studies.figures.figure5.run.run`.

    Raises
    ------
    InputError
        If another engine is asked for.
    SpecError
        If what was asked for does not hold.
    OutputError
        If a file in the folder holds another run.
    Stopped
        If a signal stopped one of the runs.
    """
    refuse_engine(engine, number, ("batch",))
    full = specs(number, seed=seed, overrides=overrides)
    wanted = specs(number, quick=quick, seed=seed, overrides=overrides)

    from scbsim.studies.figures.figures134.plot import DRAW

    folder = made(resolved(folder))
    pictures = pictures_in(folder, f"figure{number}")
    tell = tell or (lambda _: None)
    files = {name: folder / f"{name}.h5" for name in wanted}
    if quick and not overwrite:
        wanted = begun_in_full(wanted, full, files, tell)
    how = {"overwrite": overwrite, "threads": threads, "progress": progress, "stop": stop}
    found = obtained(wanted, files, tell=tell, **how)
    for name, each in found.items():
        _require_second_stage(files[name], each)
    steps = shortened(wanted, full)
    figure = DRAW[number](found, f"quick: {steps} of stage 2" if steps else "")
    outcomes = tuple(outcome(name, each) for name, each in found.items())
    return Made(saved(figure, pictures), tuple(files.values()), outcomes)


def _require_second_stage(path: Path, run: xr.Dataset) -> None:
    """Refuse a run that diverged before its second stage, which the figures are of."""
    if run["stage_reason"].values[0] == "diverged":
        raise OutputError(
            f"{path} diverged at step {int(run['step'].values[-1])}, in its first stage, and the "
            "figure is of what comes after that: smaller rates or larger batches may help"
        )


def outcome(name: str, run: xr.Dataset) -> Outcome:
    """Return where a run ended."""
    last = {
        str(key): float(run[key].values[-1])
        for key in run.data_vars
        if key in _NUMBERS and (is_normalized(run) or not str(key).startswith("normalized_"))
    }
    last = dict.fromkeys(_NUMBERS, float("nan")) | last
    return Outcome(
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
