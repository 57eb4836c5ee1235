"""The caption of a phase diagram."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from scbsim.plotting.caption import caption
from scbsim.plotting.spec_facts import facts_of_spec
from scbsim.trajectory.views import spec_table_of
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr

_RULES: Final = {"sgd": "SGD", "l1": "the l1 method"}


def caption_of(diagram: xr.Dataset) -> str:
    """Return the caption of a phase diagram: what counts as recovered, its grid, and its spec."""
    spec, grid = spec_table_of(diagram), json.loads(diagram.attrs["grid"])
    keys = {name: str(diagram[name].attrs["key"]) for name in ("x", "y")}
    rules = [_RULES.get(str(rule), str(rule)) for rule in diagram["rule"].values]
    spans = [
        f"{keys[name]} from {diagram[name].values[0]:g} to {diagram[name].values[-1]:g} at "
        f"{counted(diagram.sizes[name], 'value')}"
        for name in ("x", "y")
    ]
    facts = facts_of_spec(spec, without=(*keys.values(), "dynamics.rule", "rule"))
    return caption(
        f"Where runs recover the truth under {' and '.join(rules)}: {grid['recovered']} at the "
        "end. A cell is as strongly coloured as the share of its "
        f"{counted(grid['replicas'], 'run')} that recover; "
        "on thick lines it is one half, on thin lines 10% and 90%, interpolated.",
        f"{spans[0]}, and {spans[1]}; {'; '.join(facts)}; seed {spec.get('seed', 0)} of the noise.",
        "The paper has no such picture: the grid, what counts as recovered, sizes and rates are "
        "our choice.",
    )
