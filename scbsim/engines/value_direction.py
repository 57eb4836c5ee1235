"""The direction of the rest of V, drawn when it is asked for: `docs/exactness.md`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scbsim.engines.constants import NO_SIGNAL
from scbsim.kernels.gaussian.directions import draw_rows, make_buffers
from scbsim.state import State
from scbsim.task import Task

Array = NDArray[np.float64]

_NOTHING = 1e-12  # of the squared normals: what is left in no dimension at all, by rounding


def turned(
    before: Array, since: Array, task: Task, address: tuple[int, int, int]
) -> NDArray[np.float64]:
    """Draw a direction at an address of the random stream.

    Parameters
    ----------
    before : (N, N) or (0, 0) float64
        The direction that was drawn last, if there is one.
    since : (1,) or (0,) float64
        The cosine of the rest's direction with it.
    task : Task
        With its P: the direction is at right angles to the target of V.
    address : (step, seed, replica)

    Returns
    -------
    (N, N) float64, of norm 1, or 0 if the rest has no dimension
    """
    step, seed, replica = (np.uint64(word) for word in address)
    z = np.empty((task.N, task.N))
    draw_rows((step, seed, replica), z, make_buffers())
    drawn = float(np.square(z).sum())
    root, target = np.sqrt(task.mu), task.P_tilde
    z -= z.mean(axis=0)
    z -= (z * root).sum(axis=1)[:, None] * root
    if task.K_P > NO_SIGNAL:
        z -= float((z * target).sum()) / task.K_P * target
    cosine = 0.0
    if before.size:
        cosine = float(since[0])
        z -= float((z * before).sum()) * before
    square = float(np.square(z).sum())
    sine = np.sqrt(max(1.0 - cosine * cosine, 0.0))
    new = sine / np.sqrt(square) * z if square > _NOTHING * drawn else 0.0 * z
    return np.asarray(cosine * before + new if before.size else new)


def direction_of(W: Array, scalars: Array, task: Task) -> Array:
    """Return the direction of the rest of a W with these scalars, of which the rest is not 0."""
    alpha, rest = scalars
    return np.asarray((W - alpha * task.P_tilde) / np.sqrt(rest))


def drawn_value(state: State, task: Task) -> Array | None:
    """Return the W of a state whose scalars and direction are known; None if they are not."""
    alpha, rest = state["scalars"]
    if task.P is None:
        return None
    if not rest > 0.0:
        return np.asarray(alpha * task.P_tilde)
    since, direction = state.get("since_V", np.empty(0)), state.get("direction_V")
    if direction is None or not direction.size or not (since == 1.0).all():
        return None
    return np.asarray(alpha * task.P_tilde + np.sqrt(rest) * direction)
