"""Heat maps of A and V beside the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from scbsim.plotting import layout, style
from scbsim.plotting.caption import caption
from scbsim.plotting.spec_facts import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from scipy.sparse import csc_array

    from scbsim.plotting.picture import Picture
    from scbsim.task import Task

Array = NDArray[np.float64]

NARROW: Final = 7.0
"""Inches. The maps of narrower pictures have the name of their matrix as title."""

MOST_ROWS: Final = 60
MOST_TOKENS: Final = 60
"""Rows and columns of a heat map; of more the first tokens are shown."""


def draw_matrices(
    A: Array | csc_array,
    intercept: Array,
    V: Array | None,
    task: Task,
    head: str,
    width: float | None = None,
) -> Picture:
    """Draw heat maps of A and V, and of their targets Q and P if these are known.

    Of A these rows are shown: the positions in the support of a column, and below a line those with
    the largest entries elsewhere. Each map has its own scale, since signals need not be 1.

    Parameters
    ----------
    A, intercept, V
        As the attributes of :class:`scbsim.contents.matrices.Matrices`.
    task : Task
    head : str
        The first line of the title.
    width : float, optional
        Of the picture, in inches. It then has no title.

    Returns
    -------
    Picture
    """
    tokens = np.arange(min(task.N, MOST_TOKENS))
    rows, on = rows_of_map(A, intercept, task, tokens)
    shown = dense_part(A, rows, tokens) + intercept[tokens]
    target = target_of(task, rows, on, tokens)
    narrow = width is not None and width < NARROW
    with style.styled(width):
        known = task.truth_known
        figure = layout.new_figure((9.0, 7.2 if V is not None and known else 3.9), width)
        places: list[Any] = [["A", "Q"]] + ([["V", "P"]] if V is not None else [])
        axes = figure.subplot_mosaic(places if known else [[row[0] for row in places]])
        title = "A: the support, and below the largest others" if known else "A: its largest rows"
        _heat(figure, axes["A"], shown, "A" if narrow else title)
        if known:
            _heat(figure, axes["Q"], target, "Q" if narrow else "the truth Q, the same rows")
        for name in ("A", "Q") if known else ("A",):
            axes[name].set_xlabel("query token $k$")
            axes[name].axhline(on - 0.5, color="black", linewidth=0.6, linestyle=":")
            ticks = np.unique(np.linspace(0, len(rows) - 1, 9).astype(int))
            axes[name].set_yticks(ticks, [f"${style.integer(rows[i])}$" for i in ticks])
        axes["A"].set_ylabel("position $t$")
        if V is not None:
            here = np.ix_(tokens, tokens)
            _heat(figure, axes["V"], V[here], "V")
            if known:
                assert task.P is not None
                _heat(figure, axes["P"], task.P[here], "P" if narrow else "the truth P")
            for name in ("V", "P") if known else ("V",):
                axes[name].set_xlabel("source token $m$")
            axes["V"].set_ylabel("output token $n$")
        note = f"the first {len(tokens)} tokens" if len(tokens) < task.N else ""
        facts = style.sizes({"N": task.N, "T": task.T, "Q": task.Q})
        layout.head(figure, style.title(style.literal(head), facts, note), width)
        layout.finish(figure, width)
    of_V = "" if V is None else ", and of the value matrix V"
    truth = ", beside the true Q and P" if V is not None else ", beside the true Q"
    figure.caption = caption(
        f"Heat maps of the attention A{of_V}{truth if known else ''}: {head}. Of A the rows of the "
        "support are above the dotted line, and below it those with the largest other entries."
        f"{f' Shown are {note}.' if note else ''}",
        "; ".join(f"{name} = {whole(getattr(task, name))}" for name in "NTQ") + ".",
    )
    return figure


def target_of(task: Task, rows: NDArray[np.int64], on: int, tokens: NDArray[np.int64]) -> Array:
    """Return the truth Q in the rows of :func:`rows_of_map`, the first ``on`` of a support."""
    target = np.zeros((len(rows), len(tokens)))
    for k in tokens:
        at = np.searchsorted(rows[:on], task.q_positions[k])
        inside = (at < on) & (rows[:on][np.minimum(at, on - 1)] == task.q_positions[k])
        target[at[inside], k] = task.q_weights[k][inside]
    return target


def rows_of_map(
    A: Array | csc_array, intercept: Array, task: Task, tokens: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Return the rows of the picture, and how many of them are in a support."""
    support = np.unique(task.q_positions[tokens])[: MOST_ROWS * 3 // 4]
    if isinstance(A, np.ndarray):
        # Only the size of what stands out from the intercept counts.
        away = np.abs(A[:, tokens] - np.median(A[:, tokens], axis=0)).max(axis=1)
    else:
        away = np.abs(A[:, tokens]).max(axis=1).toarray().ravel()
    away[np.unique(task.q_positions[tokens])] = -1.0
    count = min(MOST_ROWS - len(support), int((away > 0.0).sum()))
    others = np.sort(np.argsort(away)[len(away) - count :])
    return np.concatenate([support, others]), len(support)


def dense_part(A: Array | csc_array, rows: NDArray[np.int64], tokens: NDArray[np.int64]) -> Array:
    """Return some rows and columns of A in full."""
    part = A[:, tokens]
    part = part[rows] if isinstance(part, np.ndarray) else part.tocsr()[rows].toarray()
    return np.asarray(part, np.float64)


def _heat(figure: Figure, axes: Axes, values: Array, title: str) -> None:
    """Draw one heat map, with 0 in the middle of the colours."""
    from matplotlib.ticker import MaxNLocator

    from scbsim.plotting.picture import StepLocator

    largest = float(np.abs(values).max()) or 1.0
    looks: dict[str, Any] = {"vmin": -largest, "vmax": largest, "cmap": "RdBu_r"}
    image = axes.imshow(values, aspect="auto", interpolation="nearest", **looks)
    axes.set_title(title)
    axes.grid(visible=False)
    axes.xaxis.set_major_locator(StepLocator())
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    figure.colorbar(image, ax=axes, shrink=0.9)
