"""Plot of all observables of one run, or of several runs over one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from scbsim.observables import BATCH_LOSS, LONG_NAMES, OBSERVABLES
from scbsim.plotting import bands, caption, layout, style
from scbsim.plotting.mosaic import WITH_LEGEND, Place, mosaic_of, place_of_legend
from scbsim.plotting.spec_facts import has_batch_size
from scbsim.spec.rules import short_name
from scbsim.trajectory.views import spec_table_of, step_dimension
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from scbsim.plotting.picture import Picture

PANELS: Final = {
    "signals": (r"signals $\alpha_A$, $\alpha_V$", ("alpha_A", "alpha_V"), False),
    "noise": (r"noise parts $\|\Delta_A\|_\mu$, $\|\Delta_V\|_\mu$", ("delta_A", "delta_V"), True),
    "distances": (r"distances $\|A-Q\|_\mu$, $\|V-P\|_\mu$", ("dist_A", "dist_V"), True),
    "similarities": (r"similarities $\cos(A,Q)$, $\cos(V,P)$", ("sim_A", "sim_V"), False),
    "loss": (r"population loss $L$", ("loss",), True),
}
"""By panel: its title, its observables, and whether its axis may be logarithmic."""

MOST_NAMED: Final = 10
"""The legend names up to this many runs; for more there is a colour scale instead."""

PALE: Final = 0.45
"""Opacity of losses of batches behind those of the population."""

WIDTH, HEIGHT = 10.0 / 3.0, 2.9
"""Inches of a panel."""

MOST_CHARACTERS: Final = 32
"""In a line of the title of a panel."""

NARROW_CHARACTERS: Final = 22
"""In a line of the title of a panel in a narrow picture."""


def draw(
    runs: Mapping[str, xr.Dataset], only: Sequence[str] = (), width: float | None = None
) -> Picture:
    """Draw every observable against steps, or some, in a panel each.

    Parameters
    ----------
    runs : mapping of str to xarray.Dataset
        Runs by label. A single run has one colour for A and one for V. Several runs have a colour
        each, and V is dashed. With more than `MOST_NAMED` runs the colours follow their order.
    only : sequence of str, optional
        Names of observables.
    width : float, optional
        Of the picture, in inches. It then has no title.

    Returns
    -------
    Picture
        Signals, noise parts, distances, similarities and loss; stars are normalised solutions. If
        the truth is unknown, the losses of batches alone.
        Ensembles appear as the median over replicas and a band from the first to the last decile.
    """
    if not only and all(_knows_batches_alone(run) for run in runs.values()):
        only = [BATCH_LOSS.name]
    panels = {name: panel_of(name, runs) for name in only} or _all_panels(runs)
    narrow = width is not None and width < WITH_LEGEND
    many = len(runs) > MOST_NAMED
    place = place_of_legend(only, width)
    if many and not narrow:
        place = Place.WITHIN  # with a scale of colours
    mosaic = mosaic_of(only, width, place)
    columns = len(mosaic[0]) + (place is Place.RIGHT)
    with style.styled(width):
        figure = layout.new_figure((columns * WIDTH, len(mosaic) * HEIGHT), width)
        axes = figure.subplot_mosaic(mosaic)
        for name, (title, observables, logarithmic) in panels.items():
            if narrow:
                # The symbols go below the words: panels are narrow.
                words, _, symbols = title.partition("$")
                title = "\n".join(
                    [*wrap(words, NARROW_CHARACTERS), *([f"${symbols}"] * bool(symbols))]
                )
            axes[name].set_title(title)
            there = {label: run for label, run in runs.items() if observables[0] in run}
            colors = dict(zip(runs, _colors(len(runs)), strict=True))
            _panel(axes[name], there, colors, observables, logarithmic)
            style.step_axis(axes[name])
        if place is Place.BELOW:
            layout.legend_below(figure, _legend(runs, panels), 2 if narrow else 4)
        elif place is Place.RIGHT:
            figure.legend(handles=_legend(runs, panels), loc="outside right center")
        else:
            axes["legend"].axis("off")
            looks: dict[str, Any] = {"loc": "upper left" if many else "center left"}
            axes["legend"].legend(handles=_legend(runs, panels), borderaxespad=0, **looks)
        if many and place is Place.WITHIN:
            _color_scale(axes["legend"], list(runs))
        layout.head(figure, _title(runs), width)
        layout.finish(figure, width)
    figure.caption = _caption(runs, panels)
    return figure


def _caption(
    runs: Mapping[str, xr.Dataset], panels: Mapping[str, tuple[str, tuple[str, ...], bool]]
) -> str:
    """Return the caption: what is drawn, and how each run was made."""
    names = [name for _, observables, _ in panels.values() for name in observables]
    words = [LONG_NAMES.get(name, name) for name in names]
    shown = f"{'; '.join(words)}; against steps."
    parts = [f"{shown[0].upper()}{shown[1:]}"]
    for noun in dict.fromkeys(bands.members(run) for run in runs.values() if bands.replicas(run)):
        parts.append(caption.BAND.format(noun))
    known = [name for name in names if name in LONG_NAMES]
    if any(bands.normalized(run, name) for run in runs.values() for name in known):
        parts.append("Stars are normalised solutions.")
    labels = list(runs)
    if len(runs) > MOST_NAMED:
        count = counted(len(runs), "run")
        parts.append(f"Colours follow the order of {count}, {labels[0]} to {labels[-1]}.")
    told = {label: runs[label] for label in labels[:MOST_NAMED]}
    return caption.caption(" ".join(parts), caption.settings(told))


def _all_panels(
    runs: Mapping[str, xr.Dataset],
) -> Mapping[str, tuple[str, tuple[str, ...], bool]]:
    """Return `PANELS`; losses of batches, where runs have them, stand behind the population's."""
    if not any(BATCH_LOSS.name in run for run in runs.values()):
        return PANELS
    title, names, log = PANELS["loss"]
    pale = f"{title}\n(pale: of the step's batch, ${BATCH_LOSS.symbol}$)"
    return {**PANELS, "loss": (pale, (*names, BATCH_LOSS.name), log)}


def _knows_batches_alone(run: xr.Dataset) -> bool:
    """Return whether a run has the losses of batches, and not that of the population."""
    return BATCH_LOSS.name in run and bool(run["loss"].isnull().all())


def panel_of(name: str, runs: Mapping[str, xr.Dataset]) -> tuple[str, tuple[str, ...], bool]:
    """Return the panel of one observable, as in `PANELS`."""
    if name == BATCH_LOSS.name:
        return f"loss of a batch ${BATCH_LOSS.symbol}$", (name,), True
    if name not in LONG_NAMES:
        said = next(run[name].attrs for run in runs.values() if name in run)
        units = "" if said["units"] == "1" else f" [{said['units']}]"
        return style.literal(f"{said['long_name']}{units}"), (name,), False
    symbols = {each.name: each.symbol for each in OBSERVABLES}
    (log,) = (log for _, names, log in PANELS.values() if name in names)
    words = LONG_NAMES[name].removesuffix(", mu norm")
    # A longer title would run into that of the panel beside it.
    between = "\n" if len(words) > MOST_CHARACTERS else " "
    return f"{words}{between}${symbols[name]}$", (name,), log


def _color_scale(axes: Axes, labels: Sequence[str]) -> None:
    """Draw the colour scale of many runs; up to five are labelled, the first and last included."""
    from matplotlib.colors import ListedColormap

    count = len(labels)
    scale = axes.inset_axes((0.0, 0.0, 0.07, 0.5))
    colormap = ListedColormap(style.colors(count))
    scale.imshow([[i] for i in range(count)], aspect="auto", cmap=colormap)
    at = sorted({round(i * (count - 1) / 4) for i in range(5)})
    scale.set_yticks(at, [_short(labels[i]) for i in at])
    scale.yaxis.tick_right()
    scale.tick_params(length=0)
    scale.set_xticks([])
    scale.grid(visible=False)


def _short(label: str) -> str:
    """Return a label that fits beside the panels. Of a long one the end identifies the run."""
    return style.literal(label if len(label) <= 34 else f"...{label[-31:]}")


def _panel(
    axes: Axes,
    runs: Mapping[str, xr.Dataset],
    colors: Mapping[str, tuple[str, str]],
    names: Sequence[str],
    log: bool,
) -> None:
    spreads = {
        (label, name): bands.spread(runs[label], name)
        for label in runs
        for name in names
        if name in runs[label]
    }
    style.scale(axes, [part for each in spreads.values() for part in each], logarithmic=log)
    many = len(colors) > MOST_NAMED
    thin: dict[str, Any] = {"linewidth": 0.8} if many else {}
    for label, run in runs.items():
        for name in names:
            if (label, name) not in spreads:
                continue
            color = colors[label][name in LONG_NAMES and name.endswith("_V")]
            dashed = len(names) > 1 and name.endswith("_V") and len(colors) > 1
            looks = thin | ({"linestyle": style.DASHED} if dashed else {})
            if name == BATCH_LOSS.name and len(names) > 1:
                looks |= {"linewidth": 0.8, "alpha": PALE, "zorder": 2}
            shown = spreads[label, name]
            own_steps = run[step_dimension(run, name)].values
            bands.draw_values(axes, own_steps, shown, color, **({"zorder": 3} | looks))
            if f"normalized_{name}" not in run:
                continue
            steps, along = bands.normalized_along(run, name)
            if len(steps):
                looks = looks | {"linewidth": 0.9}
                style.curve(axes, steps, along, color=color, zorder=2, **looks)
            for step, value in bands.normalized(run, name):
                if bands.replicas(run):
                    axes.plot([step, step], [value.low, value.high], color=color, zorder=4)
                size = 6 if many else 13
                style.star(axes, step, float(value.middle), color, hollow=dashed, size=size)
    if len(colors) == 1:
        (run,) = runs.values()
        for end in bands.stage_ends(run):
            axes.axvline(end, color=style.GREY, linewidth=0.8, linestyle=":", zorder=1)


def _colors(runs: int) -> list[tuple[str, str]]:
    """Return the colours of A and V for each run. They differ only if there is a single run."""
    if runs == 1:
        a, v = style.colors(2)
        return [(a, v)]
    return [(color, color) for color in style.colors(runs)]


def _legend(
    runs: Mapping[str, xr.Dataset], panels: Mapping[str, tuple[str, tuple[str, ...], bool]]
) -> list[Artist]:
    line, grey = style.line_handle, style.GREY
    colors, single = _colors(len(runs)), len(runs) == 1
    shown = [name for _, names, _ in panels.values() for name in names if name in LONG_NAMES]
    paired = any(len(names) > 1 for _, names, _ in panels.values())
    handles: list[Artist] = []
    if single:
        names = ("attention matrix A, and the loss", "value matrix V")
        there = {name.endswith("_V") for name in shown}
        handles += [line(names[i], color=colors[0][i]) for i in (0, 1) if bool(i) in there]
    else:
        if len(runs) <= MOST_NAMED:
            for (label, run), (color, _) in zip(runs.items(), colors, strict=True):
                count = bands.replicas(run)
                many = f", {count} {bands.members(run)}" if count else ""
                text = f"{_short(label)}{many}{bands.status_note(run)}"
                handles.append(line(text, color=color))
        if paired:
            handles.append(line("A, and the loss", color=grey))
            handles.append(line("V", color=grey, linestyle=style.DASHED))
    sizes = {bands.replicas(run) for run in runs.values()} - {0}
    if sizes:
        noun = bands.members(next(run for run in runs.values() if bands.replicas(run)))
        handles.append(style.band_handle(f"{sizes.pop()}" if len(sizes) == 1 else "the", noun))
    if any(bands.normalized(run, name) for run in runs.values() for name in shown):
        hollow = " (V: hollow)" if paired and not single else ""
        handles.append(style.star_handle(grey, f"normalised{hollow}"))
    if shown and any(bands.normalized_along(run, "loss")[0].size for run in runs.values()):
        handles.append(line("normalised, along the run", color=grey, linewidth=0.9))
    if single and any(bands.stage_ends(run) for run in runs.values()):
        handles.append(line("end of a stage", color=grey, linestyle=":"))
    return handles


def _title(runs: Mapping[str, xr.Dataset]) -> str:
    """Return the labels of the runs, and the facts that all of them share."""
    names = [f"{style.literal(label)}{bands.status_note(run)}" for label, run in runs.items()]
    facts = [facts_of(run) for run in runs.values()]
    shared = [fact for fact in facts[0] if all(fact in each for each in facts)]
    few = len(names) == 1 or (len(names) <= 4 and len("".join(names)) <= 80)
    return style.title(", ".join(names) if few else counted(len(runs), "run"), shared)


def facts_of(run: xr.Dataset) -> list[str]:
    """Return the facts of a run for a title: sizes, batch size, rules and engine."""
    spec = spec_table_of(run)
    names = (stage.get("rule") or spec["dynamics"]["rule"] for stage in spec["stage"])
    rules = map(short_name, names)
    distinct = " then ".join(rule for rule, _ in groupby(rules))
    batch_size = f"batch size ${style.scientific(spec['dynamics']['batch_size'])}$"
    return [
        *style.sizes(run.attrs),
        *([batch_size] if has_batch_size(spec) else []),
        f"{distinct} on the {run.attrs['engine']} engine" if "engine" in run.attrs else distinct,
    ]
