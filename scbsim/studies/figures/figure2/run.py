r"""Figure 2: softmax against linear attention, learning one task from the same samples.

The claim of the paper's caption: at T = 50, N = 10, Q = 2 the attention patterns and the value
matrices of the two are very similar, and they converge to about the same loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from scbsim.studies.figures.captions import caption_of
from scbsim.studies.figures.figure2.plot import Learned, Matrices, Truth
from scbsim.studies.figures.members import medians
from scbsim.studies.recipe import Obtained, Recipe
from scbsim.trajectory.views import spec_of

if TYPE_CHECKING:
    from scbsim.plotting.picture import Picture

ATTENTIONS: Final = ("softmax", "linear")
OWN: Final = {
    "dynamics.engine": "it compares softmax with linear attention",
    "stage.0.rate_A": "softmax steps other parameters than linear attention, at another rate",
    "output.final_state": "it is drawn from the last states",
}
"""Keys that ``--set`` may not set, and why."""
AVERAGED: Final = 100
"""The loss is averaged over this many last steps, since batch noise never lets it settle."""


@dataclass(frozen=True)
class Figure2Outcome:
    """Results of one run.

    Attributes
    ----------
    attention : str
        ``softmax`` or ``linear``.
    loss : float
        Population loss, averaged over the last `AVERAGED` steps.
    sim_A, sim_V : float
        Similarities with the truth, in the mu metric, at the last step.
    corr_A, corr_V : float
        Pearson correlation of all entries with those of the other run.
    """

    attention: str
    loss: float
    sim_A: float
    sim_V: float
    corr_A: float
    corr_V: float


def _draw(found: Obtained[str]) -> tuple[Picture, tuple[Figure2Outcome, ...]]:
    from scbsim.studies.figures.figure2.plot import draw

    learned = {
        name: Learned(runs[0], matrices(found.files[name]), runs[1:])
        for name, runs in found.members.items()
    }
    figure = draw(learned, truth(found.files["linear"]), found.note, found.width)
    figure.caption = caption_of(2, found.members, found.note)
    # Of several replicas the heat maps are of the first, and numbers are medians.
    each = [
        outcomes({name: Learned(found.members[name][r], matrices(path)) for name, path in files})
        for r, files in enumerate(found.files_by_replica)
    ]
    return figure, tuple(medians(of_run) for of_run in zip(*each, strict=True))


def matrices(path: Path) -> Matrices:
    """Return A, (T, N), and V, (N, N), of the last state in a file."""
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
    """Return the true matrices of the task in a file, and their loss (docs/model.md, section 2)."""
    from scbsim.storage.runfile.reader import last_state

    task, _ = last_state(str(path))
    A = np.zeros((task.T, task.N))
    np.put_along_axis(A, task.q_positions.T, task.q_weights.T, axis=0)
    square = task.K_Q + 1 / task.T
    loss = 0.5 * (1.0 - float(task.mu @ task.mu) - square * task.K_P)
    return Truth((A, np.array(task.P)), loss)


def outcomes(learned: Mapping[str, Learned]) -> tuple[Figure2Outcome, ...]:
    """Return the results of both runs."""
    pairs = zip(*(each.matrices for each in learned.values()), strict=True)
    corr_A, corr_V = (float(np.corrcoef(X.ravel(), Y.ravel())[0, 1]) for X, Y in pairs)
    return tuple(
        Figure2Outcome(
            attention=name,
            loss=float(run["loss"].values[-AVERAGED:].mean()),
            sim_A=float(run["sim_A"].values[-1]),
            sim_V=float(run["sim_V"].values[-1]),
            corr_A=corr_A,
            corr_V=corr_V,
        )
        for name, (run, *_) in learned.items()
    )


RECIPE: Final = Recipe(
    number=2,
    names={name: name for name in ATTENTIONS},
    own=OWN,
    draw=_draw,
    presets="figure2",
    engines=("batch", "softmax"),
)
specs, run, reduced = RECIPE.specs, RECIPE.run, RECIPE.reduced
