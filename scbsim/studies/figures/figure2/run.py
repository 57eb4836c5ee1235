r"""Figure 2: softmax against linear attention, learning one task from the same samples.

The claim of the paper's caption: at T = 50, N = 10, Q = 2 the attention patterns and the value
matrices of the two are very similar, and they converge to about the same loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from scbsim.plotting.places import pictures_in
from scbsim.studies.figures.figure2.plot import Learned, Matrices, Truth
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
    from scbsim.spec import RunSpec

ATTENTIONS: Final = ("softmax", "linear")
OWN: Final = {
    "dynamics.engine": "it compares softmax with linear attention",
    "stage.0.rate_A": "what is stepped is another thing under softmax, and so is the rate",
    "output.final_state": "it is drawn from the last states",
}
"""Keys that ``--set`` may not set."""
AVERAGED: Final = 100
"""Last steps over which the loss is averaged: batches go on moving the state."""


@dataclass(frozen=True)
class Outcome:
    """What one run came to.

    Attributes
    ----------
    attention : str
        ``softmax`` or ``linear``.
    loss : float
        Population loss, averaged over the last `AVERAGED` steps.
    sim_A, sim_V : float
        Similarities with the truth, in the mu metric, at the last step.
    corr_A, corr_V : float
        Pearson's correlation of all entries with those of the other run.
    """

    attention: str
    loss: float
    sim_A: float
    sim_V: float
    corr_A: float
    corr_V: float


def specs(
    *, quick: bool = False, seed: int | None = None, overrides: Sequence[str] = ()
) -> dict[str, RunSpec]:
    """Return the spec of each run, by its attention; they differ in engine and rate of A.

    Parameters
    ----------
    quick : bool
        The first half of the steps; the sizes stay.
    seed : int, optional
        In place of the presets'.
    overrides : sequence of str
        ``key=value`` as after ``--set``, for both.

    Raises
    ------
    InputError
        If an override is of a key that the figure sets itself.
    SpecError
        If what was asked for does not hold.
    """
    refuse_keys(overrides, OWN)
    words = [*([] if seed is None else [f"seed={seed}"]), *overrides]
    full = {name: preset_run(f"figure2-{name}", words, 2) for name in ATTENTIONS}
    return {name: first_part(spec) for name, spec in full.items()} if quick else full


def run(
    folder: Path | str = "figure2",
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
    """Make figure 2 in ``folder``: the runs that are not there yet, then the pictures.

    Parameters
    ----------
    folder : path
        For ``softmax.h5``, ``linear.h5``, ``figure2.png`` and ``figure2.pdf``; made if needed.
    engine : str, optional
        None: the figure compares two.
    quick, seed, overrides
        As in :func:`specs`.
    overwrite, threads, progress, tell, stop
        As in :func:`scbsim.studies.figures.figure5.run.run`.

    Raises
    ------
    InputError
        If an engine is asked for.
    SpecError
        If what was asked for does not hold.
    OutputError
        If a file in the folder holds another run.
    Stopped
        If a signal stopped one of the runs.
    """
    refuse_engine(engine, 2, ("batch", "softmax"))
    full = specs(seed=seed, overrides=overrides)
    wanted = specs(quick=quick, seed=seed, overrides=overrides)

    from scbsim.studies.figures.figure2.plot import draw

    folder = made(resolved(folder))
    pictures = pictures_in(folder, "figure2")
    tell = tell or (lambda _: None)
    files = {name: folder / f"{name}.h5" for name in wanted}
    if quick and not overwrite:
        wanted = begun_in_full(wanted, full, files, tell)
    how = {"overwrite": overwrite, "threads": threads, "progress": progress, "stop": stop}
    found = obtained(wanted, files, tell=tell, **how)
    learned = {name: Learned(each, matrices(files[name])) for name, each in found.items()}
    figure = draw(learned, truth(files["linear"]), reduced(wanted, full))
    return Made(saved(figure, pictures), tuple(files.values()), outcomes(learned))


def reduced(wanted: dict[str, RunSpec], full: dict[str, RunSpec]) -> str:
    """Say what of the full figure was left out."""
    steps = shortened(wanted, full)
    return f"quick: {steps}" if steps else ""


def matrices(path: Path) -> Matrices:
    """Return both matrices of the last state in a file, in full."""
    from scbsim.engines.batch import BatchEngine
    from scbsim.engines.select import build, plan_of
    from scbsim.storage.runfile.loading import load
    from scbsim.storage.runfile.reader import last_state

    task, state = last_state(str(path))
    spec = spec_of(load(path))
    engine = build(plan_of(spec, task), 1)
    assert isinstance(engine, BatchEngine)
    engine.restore(spec.total_steps, state)
    return engine.matrices()


def truth(path: Path) -> Truth:
    """Return the matrices of the task in a file, and their loss (`docs/model.md`, section 2)."""
    from scbsim.storage.runfile.reader import last_state

    task, _ = last_state(str(path))
    A = np.zeros((task.T, task.N))
    np.put_along_axis(A, task.q_positions.T, task.q_weights.T, axis=0)
    square = task.K_Q + 1 / task.T
    loss = 0.5 * (1.0 - float(task.mu @ task.mu) - square * task.K_P)
    return Truth((A, np.array(task.P)), loss)


def outcomes(learned: dict[str, Learned]) -> tuple[Outcome, ...]:
    """Return what the runs came to, and how alike they are."""
    pairs = zip(*(each.matrices for each in learned.values()), strict=True)
    corr_A, corr_V = (float(np.corrcoef(X.ravel(), Y.ravel())[0, 1]) for X, Y in pairs)
    return tuple(
        Outcome(
            attention=name,
            loss=float(each.run["loss"].values[-AVERAGED:].mean()),
            sim_A=float(each.run["sim_A"].values[-1]),
            sim_V=float(each.run["sim_V"].values[-1]),
            corr_A=corr_A,
            corr_V=corr_V,
        )
        for name, each in learned.items()
    )
