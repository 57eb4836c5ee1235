"""The parts of a page as HTML, and the data and plots that the page's script fills in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from scbsim.report.curve_data import data_of, templates
from scbsim.report.curves import Curves
from scbsim.report.legend import MEANINGS, legend
from scbsim.report.made_by import MadeBy
from scbsim.report.maps import Map, drawn
from scbsim.report.phase import map_of, quantities, settings_of
from scbsim.report.words import escaped, html

if TYPE_CHECKING:
    import xarray as xr

MOST_MULTIPLES: Final = 12
"""A key with up to this many values can have a panel for each."""


@dataclass
class Content:
    """What a page holds: its parts as HTML, and what its script reads."""

    parts: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    def add_curves(self, curves: Curves) -> None:
        """Add the panels of curves and, if they are many, the plot of what varies."""
        self.data["curves"] = found = data_of(curves)
        self.data["templates"] = templates(curves)
        several = {key: each for key, each in found["keys"].items() if 1 < len(each["names"])}
        facets = [key for key in several if len(several[key]["names"]) <= MOST_MULTIPLES]
        names = {panel.name: panel.name for panel in curves.panels}
        multiples = {"": "by observable"} | {key: f"by {key}" for key in facets}
        # What has few values is told apart best by colours.
        first = [*facets, *(key for key in several if key not in facets)]
        controls = _select("color", "Colour by", {key: key for key in first} | {"": "nothing"})
        if len(curves.labels) > 2 and facets:
            controls += _select("multiples", "Small multiples", multiples)
        if len(curves.panels) > 1 and len(curves.labels) > 2:
            controls += _select("observable", "Observable", names)
        scales = {"": "automatic", "linear": "linear", "log": "logarithmic"}
        controls += _select("scale", "Vertical axis", scales)
        notes = [*curves.notes, *([found["thinned"]] if found["thinned"] else [])]
        named = legend(
            (panel.name for panel in curves.panels),
            stars=any(panel.stars for panel in curves.panels),
            ends=bool(curves.ends),
        )
        said = "".join(f'<p class="note">{escaped(note)}</p>' for note in notes)
        self.parts.append(
            f'<section><h2>Curves</h2>{said}<div class="controls">{controls}</div>'
            '<div id="legend" class="legend" role="group" aria-label="Curves to show"></div>'
            f'<div id="panels" class="panels"></div>{named}</section>'
        )
        if len(curves.labels) > 2:
            self._add_choice(list(several))

    def _add_choice(self, several: Sequence[str]) -> None:
        parameter = _select("parameter", "Parameter", {key: key for key in several})
        plot = '<div id="parameters" class="plot"></div>'
        plot = f'<div><h3 id="parameters-title"></h3>{plot}</div>' if several else ""
        self.parts.append(
            "<section><h2>What varies</h2><p>What is selected here or in a plot stands out in all "
            "plots. In the list, Ctrl or Shift selects several.</p>"
            f'<div class="controls">{parameter if several else ""}</div><div class="choice">{plot}'
            f'<div><label for="rows">Curves</label><select id="rows" multiple size="12"></select>'
            '<div class="controls"><button type="button" id="clear">Clear selection'
            '</button><button type="button" id="alone" aria-pressed="false">Show only the selected'
            '</button></div><p id="selected" aria-live="polite"></p></div></div></section>'
        )

    def add_maps(self, maps: Sequence[Map], note: str) -> None:
        """Add heat maps."""
        figures = []
        for each in maps:
            self._plots[f"map-{each.name}"] = drawn(each)
            figures.append(_figure(f"map-{each.name}", html(each.title)))
        self.parts.append(
            f'<section><h2>Matrices</h2><p class="note">{escaped(note)}</p>'
            f'<div class="panels wide">{"".join(figures)}</div></section>'
        )

    def add_phase(self, diagram: xr.Dataset, curves: Sequence[str]) -> None:
        """Add the maps of a phase diagram; ``curves`` are words on each rule's boundary."""
        figures = []
        for rule, law in zip(map(str, diagram["rule"].values), curves, strict=True):
            self._plots[f"phase-{rule}"] = map_of(diagram, rule)
            figures.append(_figure(f"phase-{rule}", f"{escaped(rule)} <small>{html(law)}</small>"))
        self.data["phase"] = {**settings_of(diagram), "quantities": quantities(diagram)}
        shown = _select("quantity", "Shown", quantities(diagram))
        self.parts.append(
            f'<section><h2>Diagram</h2><div class="controls">{shown}</div><p class="note">The '
            "dashed line is where half of the runs recover. Select a point by a click, or with the "
            'arrow keys while Shift is held, for the command that runs it.</p><div class="panels '
            f'wide">{"".join(figures)}</div><p id="point" aria-live="polite"></p>'
            f"{_copied('point-command', '')}</section>"
        )

    def add_html(self, title: str, content: str) -> None:
        """Add a part of HTML that is safe."""
        self.parts.append(
            f'<section><h2>{escaped(title)}</h2><div class="scroll">{content}</div></section>'
        )

    def add_facts(self, title: str, facts: Mapping[str, Any]) -> None:
        """Add a table of names, values, and what the names of observables mean."""
        rows = "".join(
            f'<tr><th scope="row">{escaped(key)}</th><td>{escaped(value)}</td>'
            f'<td class="words">{MEANINGS.get(key, "")}</td></tr>'
            for key, value in facts.items()
        )
        self.add_html(title, f"<table><tbody>{rows}</tbody></table>")

    def add_made_by(self, made: MadeBy, page: str) -> None:
        """Add the commands that make the file and the page again, the spec and the provenance."""
        commands = "\n".join(filter(None, (made.command, page)))
        parts = [f"<h3>Commands</h3>{_copied('command', commands)}"]
        if made.spec:
            name = escaped(made.spec_name)
            parts.append(f"<h3><code>{name}</code></h3>{_copied('spec', made.spec)}")
        if made.provenance:
            parts.append(f"<h3>Provenance</h3>{_copied('provenance', made.provenance)}")
        self.parts.append(f"<section><h2>To make it again</h2>{''.join(parts)}</section>")

    @property
    def _plots(self) -> dict[str, Any]:
        found: dict[str, Any] = self.data.setdefault("plots", {})
        return found


def _select(name: str, label: str, options: Mapping[str, str]) -> str:
    items = "".join(
        f'<option value="{escaped(value)}">{escaped(words)}</option>'
        for value, words in options.items()
    )
    return f'<label>{label} <select id="{name}">{items}</select></label>'


def _figure(name: str, title: str) -> str:
    return f'<figure><h3>{title}</h3><div id="{escaped(name)}" class="plot"></div></figure>'


def _copied(name: str, text: str) -> str:
    return (
        f'<div class="copied"><button type="button" data-copies="{name}">Copy</button>'
        f'<pre id="{name}" tabindex="0">{escaped(text)}</pre></div>'
    )


def pretty(content: Any) -> str:
    """Return content as JSON to read."""
    return json.dumps(content, indent=2, ensure_ascii=False)
