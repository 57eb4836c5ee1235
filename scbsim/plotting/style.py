"""The common style of all plots: fonts, colours, lines, titles, legends, and how they are saved."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scbsim.plotting.picture_paths import check_picture
from scbsim.plotting.width import POINTS, type_size
from scbsim.util.atomic import atomic_write
from scbsim.util.paths import resolved
from scbsim.util.text import printable

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from numpy.typing import ArrayLike, NDArray

    from scbsim.plotting.picture import Picture

# The palette of Okabe and Ito, which colour-blind people can tell apart.
BLACK: Final = "#000000"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
GREY: Final = "#999999"
CYCLE: Final = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)

DASHED: Final = (0, (4, 2))

DRAWABLE: Final = 1e30
"""Larger values are not drawn; matplotlib's own arithmetic overflows near 1e308."""

ROUNDING: Final = 1e-12
"""Smaller values are drawn as 0: they are rounding errors, since learned norms are near 1."""

WIDE: Final = 100.0
"""With larger values, a linear axis would hide what happens near 1."""

_BACKENDS: Final = {"png": "agg", "pdf": "pdf", "svg": "svg"}
"""Matplotlib backend of each format, independent of the backend of the process."""

_RC: Final[dict[str, Any]] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "figure.titlesize": 11,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "mathtext.fontset": "dejavusans",
    "axes.xmargin": 0.03,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "savefig.dpi": 300,
    "savefig.facecolor": "white",
    # Type 42 keeps text as text, which journals ask for; type 3 does not.
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "scbsim",
    "agg.path.chunksize": 10_000,
}

_SIZES: Final = ("size", "axes.linewidth", "grid.linewidth")
"""Ends of the settings above that change with the size of type."""

_TICKS: Final = tuple(
    f"{axis}tick.{kind}.{part}"
    for axis in "xy"
    for kind in ("major", "minor")
    for part in ("size", "width", "pad")
)
"""Matplotlib's own settings that change with it, too."""


@contextmanager
def styled(width: float | None = None) -> Iterator[None]:
    """Apply the common style in a ``with`` block, and restore the user's settings after it.

    Type and axes have the size that suits a picture of ``width`` inches.
    """
    _import_matplotlib()
    from matplotlib import rcParamsDefault, style

    unit = type_size(width) / POINTS
    sizes: dict[str, Any] = {}
    if unit != 1:
        sizes |= {key: unit * size for key, size in rcParamsDefault.items() if key in _TICKS}
        sizes |= {key: unit * size for key, size in _RC.items() if key.endswith(_SIZES)}
    with style.context(["default", _RC | sizes]):
        yield


def _import_matplotlib() -> None:
    """Import matplotlib even if MPLBACKEND names a backend that is not installed.

    A program started from a notebook inherits that variable. Plots go to files and need no
    interactive backend.
    """
    if "matplotlib" in sys.modules:
        return
    named = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if named is not None:
            os.environ["MPLBACKEND"] = named
    if named:
        # Apply the setting as matplotlib would have, for code that shows figures in this process.
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = named


def new_figure(width: float, height: float) -> Picture:
    """Return an empty figure, in inches, with constrained layout; it is not known to pyplot."""
    _import_matplotlib()
    from scbsim.plotting.picture import Picture

    return Picture(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as png, pdf or svg, by the suffix of ``path``.

    Raises
    ------
    OutputError
        See :func:`scbsim.plotting.picture_paths.check_picture`.
    """
    check_picture(path)
    form, path = path.suffix[1:].lower(), resolved(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a date, the same run gives the same bytes.
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(form)
    # Ticks are made as the picture is drawn, in the size of the style then.
    with styled(getattr(figure, "paper_width", None)), atomic_write(path) as file:
        figure.savefig(file, format=form, backend=_BACKENDS[form], metadata=metadata)


def drawable(values: ArrayLike) -> NDArray[np.float64]:
    """Return values as drawn: NaN from `DRAWABLE` on, 0 below `ROUNDING`."""
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        size = np.abs(array)
        return np.where(size < DRAWABLE, np.where(size < ROUNDING, 0.0, array), np.nan)


def curve(axes: Axes, steps: ArrayLike, values: ArrayLike, **looks: Any) -> None:
    """Draw values against steps; a single value is drawn as a dot."""
    import numpy as np

    shown = drawable(values)
    if np.isfinite(shown).sum() == 1:
        looks = {"marker": "o", "markersize": 4, **looks}
    axes.plot(np.asarray(steps), shown, **looks)


def scale(axes: Axes, values: Sequence[ArrayLike], *, logarithmic: bool) -> None:
    """Choose the scale of the y axis for the given values.

    It is logarithmic if that is allowed and the positive values span a decade. A linear axis
    becomes symmetric logarithmic if a diverging run would hide what happens near 1.
    """
    import numpy as np

    shown = np.concatenate([drawable(each).ravel() for each in values])
    positive = np.abs(shown[np.abs(shown) > 0])
    signed = bool((shown < -WIDE).any())
    if positive.size == 0:
        return
    if logarithmic and positive.max() > 10 * positive.min():
        axes.set_yscale("log", nonpositive="mask")
    elif positive.max() > WIDE:
        axes.set_yscale("symlog", linthresh=1.0)
        axes.yaxis.minorticks_off()
        top = np.log10(positive.max())
        stride = np.ceil(top / 4)
        decades = 10.0 ** np.arange(stride, top + 1, stride)
        axes.set_yticks([*-decades, 0.0, *decades] if signed else [0.0, *decades])


def plain_log_ticks(axes: Axes) -> None:
    """Label a logarithmic y axis of one or two decades at 0.1, 0.2, 0.5, 1 and so on."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if axes.get_yscale() == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def step_axis(axes: Axes, label: str = "step") -> None:
    """Label the x axis, and put its ticks at whole steps, as many as have room for their labels."""
    from scbsim.plotting.picture import StepLocator

    axes.xaxis.set_major_locator(StepLocator())
    axes.set_xlabel(label)


def colors(count: int) -> list[str]:
    """Return distinct colours: those of `CYCLE`, or a map from dark to light if there are more."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    if count <= len(CYCLE):
        return list(CYCLE[:count])
    return [to_hex(colormaps["viridis"](0.92 * i / (count - 1))) for i in range(count)]


def literal(name: str) -> str:
    r"""Escape a name so that matplotlib shows it as it is.

    Without that, ``$`` begins mathematics, and a label with a leading ``_`` is left out of legends.
    """
    shown = printable(name).replace("$", r"\$")
    return r"$\_$" + shown[1:] if shown.startswith("_") else shown


def integer(number: float) -> str:
    r"""Return a whole number as mathtext: ``1000``, ``100\,000``."""
    digits = f"{int(number):,}"
    return digits.replace(",", r"\," if number >= 10_000 else "")


def scientific(number: float) -> str:
    r"""Return a number as mathtext with a power of ten: ``5 \times 10^{6}``, ``256``."""
    if number < 10_000:
        return f"{number:g}"
    digits, exponent = f"{number:.6e}".split("e")
    digits = digits.rstrip("0").rstrip(".")
    tens = f"10^{{{int(exponent)}}}"
    return tens if digits == "1" else rf"{digits} \times {tens}"


def sizes(values: Mapping[Any, Any], names: str = "NTQ") -> list[str]:
    """Return facts for :func:`title` such as ``$N = 100$``, for the names that ``values`` has."""
    return [f"${name} = {integer(values[name])}$" for name in names if name in values]


def title(head: str, facts: Sequence[str], note: str = "") -> str:
    """Return a title: a head line, facts separated by commas, and a note in parentheses."""
    return "\n".join(filter(None, (head, ", ".join(facts), f"({note})" if note else "")))


def line_handle(label: str, **looks: Any) -> Line2D:
    """Return the legend entry of a line."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **looks)


def star_handle(color: str, label: str) -> Line2D:
    """Return the legend entry of a star."""
    looks: dict[str, Any] = {"marker": "*", "markersize": 12, "markeredgecolor": "white"}
    return line_handle(label, color=color, linestyle="none", **looks)


def band_handle(count: int | str, members: str = "replicas") -> Patch:
    """Return the legend entry of the band of ``count`` replicas, or other members."""
    from matplotlib.patches import Patch

    return Patch(facecolor=GREY, alpha=0.6, label=f"median and 10-90% of {count} {members}")


def star(
    axes: Axes, step: float, value: float, color: str, *, hollow: bool = False, size: float = 13
) -> None:
    """Mark a normalised solution with a star."""
    looks: dict[str, Any] = {
        "markerfacecolor": "white" if hollow else color,
        "markeredgecolor": color if hollow else "white",
        "markeredgewidth": 1.1 if hollow else 0.7,
    }
    place = ([step], [drawable(value)])
    axes.plot(*place, "*", markersize=size, color=color, zorder=5, clip_on=False, **looks)
