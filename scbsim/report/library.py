"""Bokeh, which draws in the page; an optional extra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from scbsim.errors import InputError, install

HEIGHT: Final = 270
"""Pixels of a plot; its width follows the page."""


def bokeh() -> Any:
    """Return the module ``bokeh.plotting``; raise InputError where it is not installed."""
    try:
        import bokeh.plotting
    except ImportError as error:
        raise InputError(
            f"Bokeh, which draws the plots of a report, cannot be loaded ({error}): "
            f"{install('report')}"
        ) from None
    return bokeh.plotting


def script() -> str:
    """Return the JavaScript of Bokeh: the part that draws plots, without widgets and MathJax."""
    from bokeh.resources import Resources

    found: str = Resources(mode="inline", components=["bokeh"]).js_raw[0]
    return found


def new_plot(tools: str, **looks: Any) -> Any:
    """Return an empty plot as wide as its place in the page."""
    looks = {"height": HEIGHT, "sizing_mode": "stretch_width", "toolbar_location": "above", **looks}
    plot = bokeh().figure(tools=tools, **looks)
    plot.toolbar.logo = None
    plot.toolbar.autohide = False
    plot.grid.grid_line_color = "#e6e6e6"
    plot.outline_line_color = None
    return plot


def hover(plot: Any, renderer: Any, told: Sequence[tuple[str, str]], **looks: Any) -> None:
    """Let a plot tell of what is under the pointer: pairs of a word and a field, with a format.

    A field is ``@label``, or ``@value{%.5g}`` with a format of printf.
    """
    from bokeh.models import HoverTool

    fields = [field.partition("{")[0] for _, field in told if "{" in field]
    formats = dict.fromkeys(fields, "printf")
    tool = HoverTool(renderers=[renderer], tooltips=list(told), formatters=formats, **looks)
    plot.add_tools(tool)


def axis_label(text: str) -> Any:
    """Return the label of an axis. Bokeh would read ``$$`` in a plain text as mathematics."""
    from bokeh.models import PlainText

    return PlainText(text=text)


def item(plot: Any) -> dict[str, Any]:
    """Return a plot as JSON, which BokehJS embeds."""
    from bokeh.embed import json_item

    return dict(json_item(plot))
