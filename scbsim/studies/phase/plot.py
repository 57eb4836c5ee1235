"""Plot of a phase diagram: where each rule recovers the truth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from scbsim.plotting import layout, style
from scbsim.plotting.picture_paths import pictures_in
from scbsim.studies.phase.boundary import Growth, boundary, growth, probability, scale_of
from scbsim.studies.phase.captions import caption_of
from scbsim.studies.phase.zones import name_zones
from scbsim.studies.recipe import save_pictures
from scbsim.trajectory.views import spec_table_of
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from scbsim.plotting.picture import Picture
    from scbsim.studies.phase.boundary import Array

COLORS: Final = {"sgd": style.VERMILION, "l1": style.BLUE}
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
"""Words and a symbol for each key; keys of stages are listed by their last part."""

_SHADE: Final = 0.3
_LINES: Final = {0.1: 0.7, 0.5: 2.2, 0.9: 0.7}
"""Line width at each level of the probability."""


def draw(diagram: xr.Dataset, width: float | None = None) -> Picture:
    """Draw the probability of recovery, and for each rule the line where it is one half.

    ``diagram`` is the result of :func:`scbsim.phase_diagram`. Each cell is a point of the grid, in
    the colours of the rules that recover the truth there. The interpolated lines are thick at one
    half, and thin at 10% and 90%. With a ``width``, in inches, there is no title.
    """
    rules = [str(rule) for rule in diagram["rule"].values]
    with style.styled(width):
        figure = layout.new_figure((6.4, 5.2), width)
        axes = figure.subplots()
        axes.grid(visible=False)
        axes.set(xscale=scale_of(diagram, "x"), yscale=scale_of(diagram, "y"))
        x, y = (diagram[name].values.astype(float) for name in ("x", "y"))
        shares = {rule: probability(diagram, rule) for rule in rules}
        edges = cell_edges(x, axes.get_xscale()), cell_edges(y, axes.get_yscale())
        axes.pcolormesh(*edges, _mixed(shares), rasterized=True, zorder=0)
        for rule, share in shares.items():
            _lines(axes, x, y, share, COLORS[rule])
        axes.set_xlabel(key_label(diagram["x"].attrs["key"]))
        axes.set_ylabel(key_label(diagram["y"].attrs["key"]))
        _samples_axis(axes, diagram)
        if width is None:
            axes.set_title(title_of(diagram))
        handles = [
            style.line_handle(law_of(growth(diagram, rule), diagram), color=color, linewidth=2.2)
            for rule, color in COLORS.items()
            if rule in rules
        ]
        layout.legend_below(figure, handles, 1, handlelength=2.4)
        layout.finish(figure, width)
        name_zones(figure, axes, x, y, shares)
    figure.caption = caption_of(diagram)
    return figure


def pictures(
    diagram: xr.Dataset, folder: Path, *, width: float | None = None, formats: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Write ``phase.png``, ``phase.pdf`` and their caption in a folder; return their paths."""
    return save_pictures(draw(diagram, width), pictures_in(folder, "phase", formats))


def key_label(key: str) -> str:
    """Return the axis label of a key."""
    words, symbol = _words_and_symbol(key)
    return f"{words or style.literal(key)} ${symbol}$" if symbol else words or style.literal(key)


def symbol_of(key: str) -> str:
    """Return the symbol of a key, or its name if it has none, as mathtext."""
    _, symbol = _words_and_symbol(key)
    return symbol or rf"\mathrm{{{key.rpartition('.')[2]}}}".replace("_", r"\_")


def _words_and_symbol(key: str) -> tuple[str, str]:
    return KEYS.get(key) or KEYS.get(key.rpartition(".")[2]) or ("", "")


def _mixed(shares: dict[str, Array]) -> Array:
    """Return the colour of each cell, (y, x, 3); each rule's colour is as strong as its share."""
    from matplotlib.colors import to_rgb

    shape = next(iter(shares.values())).shape
    paper = np.ones((*shape, 3))
    for rule, share in shares.items():
        ink = 1.0 - np.array(to_rgb(COLORS[rule]))
        paper *= 1.0 - _SHADE * np.nan_to_num(share)[..., None] * ink
    return paper


def cell_edges(values: Array, scale: str) -> Array:
    """Return the edges of cells around values."""
    place = np.log(values) if scale == "log" else values
    middle = 0.5 * (place[1:] + place[:-1])
    ends = 1.5 * place[0] - 0.5 * place[1], 1.5 * place[-1] - 0.5 * place[-2]
    edges = np.concatenate([ends[:1], middle, ends[1:]])
    return np.exp(edges) if scale == "log" else edges


def _lines(axes: Axes, x: Array, y: Array, share: Array, color: str) -> None:
    """Draw the boundaries of a rule; contours if they are no functions of x."""
    for level, width in _LINES.items():
        line = boundary(share, y, level, log=axes.get_yscale() == "log")
        if np.isfinite(line).sum() > 1:
            axes.plot(x, line, color=color, linewidth=width, zorder=3)
        elif share.min() < level <= share.max():
            axes.contour(x, y, share, levels=[level], colors=[color], linewidths=[width], zorder=3)


def _samples_axis(axes: Axes, diagram: xr.Dataset) -> None:
    """Add an axis of samples per run on the right, if it depends on nothing but the batch size."""
    stages = spec_table_of(diagram)["stage"]
    x, y = (diagram[name].attrs["key"] for name in ("x", "y"))
    if y != "dynamics.batch_size" or x.endswith(".steps"):
        return
    steps = sum(stage["steps"] for stage in stages)
    early = any("until_signal" in stage for stage in stages)
    to_samples = (lambda batch: batch * steps, lambda samples: samples / steps)
    right = axes.secondary_yaxis("right", functions=to_samples)
    right.set_ylabel(
        f"samples{' at most' if early else ''}, $B \\times {style.integer(steps)}$ steps"
    )
    right.spines["right"].set_visible(True)


def title_of(diagram: xr.Dataset) -> str:
    """Return the title of a diagram, with what its runs share."""
    spec = spec_table_of(diagram)
    grid = json.loads(diagram.attrs["grid"])
    varied = {diagram[name].attrs["key"] for name in ("x", "y")}
    facts = style.sizes({k: v for k, v in spec["task"].items() if f"task.{k}" not in varied})
    if not any(key.endswith(".steps") for key in varied):
        facts.append(f"${style.integer(sum(s['steps'] for s in spec['stage']))}$ steps")
    if "dynamics.batch_size" not in varied:
        facts.append(f"batch size ${style.scientific(spec['dynamics']['batch_size'])}$")
    facts.append(f"{counted(grid['replicas'], 'run')} a point")
    criterion = grid["recovered"]
    for text, symbol in _SYMBOLS.items():
        criterion = criterion.replace(text, f"${symbol}$")
    return style.title(f"Where runs recover the truth: {criterion} at the end", facts)


_SYMBOLS: Final = {
    ">=": r"\geq",
    "<=": r"\leq",
    "sim_A": r"\cos(A, Q)",
    "sim_V": r"\cos(V, P)",
}


def law_of(each: Growth, diagram: xr.Dataset) -> str:
    """Return the legend label of a rule: how its boundary grows, and in how many columns."""
    x, y = (symbol_of(diagram[name].attrs["key"]) for name in ("x", "y"))
    total = len(each.y)
    name = NAMES[each.rule]
    if not each.columns:
        return f"{name}: no boundary on this grid"
    part = "" if each.columns == total else f" (in {each.columns} of {counted(total, 'column')})"
    if np.isnan(each.slope):
        return f"{name}: half of the runs recover{part}"
    return rf"{name}: half of the runs at ${y} \propto {x}^{{{each.slope:.2f}}}${part}"
