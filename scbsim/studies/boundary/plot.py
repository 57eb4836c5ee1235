"""Plot of a boundary study: one line for each curve, with the power of x with which it grows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.plotting import style
from scbsim.plotting.picture_paths import pictures_in
from scbsim.studies.boundary.slopes import middle, slope
from scbsim.studies.phase.plot import key_label, symbol_of
from scbsim.studies.recipe import save_pictures
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_STYLES: Final[dict[str, dict[str, Any]]] = {
    "solid": {"linewidth": 2.2},
    "dashed": {"linewidth": 2.2, "linestyle": style.DASHED},
    "dotted": {"linewidth": 2.2, "linestyle": ":"},
    "thin": {"linewidth": 0.9},
}


def draw(found: xr.Dataset, title: str = "") -> Figure:
    """Draw the boundaries of a study against the key along which they were found.

    A line is the geometric mean over seeds, and a dot each seed. The legend has the power of x
    with its standard error over seeds.

    Parameters
    ----------
    found : xarray.Dataset
        The result of :func:`scbsim.find_boundaries`.
    title : str
        The first line of the title.
    """
    curves = json.loads(found.attrs["curves"])
    looks = json.loads(found.attrs["looks"])
    with style.styled():
        figure = style.new_figure(7.0, 5.6)
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log")
        handles = []
        following = iter(style.CYCLE * (1 + len(looks) // len(style.CYCLE)))
        for c, (name, look) in enumerate(looks.items()):
            color = getattr(style, look["color"].upper()) if look["color"] else next(following)
            x, y = _of_curve(found, c)
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
        axes.set_title(style.title(_words(title), _facts(list(curves.values()), along, find)))
        figure.legend(handles=handles, loc="outside lower center", ncols=1, handlelength=2.6)
    return figure


def pictures(found: xr.Dataset, folder: Path, title: str = "") -> tuple[Path, ...]:
    """Write ``boundary.png`` and ``boundary.pdf`` in a folder; return their paths."""
    return save_pictures(draw(found, title), pictures_in(folder, "boundary"))


def _of_curve(found: xr.Dataset, c: int) -> tuple[Any, Any]:
    """Return x, (n,), and boundaries, (seeds, n), of a curve."""
    x = found["x"].values[c]
    there = np.isfinite(x)
    return x[there], found["boundary"].values[c][:, there]


def _label(name: str, found: xr.Dataset, c: int) -> str:
    curve = json.loads(found.attrs["curves"])[name]
    along, find = (symbol_of(curve[key].partition("=")[0]) for key in ("along", "find"))
    grows = slope(*_of_curve(found, c))
    shown = _words(name)
    if np.isnan(grows.value):
        return shown
    error = "" if np.isnan(grows.error) else rf" \pm {grows.error:.1g}"
    return rf"{shown}: ${find} \propto {along}^{{{grows.value:.3f}{error}}}$"


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
