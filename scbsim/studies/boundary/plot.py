"""Plot of a boundary study: one line for each curve, with the power of x with which it grows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.plotting import layout, style
from scbsim.plotting.picture_paths import pictures_in
from scbsim.studies.boundary.captions import caption_of
from scbsim.studies.boundary.slopes import middle, of_curve, slope
from scbsim.studies.phase.plot import key_label, symbol_of
from scbsim.studies.recipe import save_pictures
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr

    from scbsim.plotting.picture import Picture

_STYLES: Final[dict[str, dict[str, Any]]] = {
    "solid": {"linewidth": 2.2},
    "dashed": {"linewidth": 2.2, "linestyle": style.DASHED},
    "dotted": {"linewidth": 2.2, "linestyle": ":"},
    "thin": {"linewidth": 0.9},
}


def draw(found: xr.Dataset, title: str = "", width: float | None = None) -> Picture:
    """Draw the boundaries of a study against the key along which they were found.

    A line is the geometric mean over seeds, and a dot each seed. The legend has the power of x
    with its standard error over seeds.

    Parameters
    ----------
    found : xarray.Dataset
        The result of :func:`scbsim.find_boundaries`.
    title : str
        The first line of the title.
    width : float, optional
        Of the picture, in inches. It then has no title.
    """
    curves = json.loads(found.attrs["curves"])
    looks = json.loads(found.attrs["looks"])
    with style.styled(width):
        figure = layout.new_figure((7.0, 5.6), width)
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log")
        handles = []
        following = iter(style.CYCLE * (1 + len(looks) // len(style.CYCLE)))
        for c, (name, look) in enumerate(looks.items()):
            color = getattr(style, look["color"].upper()) if look["color"] else next(following)
            x, y = of_curve(found, c)
            how = {"color": color, **_STYLES[look["line"]]}
            axes.plot(x, middle(y), zorder=3, **how)
            small = look["line"] == "thin"
            for of_seed in y:
                axes.plot(x, of_seed, "o", markersize=2 if small else 4, color=color, zorder=4)
            handles.append(style.line_handle(_label(name, found, c), **how))
        first = next(iter(curves.values()))
        along, find = (first[key].partition("=")[0] for key in ("along", "find"))
        axes.set_xlabel(key_label(along))
        axes.set_ylabel(key_label(find))
        if width is None:
            facts = _facts(list(curves.values()), along, find)
            axes.set_title(style.title(_words(title), facts))
        layout.legend_below(figure, handles, 1, handlelength=2.6)
        layout.finish(figure, width)
    figure.caption = caption_of(found, title)
    return figure


def pictures(
    found: xr.Dataset,
    folder: Path,
    title: str = "",
    *,
    width: float | None = None,
    formats: Sequence[str] = (),
) -> tuple[Path, ...]:
    """Write ``boundary.png``, ``boundary.pdf`` and their caption in a folder; return paths."""
    return save_pictures(draw(found, title, width), pictures_in(folder, "boundary", formats))


def _label(name: str, found: xr.Dataset, c: int) -> str:
    curve = json.loads(found.attrs["curves"])[name]
    along, find = (symbol_of(curve[key].partition("=")[0]) for key in ("along", "find"))
    grows = slope(*of_curve(found, c))
    shown = _words(name)
    if np.isnan(grows.value):
        return shown
    power, error = grows.in_digits()
    error = rf" \pm {error}" if error else ""
    return rf"{shown}: ${find} \propto {along}^{{{power}{error}}}$"


def _words(text: str) -> str:
    return style.literal(text).replace("l1", r"$\ell_1$")


def _several(number: str, noun: str) -> str:
    """Return a number, or the least and the largest of several, with its noun."""
    return counted(1, noun) if number == "1" else f"{number} {noun}s"


def _facts(curves: list[dict[str, Any]], along: str, find: str) -> list[str]:
    varied = {along, find}
    task = {k: v for k, v in curves[0]["spec"]["task"].items() if f"task.{k}" not in varied}
    runs, seeds = (_span([curve[key] for curve in curves]) for key in ("replicas", "seeds"))
    return [*style.sizes(task), f"{_several(runs, 'run')} a point", _several(seeds, "seed")]


def _span(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"
