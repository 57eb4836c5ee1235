"""Plot of figure 2: what two runs learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.plotting import style
from scbsim.studies.figures import curves
from scbsim.trajectory.views import spec_of
from scbsim.util.text import counted, number_text

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

COLORS: Final = {"softmax": style.VERMILION, "linear": style.BLUE}
MAP: Final = "cividis"

Matrices = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A, of shape (T, N), and V, of shape (N, N)."""


class Learned(NamedTuple):
    """A run, and its matrices after the last step."""

    run: xr.Dataset
    matrices: Matrices


class Truth(NamedTuple):
    """The true matrices, and their population loss."""

    matrices: Matrices
    loss: float


def draw(learned: Mapping[str, Learned], truth: Truth, note: str = "") -> Figure:
    """Draw the matrices of each run and of the truth as heat maps, and the losses against steps.

    The maps in a row share one colour scale, from the least to the largest entry of all three.
    """
    columns = {f"{name} attention": each.matrices for name, each in learned.items()}
    columns["ground truth"] = truth.matrices
    run = next(iter(learned.values())).run
    with style.styled():
        figure = style.new_figure(10.4, 5.6)
        parts = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.75, 1.0))
        maps, right = parts[0]
        grid = maps.subplots(2, len(columns), height_ratios=(1.5, 1.0))
        for row, axes, name in zip((0, 1), grid, ("$A$", "$V$"), strict=True):
            _maps(maps, list(axes), [each[row] for each in columns.values()], name)
        for axes, title in zip(grid[0], columns, strict=True):
            axes.set(title=title, xlabel="query token")
        for axes in grid[1]:
            axes.set_xlabel("source token")
        grid[0, 0].set_ylabel("position")
        grid[1, 0].set_ylabel("output token")
        _losses(right.subplots(), learned, truth.loss)
        samples = f"{counted(spec_of(run).dynamics.batch_size, 'sample')} a step"
        head = "Softmax and linear attention on the same real batches"
        figure.suptitle(style.title(head, [*style.sizes(run.attrs), samples], note))
    return figure


def _maps(
    figure: SubFigure, row: list[Axes], matrices: list[NDArray[np.float64]], name: str
) -> None:
    """Draw the maps of a row, and their colour bar."""
    looks: dict[str, Any] = {"cmap": MAP, "aspect": "auto", "interpolation": "nearest"}
    looks |= {"vmin": min(map(np.min, matrices)), "vmax": max(map(np.max, matrices))}
    for axes, matrix in zip(row, matrices, strict=True):
        image = axes.imshow(matrix, **looks)
        axes.grid(visible=False)
        axes.set_xticks([0, matrix.shape[1] - 1])
        axes.set_yticks([0, matrix.shape[0] - 1])
        if axes is not row[0]:
            axes.tick_params(labelleft=False)
    figure.colorbar(image, ax=row, label=f"entries of {name}", shrink=0.95, aspect=18)


def _losses(axes: Axes, learned: Mapping[str, Learned], of_truth: float) -> None:
    curves.draw_truth(axes, of_truth, label="ground truth")
    for name, (run, _) in learned.items():
        label = f"{name}, rate of $A$ {number_text(spec_of(run).stage[0].rate_A)}"
        looks = {"color": COLORS[name], "label": label, "zorder": 3}
        style.curve(axes, run["step"], run["loss"], **looks)
    axes.set_title("population loss")
    style.step_axis(axes)
    axes.legend(loc="upper right")
