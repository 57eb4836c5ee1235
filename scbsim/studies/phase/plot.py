"""The picture of a phase diagram: where each rule recovers the truth, over one another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.plotting.places import pictures_in
from scbsim.plotting.style import (
    BLUE,
    VERMILION,
    literal,
    new_figure,
    power,
    styled,
    whole,
)
from scbsim.studies.phase.boundary import Growth, boundary, growth, probability, scale_of
from scbsim.studies.phase.zones import name_zones
from scbsim.studies.recipe import saved
from scbsim.trajectory.views import spec_table_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

COLORS: Final = {"sgd": VERMILION, "l1": BLUE}
NAMES: Final = {"sgd": "SGD", "l1": r"$\ell_1$"}
KEYS: Final = {
    "task.T": ("context length", "T"),
    "task.N": ("size of the vocabulary", "N"),
    "task.Q": ("positions that a token attends to", "Q"),
    "task.P_concentration": ("concentration of the transitions", ""),
    "dynamics.batch_size": ("batch size", "B"),
    "noise.sigma_A": ("noise of the attention", r"\sigma_A"),
    "noise.sigma_V": ("noise of the value matrix", r"\sigma_V"),
    "init.alpha_A": ("signal of A at the start", r"\alpha_A"),
    "init.alpha_V": ("signal of V at the start", r"\alpha_V"),
    "rate_A": ("step size of A", r"\eta_A"),
    "rate_V": ("step size of V", r"\eta_V"),
    "steps": ("steps", ""),
    "threshold": (r"$\ell_1$ threshold", r"\lambda"),
    "threshold_sigmas": (r"$\ell_1$ threshold in units of the noise", ""),
}
"""What keys are, in words and as a symbol; those of stages by their last part."""

_SHADE: Final = 0.3
_LINES: Final = {0.1: 0.7, 0.5: 2.2, 0.9: 0.7}


def draw(diagram: xr.Dataset) -> Figure:
    """Draw the probability of recovery, and the line of one half of each rule.

    Parameters
    ----------
    diagram : xarray.Dataset
        As :func:`scbsim.phase_diagram` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        Each cell is a point of the grid, in the colours of the rules that recover the truth
        there. Thick lines are those of one half, interpolated; thin ones of a tenth and of nine.
    """
    rules = [str(rule) for rule in diagram["rule"].values]
    with styled():
        figure = new_figure(6.4, 5.2)
        axes = figure.subplots()
        axes.grid(visible=False)
        axes.set(xscale=scale_of(diagram, "x"), yscale=scale_of(diagram, "y"))
        x, y = (diagram[name].values.astype(float) for name in ("x", "y"))
        shares = {rule: probability(diagram, rule) for rule in rules}
        axes.pcolormesh(
            _edges(x, axes.get_xscale()),
            _edges(y, axes.get_yscale()),
            _mixed(shares),
            rasterized=True,
            zorder=0,
        )
        for rule, share in shares.items():
            _lines(axes, x, y, share, COLORS[rule])
        for name, label in (("x", axes.set_xlabel), ("y", axes.set_ylabel)):
            label(key_label(diagram[name].attrs["key"]))
        _samples_axis(axes, diagram)
        axes.set_title(_title(diagram))
        handles = [_handle(growth(diagram, rule), diagram) for rule in rules]
        figure.legend(handles=handles, loc="outside lower center", ncols=1, handlelength=2.4)
        name_zones(figure, axes, x, y, shares)
    return figure


def pictures(diagram: xr.Dataset, folder: Path) -> tuple[Path, ...]:
    """Draw ``phase.png`` and ``phase.pdf`` in a folder; return their paths."""
    return saved(draw(diagram), pictures_in(folder, "phase"))


def key_label(key: str) -> str:
    """Return what the axis of a key says."""
    words, symbol = KEYS.get(key, KEYS.get(key.rpartition(".")[2], (literal(key), "")))
    return f"{words} ${symbol}$" if symbol else words


def symbol_of(key: str) -> str:
    """Return the symbol of a key, or else its name, as mathtext."""
    _, symbol = KEYS.get(key, KEYS.get(key.rpartition(".")[2], ("", "")))
    return symbol or rf"\mathrm{{{key.rpartition('.')[2]}}}".replace("_", r"\_")


def _mixed(shares: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the colour of each cell, (y, x, 3): ink of each rule as often as it recovers."""
    from matplotlib.colors import to_rgb

    shape = next(iter(shares.values())).shape
    paper = np.ones((*shape, 3))
    for rule, share in shares.items():
        ink = 1.0 - np.array(to_rgb(COLORS[rule]))
        paper *= 1.0 - _SHADE * np.nan_to_num(share)[..., None] * ink
    return paper


def _edges(values: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    """Return the edges of cells around values."""
    place = np.log(values) if scale == "log" else values
    middle = 0.5 * (place[1:] + place[:-1])
    edges = np.concatenate(
        [[1.5 * place[0] - 0.5 * place[1]], middle, [1.5 * place[-1] - 0.5 * place[-2]]]
    )
    return np.exp(edges) if scale == "log" else edges


def _lines(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], share: Any, color: str
) -> None:
    """Draw the lines of a rule: those that its growth is fitted to, where they are functions."""
    for level, width in _LINES.items():
        line = boundary(share, y, level, log=axes.get_yscale() == "log")
        if np.isfinite(line).sum() > 1:
            axes.plot(x, line, color=color, linewidth=width, zorder=3)
        elif share.min() < level <= share.max():
            axes.contour(x, y, share, levels=[level], colors=[color], linewidths=[width], zorder=3)


def _samples_axis(axes: Axes, diagram: xr.Dataset) -> None:
    """Add the samples of a whole run on the right, where that is one number for a batch size."""
    spec = spec_table_of(diagram)
    keys = [diagram[name].attrs["key"] for name in ("x", "y")]
    stages = spec["stage"]
    if keys[1] != "dynamics.batch_size" or keys[0].endswith(".steps"):
        return
    steps = sum(stage["steps"] for stage in stages)
    early = any("until_signal" in stage for stage in stages)
    right = axes.secondary_yaxis(
        "right", functions=(lambda batch: batch * steps, lambda samples: samples / steps)
    )
    symbols = rf"$B \times {whole(steps)}$ steps"
    right.set_ylabel(f"samples{' at most' if early else ''}, {symbols}")
    right.spines["right"].set_visible(True)


def _title(diagram: xr.Dataset) -> str:
    spec = spec_table_of(diagram)
    grid = json.loads(diagram.attrs["grid"])
    varied = {diagram[name].attrs["key"] for name in ("x", "y")}
    facts = [
        f"${name} = {whole(spec['task'][name])}$"
        for name in ("N", "T", "Q")
        if name in spec["task"] and f"task.{name}" not in varied
    ]
    if not any(key.endswith(".steps") for key in varied):
        facts.append(f"${whole(sum(s['steps'] for s in spec['stage']))}$ steps")
    if "dynamics.batch_size" not in varied:
        facts.append(f"batch size ${power(spec['dynamics']['batch_size'])}$")
    facts.append(f"{grid['replicas']} runs a point")
    criterion = grid["recovered"].replace(">=", r"$\geq$").replace("<=", r"$\leq$")
    criterion = criterion.replace("sim_A", r"$\cos(A, Q)$").replace("sim_V", r"$\cos(V, P)$")
    return f"Where runs recover the truth: {criterion} at the end\n{', '.join(facts)}"


def _handle(each: Growth, diagram: xr.Dataset) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=COLORS[each.rule], linewidth=2.2, label=_law(each, diagram))


def _law(each: Growth, diagram: xr.Dataset) -> str:
    """Say how the boundary grows, and in how much of the grid there is one."""
    x, y = (symbol_of(diagram[name].attrs["key"]) for name in ("x", "y"))
    total = len(each.y)
    name = NAMES[each.rule]
    if not each.columns:
        return f"{name}: no boundary on this grid"
    part = "" if each.columns == total else f" (in {each.columns} of {total} columns)"
    if np.isnan(each.slope):
        return f"{name}: half of the runs recover{part}"
    return rf"{name}: half of the runs at ${y} \propto {x}^{{{each.slope:.2f}}}${part}"
