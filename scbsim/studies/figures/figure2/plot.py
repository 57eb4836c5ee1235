"""The picture of figure 2, drawn from what two runs learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from scbsim.plotting.style import (
    BLUE,
    GREY,
    VERMILION,
    curve,
    new_figure,
    step_axis,
    styled,
    whole,
)
from scbsim.trajectory.views import spec_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

COLORS: Final = {"softmax": VERMILION, "linear": BLUE}
MAP: Final = "cividis"

Matrices = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A, of shape (T, N), and V, of shape (N, N)."""


@dataclass(frozen=True)
class Learned:
    """A run, and the matrices that it ended with."""

    run: xr.Dataset
    matrices: Matrices


@dataclass(frozen=True)
class Truth:
    """What is to be learned, and the population loss of a learner that has it."""

    matrices: Matrices
    loss: float


def draw(learned: Mapping[str, Learned], truth: Truth, note: str = "") -> Figure:
    """Draw both matrices of each run and of the truth as heat maps, and the losses against steps.

    Maps in one row have one colour scale, from the least to the largest entry of all three.
    """
    columns = {
        **{f"{name} attention": each.matrices for name, each in learned.items()},
        "ground truth": truth.matrices,
    }
    run = next(iter(learned.values())).run
    with styled():
        figure = new_figure(10.4, 5.6)
        parts = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.75, 1.0))
        maps, right = parts[0]
        grid = maps.subplots(2, len(columns), height_ratios=(1.5, 1.0))
        for row, axes, bar in zip((0, 1), grid, ("$A$", "$V$"), strict=True):
            _maps(maps, list(axes), [each[row] for each in columns.values()], bar)
        for axes, title in zip(grid[0], columns, strict=True):
            axes.set_title(title)
            axes.set_xlabel("query token")
        for axes in grid[1]:
            axes.set_xlabel("source token")
        grid[0, 0].set_ylabel("position")
        grid[1, 0].set_ylabel("output token")
        _losses(right.subplots(), learned, truth.loss)
        facts = [f"${name} = {whole(run.attrs[name])}$" for name in ("N", "T", "Q")]
        facts.append(f"{spec_of(run).dynamics.batch_size} samples a step")
        title = f"Softmax and linear attention on the same real batches\n{', '.join(facts)}"
        figure.suptitle(f"{title}\n({note})" if note else title)
    return figure


def _maps(
    figure: SubFigure, row: list[Axes], matrices: list[NDArray[np.float64]], name: str
) -> None:
    """Draw matrices beside one another on one scale of colours, with its bar."""
    least, most = min(each.min() for each in matrices), max(each.max() for each in matrices)
    for axes, matrix in zip(row, matrices, strict=True):
        looks = {"cmap": MAP, "vmin": least, "vmax": most, "interpolation": "nearest"}
        image = axes.imshow(matrix, aspect="auto", **looks)
        axes.grid(visible=False)
        axes.set_xticks([0, matrix.shape[1] - 1])
        axes.set_yticks([0, matrix.shape[0] - 1])
        if axes is not row[0]:
            axes.tick_params(labelleft=False)
    figure.colorbar(image, ax=row, label=f"entries of {name}", shrink=0.95, aspect=18)


def _losses(axes: Axes, learned: Mapping[str, Learned], of_truth: float) -> None:
    axes.axhline(of_truth, color=GREY, linewidth=0.8, zorder=1, label="ground truth")
    for name, each in learned.items():
        rate = spec_of(each.run).stage[0].rate_A
        label = f"{name}, rate of $A$ {rate:g}"
        curve(axes, each.run["step"], each.run["loss"], color=COLORS[name], label=label, zorder=3)
    axes.set_title("population loss")
    step_axis(axes)
    axes.legend(loc="upper right")
