"""How every picture looks: fonts, colours, lines, and how it is saved."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scbsim.plotting.places import check_picture
from scbsim.util.atomic import atomic_write
from scbsim.util.paths import resolved
from scbsim.util.text import printable

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import ArrayLike, NDArray

# Okabe and Ito's colours, which the colour-blind tell apart.
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

SIGNAL_LABELS: Final = {"alpha_A": r"signal $\alpha_A$", "alpha_V": r"signal $\alpha_V$"}
DELTA_LABELS: Final = {"delta_A": r"$\|\Delta_A\|_\mu$", "delta_V": r"$\|\Delta_V\|_\mu$"}
SIGNAL_OF: Final = {"delta_A": ("alpha_A", "K_Q"), "delta_V": ("alpha_V", "K_P")}

DRAWABLE: Final = 1e30
"""Where a diverging curve leaves the picture; matplotlib's own arithmetic ends at 1e308."""

ROUNDING: Final = 1e-12
"""Below, numbers are what rounding left of a zero: the norms of what is learned are near 1."""

WIDE: Final = 100.0
"""Values beyond which a linear axis shows nothing of what happens near 1."""

_BACKENDS: Final = {"png": "agg", "pdf": "pdf", "svg": "svg"}
"""What draws each format, whatever else the process draws with."""

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


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the house style, whatever the user's own matplotlibrc says; it stays as it is."""
    _import_matplotlib()
    from matplotlib import style

    with style.context(["default", _RC]):
        yield


def _import_matplotlib() -> None:
    """Import matplotlib, whatever the variable MPLBACKEND names.

    Pictures go to files and need no backend, but matplotlib cannot be imported where that variable
    names one that is not installed, as a notebook's is not for a program that is started from it.
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
        # As matplotlib itself does: it is the choice of whoever shows figures in this process.
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = named


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches that lays itself out; pyplot knows nothing of it."""
    _import_matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as png, pdf or svg, by the name of ``path``.

    Raises
    ------
    OutputError
        As :func:`scbsim.plotting.places.check_picture` says.
    """
    check_picture(path)
    form, path = path.suffix[1:].lower(), resolved(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # No date in the file: the same run gives the same bytes.
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(form)
    with styled(), atomic_write(path) as file:
        figure.savefig(file, format=form, backend=_BACKENDS[form], metadata=metadata)


def drawable(values: ArrayLike) -> NDArray[np.float64]:
    """Return values as they are drawn: NaN where they diverged beyond that, 0 for rounding."""
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        size = np.abs(array)
        return np.where(size < DRAWABLE, np.where(size < ROUNDING, 0.0, array), np.nan)


def curve(axes: Axes, steps: ArrayLike, values: ArrayLike, **looks: Any) -> None:
    """Draw values against steps; a run of one row is a dot, since it has no line."""
    import numpy as np

    shown = drawable(values)
    if np.isfinite(shown).sum() == 1:
        looks = {"marker": "o", "markersize": 4, **looks}
    axes.plot(np.asarray(steps), shown, **looks)


def scale(axes: Axes, values: Sequence[ArrayLike], *, logarithmic: bool) -> None:
    """Choose the scale of the y axis for what is drawn on it.

    A logarithmic one is used where the positive values span a decade; a linear one gives way
    where a run that diverges would hide what happens near 1.
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
    """Label a logarithmic y axis of a decade or two at 0.1, 0.2, 0.5, 1 and so on."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if axes.get_yscale() == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def step_axis(axes: Axes) -> None:
    """Give the x axis ticks at whole steps."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.set_xlabel("step")


def colors(count: int) -> list[str]:
    """Return so many colours that differ: those of the cycle, or else from dark to light."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    if count <= len(CYCLE):
        return list(CYCLE[:count])
    return [to_hex(colormaps["viridis"](0.92 * i / (count - 1))) for i in range(count)]


def literal(name: str) -> str:
    r"""Return a name that is shown as it is: no mathematics, and no label that is left out."""
    shown = printable(name).replace("$", r"\$")
    return r"$\_$" + shown[1:] if shown.startswith("_") else shown


def whole(number: float) -> str:
    r"""Return a whole number as mathtext: ``1000``, ``100\,000``."""
    digits = f"{int(number):,}"
    return digits.replace(",", r"\," if number >= 10_000 else "")


def power(number: float) -> str:
    r"""Return a number as mathtext with a power of ten: ``5 \times 10^{6}``, ``256``."""
    if number < 10_000:
        return f"{number:g}"
    digits, exponent = f"{number:.6e}".split("e")
    digits = digits.rstrip("0").rstrip(".")
    tens = f"10^{{{int(exponent)}}}"
    return tens if digits == "1" else rf"{digits} \times {tens}"


def star(
    axes: Axes, step: float, value: float, color: str, *, hollow: bool = False, size: float = 13
) -> None:
    """Mark a normalised solution."""
    axes.plot(
        [step],
        [drawable(value)],
        marker="*",
        markersize=size,
        linestyle="none",
        color=color,
        markerfacecolor="white" if hollow else color,
        markeredgecolor=color if hollow else "white",
        markeredgewidth=1.1 if hollow else 0.7,
        zorder=5,
        clip_on=False,
    )


def star_handle(color: str, label: str) -> Line2D:
    """Return what a legend shows of a star."""
    from matplotlib.lines import Line2D

    looks: dict[str, Any] = {"marker": "*", "markersize": 12, "markeredgecolor": "white"}
    return Line2D([], [], color=color, linestyle="none", label=label, **looks)


def signal_norm(run: xr.Dataset, delta: str) -> NDArray[np.float64]:
    """Return the mu norm of the signal part that a noise part stands against."""
    import numpy as np

    alpha, K = SIGNAL_OF[delta]
    norm: NDArray[np.float64] = np.abs(run[alpha].values) * float(run.attrs[K]) ** 0.5
    return norm
