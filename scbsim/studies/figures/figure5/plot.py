"""Plot of figure 5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from scbsim.plotting import layout, style
from scbsim.plotting.bands import is_normalized
from scbsim.studies.figures import curves
from scbsim.studies.figures.members import members
from scbsim.trajectory.views import spec_table_of

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.plotting.picture import Picture
    from scbsim.studies.figures.members import Members

LABELS: Final = curves.SIGNAL_LABELS | curves.DELTA_LABELS
_STARRED: Final = ("l1", "sgd")
_NOISE: Final = {
    "isotropic": "isotropic Gaussian noise",
    "matched": "matched Gaussian noise",
    "none": "no noise",
}
"""Words for ``noise.model``."""


class Runs(NamedTuple):
    """The runs in one column of the figure, all on one task; of a rule perhaps several."""

    l1: Members
    sgd: Members
    population: xr.Dataset


def draw(columns: Sequence[Runs], note: str = "", width: float | None = None) -> Picture:
    r"""Draw the signals and the noise parts against steps, with a column for each N.

    There are two by two panels for a single column, else four rows. A thin dotted line beside
    :math:`\|\Delta\|` is the norm of the signal of the same run. Stars are normalised solutions.
    Of several runs medians and bands are drawn. The title has ``note``. With a ``width``, in
    inches, there is no title.
    """
    with style.styled(width):
        if len(columns) == 1:
            figure = layout.new_figure((7.2, 5.8), width)
            grid = figure.subplots(2, 2, sharex=True, squeeze=False)
            panels = [dict(zip(LABELS, grid.flat, strict=True))]
        else:
            figure = layout.new_figure((1.2 + 3.4 * len(columns), 8.8), width)
            grid = figure.subplots(4, len(columns), sharex="col", sharey="row", squeeze=False)
            panels = [dict(zip(LABELS, column, strict=True)) for column in grid.T]
            for column, axes in zip(columns, grid[0], strict=True):
                between = ", " if width is None else "\n"
                axes.set_title(between.join(_size(members(column.l1)[0])))
        for name, label in LABELS.items():
            panels[0][name].set_ylabel(label)
            for column, panel in zip(columns, panels, strict=True):
                runs = {"sgd": column.sgd, "l1": column.l1}
                curves.draw_dynamics(panel[name], name, runs, column.population, _STARRED)
        for axes in grid[-1]:
            style.step_axis(axes)
        figure.align_ylabels()
        layout.head(figure, _title(columns, note), width)
        handles = [
            style.line_handle("SGD", color=curves.COLORS["sgd"]),
            style.line_handle(r"$\ell_1$ (proximal)", color=curves.COLORS["l1"]),
            *curves.dynamics_handles(*(column.l1 for column in columns)),
        ]
        if any(is_normalized(run) for column in columns for run in members(column.sgd)):
            handles.append(style.star_handle(curves.COLORS["sgd"], "SGD, normalised at the end"))
        handles += curves.band_handles(columns[0].l1)
        layout.legend_below(figure, handles, 3, handlelength=2.4)
        layout.finish(figure, width)
    return figure


def _title(columns: Sequence[Runs], note: str) -> str:
    run, sgd = members(columns[0].l1)[0], members(columns[0].sgd)[0]
    size = _size(run) if len(columns) == 1 else []
    engines = dict.fromkeys(each.attrs["engine"] for each in (run, sgd))
    facts = [*size, *style.sizes(run.attrs, "TQ"), f"{' and '.join(engines)} engine"]
    noise = _NOISE[spec_table_of(run).get("noise", {}).get("model", "isotropic")]
    return style.title(f"SGD and $\\ell_1$ dynamics with {noise}", facts, note)


def _size(run: xr.Dataset) -> list[str]:
    batch_size = spec_table_of(run)["dynamics"]["batch_size"]
    return [*style.sizes(run.attrs, "N"), f"batch size ${style.scientific(batch_size)}$"]
