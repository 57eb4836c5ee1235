"""The curves of a comparison, and its table of gaps; the boundaries of a boundary study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scbsim.errors import InputError, OutputError
from scbsim.observables import NAMES
from scbsim.plotting import style
from scbsim.plotting.overview import panel_of
from scbsim.report.curves import Curves, Panel, logarithmic
from scbsim.report.words import escaped, plain
from scbsim.studies.compare.gaps import TABLES
from scbsim.studies.compare.plot import LOGARITHMIC, looks_of
from scbsim.studies.phase.plot import key_label
from scbsim.util.arguments import given
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr


def of_comparison(found: xr.Dataset, only: Sequence[str] = ()) -> Curves:
    """Return the medians of all models, with their bands."""
    if unknown := [name for name in only if name not in NAMES]:
        there = ", ".join(NAMES)
        raise InputError(f'"{unknown[0]}" is not an observable of it; there are {there}')
    looks = looks_of(found)
    every = np.arange(len(looks))
    panels = []
    for name in only or NAMES:
        title, _, _ = panel_of(name, {})
        values = found[name].sel(model=list(looks)).transpose("quantile", "model", "step").values
        low, middle, high = style.drawable(values)
        scale = logarithmic(middle, name in LOGARITHMIC)
        panels.append(Panel(name, title, scale, found["step"].values, middle, (every, low, high)))
    colors = {label: color for color, label, _ in looks.values()}
    note = f"Medians, with bands from 10% to 90%, of {counted(found.attrs['replicas'], 'replica')}."
    return Curves(list(colors), {"model": list(colors)}, panels, notes=[note], colors=colors)


def gaps_table(found: xr.Dataset) -> str:
    """Return the table of gaps as HTML: of each observable and model of noise."""
    words = [escaped(long_name) for long_name in TABLES.values()]
    head = "".join(f'<th scope="col">{word}</th>' for word in words)
    rows = []
    for name in map(str, found["observable"].values):
        for model in map(str, found["gaussian"].values):
            row = found.sel(observable=name, gaussian=model)
            cells = "".join(f"<td>{float(row[table]):.4g}</td>" for table in TABLES)
            first = f'<th scope="row">{escaped(name)}, {escaped(model)}</th>'
            rows.append(f"<tr>{first}{cells}</tr>")
    head = f"<thead><tr><td></td>{head}</tr></thead>"
    note = "Gaps are shares of the median or of the range of real batches."
    return f"<p>{note}</p><table>{head}<tbody>{''.join(rows)}</tbody></table>"


def of_boundary(found: xr.Dataset, only: Sequence[str] = ()) -> Curves:
    """Return the boundary of each curve and seed against the key along which it was found."""
    if only:
        raise InputError(f"{given('only')} takes observables, and a boundary study has none")
    curves: dict[str, Any] = json.loads(found.attrs["curves"])
    first = next(iter(curves.values()))
    along, find = (key_label(first[key].partition("=")[0]) for key in ("along", "find"))
    x, values = found["x"].values, found["boundary"].values
    count, seeds, points = values.shape
    steps = np.repeat(x[:, None], seeds, axis=1).reshape(-1, points)
    flat = values.reshape(-1, points)
    there = np.isfinite(flat).any(axis=1)
    if not there.any():
        raise OutputError("no boundary of the study is found yet, so there is nothing to report")
    names = [name for name in map(str, found["curve"].values) for _ in range(seeds)]
    numbers = list(range(seeds)) * count
    kept = np.flatnonzero(there).tolist()
    return Curves(
        labels=[f"{names[i]}, seed {numbers[i]}" for i in kept],
        keys={"curve": [names[i] for i in kept], "seed": [numbers[i] for i in kept]},
        panels=[Panel("boundary", find, True, steps[there], flat[there])],
        x=plain(along),
    )
