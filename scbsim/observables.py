"""The observables: names, units and meaning, in the order in which kernels write them.

One value of each per recorded step. `docs/model.md`, section 2, defines them; section 7 has the
forms in which :mod:`scbsim.kernels.gaussian.observe` computes them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Observable:
    """A number that is recorded along a run.

    Attributes
    ----------
    name : str
        Its name in files, datasets and code.
    symbol : str
        Its symbol, as matplotlib's mathtext.
    long_name : str
        What it is, in words.
    """

    name: str
    symbol: str
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

NAMES: tuple[str, ...] = tuple(o.name for o in OBSERVABLES)

STATUS: dict[int, str] = {0: "running", 1: "complete", 2: "stopped", 3: "failed", 4: "diverged"}
"""What `/trajectory/status` and the attribute `status` of a dataset say of a run."""

STATUS_CODE: dict[str, int] = {name: code for code, name in STATUS.items()}
FINISHED = (STATUS_CODE["complete"], STATUS_CODE["diverged"])


def in_words(counts: dict[str, int]) -> str:
    """Say how many replicas there are of each status: ``60 complete, 4 diverged``."""
    return ", ".join(f"{count} {status}" for status, count in counts.items())
