"""The observables, in the order in which kernels write them.

`docs/model.md`, section 2, defines them; section 7 has the forms in which
:mod:`scbsim.kernels.gaussian.observe` computes them.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import NamedTuple


class Observable(NamedTuple):
    """A number that is recorded at each recorded step of a run."""

    name: str
    """In files, datasets and code."""

    symbol: str
    """In matplotlib's mathtext."""

    long_name: str


OBSERVABLES: tuple[Observable, ...] = (
    Observable("alpha_A", r"\alpha_A", "signal of the attention matrix"),
    Observable("alpha_V", r"\alpha_V", "signal of the value matrix"),
    Observable("delta_A", r"\|\Delta_A\|_\mu", "noise part of the attention matrix, mu norm"),
    Observable("delta_V", r"\|\Delta_V\|_\mu", "noise part of the value matrix, mu norm"),
    Observable("dist_A", r"\|A-Q\|_\mu", "distance of A from the truth, mu norm"),
    Observable("dist_V", r"\|V-P\|_\mu", "distance of V from the truth, mu norm"),
    Observable("sim_A", r"\cos(A,Q)", "similarity of A with the truth, mu cosine"),
    Observable("sim_V", r"\cos(V,P)", "similarity of V with the truth, mu cosine"),
    Observable("loss", r"L", "population loss"),
)

BATCH_LOSS = Observable("batch_loss", r"L_B", "mean loss of the step's batch, before the step")
"""The tenth observable of runs on samples from elsewhere, whose population is not known."""

LONG_NAMES: dict[str, str] = {o.name: o.long_name for o in OBSERVABLES}
NAMES: tuple[str, ...] = tuple(LONG_NAMES)


def names_of_row(row: Sized) -> tuple[str, ...]:
    """Return the names of the observables in a row, which has 9 or 10."""
    return (*NAMES, BATCH_LOSS.name)[: len(row)]


STATUS: dict[int, str] = {0: "running", 1: "complete", 2: "stopped", 3: "failed", 4: "diverged"}
"""The status of a run: its code in files, its name in datasets."""

STATUS_CODE: dict[str, int] = {name: code for code, name in STATUS.items()}
FINISHED = (STATUS_CODE["complete"], STATUS_CODE["diverged"])


_TAKEN = frozenset(
    (
        *("step", "stage", "replica", "normalization", "stage_index", "stage_end", "stage_reason"),
        *("replica_status", "status", "row", "rows", "file", "run_uuid", "lacks_steps_before"),
        *("seed", "zip", "n_committed", BATCH_LOSS.name, *NAMES),
    )
)
_TAKEN_BEGINNINGS = ("normalized_", "step_", "row_", "task_")


def fault_of_name(name: str) -> str:
    """Return why an observable of one's own cannot have a name; empty if it can."""
    if not name.isidentifier():
        return f"{name!r} is not a name; it takes letters, digits and _, such as top1"
    if name in NAMES:
        return f"{name} is an observable that every run has; take another name"
    if name in _TAKEN or name.startswith(_TAKEN_BEGINNINGS) or "_axis" in name:
        return f"{name} is a name that files need for something else; take another one"
    return ""


def in_words(counts: dict[str, int]) -> str:
    """Return the counts of each status as text: ``60 complete, 4 diverged``."""
    return ", ".join(f"{count} {status}" for status, count in counts.items())
