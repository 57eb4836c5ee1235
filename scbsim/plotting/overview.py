"""A picture of one run, or of several over one another: all that is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from scbsim.observables import NAMES
from scbsim.plotting.bands import (
    draw_spread,
    ended,
    normalized,
    normalized_along,
    replicas,
    spread,
    stage_ends,
)
from scbsim.plotting.style import (
    DASHED,
    GREY,
    colors,
    curve,
    literal,
    new_figure,
    power,
    scale,
    star,
    star_handle,
    step_axis,
    styled,
    whole,
)
from scbsim.trajectory.views import spec_table_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS: Final = {
    "signals": (r"signals $\alpha_A$, $\alpha_V$", ("alpha_A", "alpha_V"), False),
    "noise": (r"noise parts $\|\Delta_A\|_\mu$, $\|\Delta_V\|_\mu$", ("delta_A", "delta_V"), True),
    "distances": (r"distances $\|A-Q\|_\mu$, $\|V-P\|_\mu$", ("dist_A", "dist_V"), True),
    "similarities": (r"similarities $\cos(A,Q)$, $\cos(V,P)$", ("sim_A", "sim_V"), False),
    "loss": (r"population loss $L$", ("loss",), True),
}
"""Title, observables, and whether a logarithmic axis serves, by the name of the panel."""

MOST_NAMED: Final = 10
"""Runs that the legend names; of more it has a scale of colours, from the first to the last."""

MOSAIC: Final = (("signals", "noise", "legend"), ("distances", "similarities", "loss"))


def draw(runs: Mapping[str, xr.Dataset]) -> Figure:
    """Draw every observable against steps.

    Parameters
    ----------
    runs : mapping of str to xarray.Dataset
        Runs by their labels. One run has a colour for A and one for V; several have a colour
        each, V dashed; of more than `MOST_NAMED` the colours say their order.

    Returns
    -------
    matplotlib.figure.Figure
        Signals, noise parts, distances, similarities and loss; stars are normalised solutions.
        Of an ensemble the median over replicas, and a band from the first to the last decile.
    """
    with styled():
        figure = new_figure(10.0, 5.8)
        axes = figure.subplot_mosaic([list(row) for row in MOSAIC])
        for name, (title, observables, logarithmic) in PANELS.items():
            axes[name].set_title(title)
            _panel(axes[name], runs, observables, logarithmic)
            step_axis(axes[name])
        axes["legend"].axis("off")
        if len(runs) <= MOST_NAMED:
            axes["legend"].legend(handles=_legend(runs), loc="center left", borderaxespad=0)
        else:
            axes["legend"].legend(handles=_legend(runs), loc="upper left", borderaxespad=0)
            _color_scale(axes["legend"], list(runs))
        figure.suptitle(_title(runs))
    return figure


def _color_scale(axes: Axes, labels: Sequence[str]) -> None:
    """Draw which colour is whose: of some runs, the first and the last among them."""
    from matplotlib.colors import ListedColormap

    scale = axes.inset_axes((0.0, 0.0, 0.07, 0.5))
    scale.imshow(
        [[i] for i in range(len(labels))], aspect="auto", cmap=ListedColormap(colors(len(labels)))
    )
    at = sorted({round(i * (len(labels) - 1) / 4) for i in range(5)})
    scale.set_yticks(at, [_short(labels[i]) for i in at])
    scale.yaxis.tick_right()
    scale.tick_params(length=0)
    scale.set_xticks([])
    scale.grid(visible=False)


def _short(label: str) -> str:
    """Return a label that fits beside the panels: the end of a long one, which tells it apart."""
    return literal(label if len(label) <= 34 else f"...{label[-31:]}")


def _panel(axes: Axes, runs: Mapping[str, xr.Dataset], names: Sequence[str], log: bool) -> None:
    values = [each for run in runs.values() for name in names for each in spread(run, name)]
    scale(axes, values, logarithmic=log)
    many = len(runs) > MOST_NAMED
    thin = {"linewidth": 0.8} if many else {}
    for run, pair in zip(runs.values(), _colors(len(runs)), strict=True):
        for name, color, second in zip(names, pair, (False, True), strict=False):
            apart = second and len(runs) > 1
            looks = thin | ({"linestyle": DASHED} if apart else {})
            draw_spread(axes, run, name, color, zorder=3, **looks)
            steps, along = normalized_along(run, name)
            if len(steps):
                curve(axes, steps, along, color=color, zorder=2, **(looks | {"linewidth": 0.9}))
            for step, value in normalized(run, name):
                if replicas(run):
                    axes.plot([step, step], [value.low, value.high], color=color, zorder=4)
                size = 6 if many else 13
                star(axes, step, float(value.middle), color, hollow=apart, size=size)
    if len(runs) == 1:
        (run,) = runs.values()
        for end in stage_ends(run):
            axes.axvline(end, color=GREY, linewidth=0.8, linestyle=":", zorder=1)


def _colors(runs: int) -> list[tuple[str, str]]:
    """Return the colours of A and V for each run: one run tells A from V by them."""
    if runs == 1:
        a, v = colors(2)
        return [(a, v)]
    return [(color, color) for color in colors(runs)]


def _legend(runs: Mapping[str, xr.Dataset]) -> list[Artist]:
    from matplotlib.lines import Line2D

    if len(runs) == 1:
        handles: list[Artist] = [
            Line2D([], [], color=color, label=name)
            for color, name in zip(
                *_colors(1), ("attention matrix A, and the loss", "value matrix V"), strict=True
            )
        ]
    else:
        named = list(zip(runs.items(), _colors(len(runs)), strict=True))
        handles = [
            Line2D([], [], color=color, label=f"{_short(label)}{_many(run)}{ended(run)}")
            for (label, run), (color, _) in (named if len(named) <= MOST_NAMED else ())
        ]
        handles += [
            Line2D([], [], color=GREY, label="A, and the loss"),
            Line2D([], [], color=GREY, linestyle=DASHED, label="V"),
        ]
    handles += _bands(runs)
    if any(normalized(run, name) for run in runs.values() for name in NAMES):
        words = "normalised" if len(runs) == 1 else "normalised (V: hollow)"
        handles.append(star_handle(GREY, words))
    if any(len(normalized_along(run, "loss")[0]) for run in runs.values()):
        words = "normalised, along the run"
        handles.append(Line2D([], [], color=GREY, linewidth=0.9, label=words))
    if len(runs) == 1 and any(stage_ends(run) for run in runs.values()):
        handles.append(Line2D([], [], color=GREY, linestyle=":", label="end of a stage"))
    return handles


def _many(run: xr.Dataset) -> str:
    return f", {replicas(run)} replicas" if replicas(run) else ""


def _bands(runs: Mapping[str, xr.Dataset]) -> list[Artist]:
    """Return the legend of the bands, if there are any."""
    from matplotlib.patches import Patch

    sizes = {replicas(run) for run in runs.values() if replicas(run)}
    if not sizes:
        return []
    of = f"{sizes.pop()} replicas" if len(sizes) == 1 else "the replicas"
    return [Patch(facecolor=GREY, alpha=0.6, label=f"median and 10-90% of {of}")]


def _title(runs: Mapping[str, xr.Dataset]) -> str:
    """Say which runs these are, and what all of them have in common."""
    names = [f"{literal(label)}{ended(run)}" for label, run in runs.items()]
    facts = [_facts(run) for run in runs.values()]
    shared = [fact for fact in facts[0] if all(fact in each for each in facts)]
    few = len(names) == 1 or (len(names) <= 4 and len("".join(names)) <= 80)
    head = ", ".join(names) if few else f"{len(runs)} runs"
    return f"{head}\n{', '.join(shared)}" if shared else head


def _facts(run: xr.Dataset) -> list[str]:
    spec = spec_table_of(run)
    facts = [f"${name} = {whole(run.attrs[name])}$" for name in ("N", "T", "Q")]
    facts.append(f"batch size ${power(spec['dynamics']['batch_size'])}$")
    rules = [stage.get("rule") or spec["dynamics"]["rule"] for stage in spec["stage"]]
    taken = " then ".join(rule for rule, _ in groupby(rules))
    facts.append(f"{taken} on the {run.attrs['engine']} engine")
    return facts
