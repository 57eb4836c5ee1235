"""Plot of figure 2: what two runs learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scbsim.plotting import layout, style
from scbsim.plotting.bands import draw_values
from scbsim.studies.figures import curves
from scbsim.studies.figures.members import spread
from scbsim.trajectory.views import spec_of
from scbsim.util.text import counted, number_text

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from scbsim.plotting.picture import Picture

COLORS: Final = {"softmax": style.VERMILION, "linear": style.BLUE}
MAP: Final = "cividis"

BESIDE: Final = 8.0
"""Inches. In narrower pictures the losses are below the heat maps and not beside them."""

Matrices = tuple[NDArray[np.float64], NDArray[np.float64]]
"""A, of shape (T, N), and V, of shape (N, N)."""


class Learned(NamedTuple):
    """A run, its matrices after the last step, and runs that differ in their samples alone."""

    run: xr.Dataset
    matrices: Matrices
    others: Sequence[xr.Dataset] = ()


class Truth(NamedTuple):
    """The true matrices, and their population loss."""

    matrices: Matrices
    loss: float


def draw(
    learned: Mapping[str, Learned], truth: Truth, note: str = "", width: float | None = None
) -> Picture:
    """Draw the matrices of each run and of the truth as heat maps, and the losses against steps.

    The maps in a row share one colour scale, from the least to the largest entry of all three. Of
    several runs the losses are medians with bands. With a ``width``, in inches, there is no title.
    """
    columns = {f"{name} attention": each.matrices for name, each in learned.items()}
    columns["ground truth"] = truth.matrices
    run = next(iter(learned.values())).run
    beside = width is None or width >= BESIDE
    own = (10.4, 5.6) if beside else (6.6, 7.4)
    with style.styled(width):
        figure = layout.new_figure(own, width)
        if beside:
            parts = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.75, 1.0))
        else:
            parts = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.7, 1.0))
        maps, losses = parts.flat
        grid = maps.subplots(2, len(columns), height_ratios=(1.5, 1.0))
        for row, axes, name in zip((0, 1), grid, ("$A$", "$V$"), strict=True):
            _maps(maps, list(axes), [each[row] for each in columns.values()], name)
        for axes, title in zip(grid[0], columns, strict=True):
            axes.set(title=title if beside else title.replace(" ", "\n"), xlabel="query token")
        for axes in grid[1]:
            axes.set_xlabel("source token")
        grid[0, 0].set_ylabel("position")
        grid[1, 0].set_ylabel("output token")
        _losses(losses.subplots(), learned, truth.loss)
        samples = f"{counted(spec_of(run).dynamics.batch_size, 'sample')} a step"
        head = "Softmax and linear attention on the same real batches"
        layout.head(figure, style.title(head, [*style.sizes(run.attrs), samples], note), width)
        layout.finish(figure, width)
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
    for name, (run, _, others) in learned.items():
        label = f"{name}, rate of $A$ {number_text(spec_of(run).stage[0].rate_A)}"
        looks: dict[str, Any] = {"label": label, "zorder": 3}
        draw_values(axes, *spread([run, *others], "loss"), COLORS[name], **looks)
    axes.set_title("population loss")
    style.step_axis(axes)
    bands = curves.band_handles([run, *others])
    axes.legend(handles=[*axes.get_legend_handles_labels()[0], *bands], loc="upper right")
