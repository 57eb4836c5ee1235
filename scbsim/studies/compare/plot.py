"""Plot of a comparison: every observable on real batches and under two models of noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from scbsim.observables import OBSERVABLES
from scbsim.plotting import layout, style
from scbsim.plotting.bands import Spread, draw_values
from scbsim.plotting.caption import BAND, caption
from scbsim.plotting.picture_paths import pictures_in
from scbsim.plotting.spec_facts import facts_of_spec
from scbsim.spec.rules import short_name
from scbsim.studies.recipe import save_pictures
from scbsim.trajectory.views import spec_table_of
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from scbsim.plotting.picture import Picture

LOOKS: Final[dict[str, tuple[str, str, Any]]] = {
    "batch": (style.BLACK, "real batches", "-"),
    "isotropic": (style.VERMILION, "Gaussian, isotropic", style.DASHED),
    "matched": (style.BLUE, "Gaussian, matched", (0, (1, 1))),
    "sampled": (style.BLUE, "sampled", (0, (1, 1))),
}
"""Colour, label and line style of each model."""

LOGARITHMIC: Final = ("delta_A", "delta_V", "dist_A", "dist_V")
DECADES: Final = 1e4

_ORDER: Final = (
    *(f"{kind}_{matrix}" for matrix in "AV" for kind in ("alpha", "delta", "dist")),
    *("sim_A", "sim_V", "loss"),
)
"""The observables by columns of the figure: those of A, those of V, and the others."""


def pictures(
    found: xr.Dataset, folder: Path, *, width: float | None = None, formats: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Write ``compare.png``, ``compare.pdf`` and their caption in a folder; return their paths."""
    return save_pictures(draw(found, width), pictures_in(folder, "compare", formats))


def draw(found: xr.Dataset, width: float | None = None) -> Picture:
    """Draw medians over replicas and bands from the first to the last decile, against steps.

    With a ``width``, in inches, there is no title.
    """
    symbols = {o.name: o.symbol for o in OBSERVABLES}
    with style.styled(width):
        figure = layout.new_figure((9.6, 7.4), width)
        grid = figure.subplots(3, 3, sharex=True)
        for axes, name in zip(grid.T.flat, _ORDER, strict=True):
            _panel(axes, found, name)
            axes.set_title(f"${symbols[name]}$")
        for axes in grid[-1]:
            style.step_axis(axes)
        layout.head(figure, title_of(found), width)
        lines = [
            style.line_handle(label, color=color, linestyle=line)
            for color, label, line in looks_of(found).values()
        ]
        handles = [*lines, style.band_handle(found.attrs["replicas"])]
        layout.legend_below(figure, handles, 4)
        layout.finish(figure, width)
    figure.caption = _caption(found)
    return figure


def looks_of(found: xr.Dataset) -> dict[str, tuple[str, str, Any]]:
    """Return the looks of the models that were run, in their order."""
    return {model: LOOKS[model] for model in map(str, found["model"].values)}


def _caption(found: xr.Dataset) -> str:
    """Return the caption: the models of noise, and the spec that the runs share."""
    spec = spec_table_of(found)
    levels = "fitted to the matched ones" if found.attrs.get("fitted") == "true" else "of the spec"
    every = int(found.attrs["every"])
    sampled = "sampled" in found["model"].values
    second = "sampled noise" if sampled else "matched Gaussian noise"
    renewed = "" if sampled else f" Matched noise is renewed every {counted(every, 'step')}."
    count = counted(int(found.attrs["replicas"]), "replica")
    facts = facts_of_spec({key: part for key, part in spec.items() if key != "noise"})
    seeds = f"seed {spec['seed']} of the noise and of the samples" if "seed" in spec else ""
    return caption(
        "Signals, noise parts, distances from the truth and similarities with it, and the loss, "
        f"against steps: on real batches, and under isotropic noise and {second} in their place. "
        f"{BAND.format(count)}",
        f"{'; '.join(filter(None, (*facts, seeds)))}. Isotropic levels, {levels}: sigma_A = "
        f"{found.attrs['sigma_A']:.4g} and sigma_V = {found.attrs['sigma_V']:.4g}.{renewed}",
        "The paper has no such picture: sizes and rates are our choice.",
    )


def _panel(axes: Axes, found: xr.Dataset, name: str) -> None:
    spreads = {model: Spread(*found[name].sel(model=model).values) for model in looks_of(found)}
    medians = np.array([each.middle for each in spreads.values()])
    style.scale(axes, [medians], logarithmic=name in LOGARITHMIC)
    if axes.get_yscale() == "log":
        # Rounding errors near 0 would take up the whole axis.
        positive = medians[medians > 0]
        axes.set_ylim(bottom=max(positive.max() / DECADES, positive.min() / 2))
    for model, (color, _, line) in looks_of(found).items():
        draw_values(axes, found["step"].values, spreads[model], color, linestyle=line, zorder=3)


def title_of(found: xr.Dataset) -> str:
    """Return the title of a comparison, with what its runs share."""
    spec = spec_table_of(found)
    dynamics = spec["dynamics"]
    batch_size = f"batch size ${style.scientific(dynamics['batch_size'])}$"
    names = (stage.get("rule") or dynamics["rule"] for stage in spec["stage"])
    rules = dict.fromkeys(map(short_name, names))
    facts = [*style.sizes(spec["task"]), batch_size, " then ".join(rules)]
    kind = "Sampled" if "sampled" in found["model"].values else "Gaussian"
    return style.title(f"{kind} noise in place of real batches", facts)
