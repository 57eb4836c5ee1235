"""Pictures of a given width: their height, the size of their lines, and where legends go."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from scbsim.plotting import style
from scbsim.plotting.width import POINTS, type_size

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.legend import Legend

    from scbsim.plotting.picture import Picture

PAD: Final = 0.08
"""Inches at the left and right of each panel."""

SLOWER: Final = 0.6
"""Heights change with this power of the width: type does not shrink as fast as the picture."""


def new_figure(own: tuple[float, float], width: float | None) -> Picture:
    """Return an empty figure: its ``own`` width and height, in inches, or the width asked for."""
    if width is None:
        return style.new_figure(*own)
    figure = style.new_figure(width, own[1] * (width / own[0]) ** SLOWER)
    figure.paper_width = width
    engine: Any = figure.get_layout_engine()
    # A tick label may have a digit more after the last layout than before it.
    engine.set(w_pad=PAD)
    return figure


def head(figure: Picture, title: str, width: float | None) -> None:
    """Set the title. A picture with a width is for a paper, and has its caption instead."""
    if width is None:
        figure.suptitle(title)


def legend_below(figure: Picture, handles: Sequence[Artist], ncols: int, **looks: Any) -> Legend:
    """Put a legend below the panels, in as many of ``ncols`` columns as fit.

    If one column is too wide, its labels are broken into lines.
    """
    looks |= {"handles": handles, "loc": "outside lower center"}
    if figure.paper_width is not None:
        looks |= {"handlelength": 1.6, "handletextpad": 0.5, "columnspacing": 1.0}
    for columns in range(min(ncols, len(handles)), 0, -1):
        legend = figure.legend(ncols=columns, **looks)
        if _excess(figure, legend) > 1 and figure.paper_width is not None:
            legend.remove()
            legend = figure.legend(ncols=columns, fontsize="small", **looks)
        if columns == 1 or _excess(figure, legend) <= 1:
            break
        legend.remove()
    excess = _excess(figure, legend)
    if excess > 1:
        for text in legend.get_texts():
            text.set_text(broken(text.get_text(), excess))
    return legend


def _excess(figure: Picture, legend: Legend) -> float:
    """Return the width of a legend as a share of that of its figure."""
    return float(legend.get_window_extent().width / (0.98 * figure.bbox.width))


def broken(label: str, excess: float) -> str:
    """Break a label that is ``excess`` times too long; mathematics stays whole."""
    pieces = label.split("$")
    held = "$".join(p.replace(" ", "\0") if i % 2 else p for i, p in enumerate(pieces))
    # Signs of mathtext take less room than their names.
    most = max(12, int(len(label) / excess * 0.9))
    return "\n".join(textwrap.wrap(held, most, break_long_words=False)).replace("\0", " ")


def finish(figure: Picture, width: float | None) -> None:
    """Give lines, markers and bands of a finished picture the size that suits its width."""
    if width is None:
        return
    unit = type_size(width) / POINTS
    for artist in _drawn(figure):
        for name in ("linewidth", "markersize", "markeredgewidth"):
            if hasattr(artist, f"set_{name}"):
                size = getattr(artist, f"get_{name}")()
                getattr(artist, f"set_{name}")(
                    [unit * s for s in size] if _many(size) else unit * size
                )
    # The room for labels depends on the ticks, and these on the room: the picture is laid out once
    # here, and again as it is saved.
    figure.draw_without_rendering()


def _many(size: Any) -> bool:
    return not isinstance(size, float | int)


def _drawn(figure: Picture) -> Iterator[Any]:
    """Yield the lines and collections of all panels, and those of legends."""
    legends = [*figure.legends, *(each.get_legend() for each in figure.axes)]
    for axes in figure.axes:
        yield from axes.lines
        yield from axes.collections
    for legend in filter(None, legends):
        yield from filter(None, legend.legend_handles)
