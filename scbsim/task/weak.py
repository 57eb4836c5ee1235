"""The warning that the transitions of a task are too weak for the theory."""

from __future__ import annotations

import warnings

from scbsim.errors import TaskWarning
from scbsim.task.sparse_bigram import SparseBigram


def warn_if_weak(task: SparseBigram, remedy: str) -> None:
    """Warn at the caller of a classmethod if ``||P||_mu^2 < 2 |mu|^2`` (section 1)."""
    mu_squared = float((task.mu**2).sum())
    # Slack for rounding: permutations of uniform tokens reach the bound at N = 2.
    if task.K_P - mu_squared >= -1e-12:
        return
    if mu_squared > 0.5 - 1e-12:
        remedy = "with this mu no P can reach that: take a more even mu or a larger N"
    warnings.warn(
        f"||P||_mu^2 is {task.K_P + mu_squared:.4g}, below 2 ||mu||^2 = {2 * mu_squared:.4g}: "
        "the transitions say little beyond the token frequencies, and the theory promises "
        f"nothing; {remedy}",
        TaskWarning,
        stacklevel=3,
    )
