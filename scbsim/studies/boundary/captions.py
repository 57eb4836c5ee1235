"""The caption of a boundary study."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

from scbsim.plotting.caption import caption
from scbsim.plotting.spec_facts import facts_of_spec
from scbsim.studies.boundary.slopes import of_curve, slope
from scbsim.util.text import counted

if TYPE_CHECKING:
    import xarray as xr


def caption_of(found: xr.Dataset, title: str = "") -> str:
    """Return the caption of a boundary study: what was searched, and the spec of each curve."""
    curves = json.loads(found.attrs["curves"])
    head = f"{title.rstrip('.')}. " if title else ""
    return caption(
        f"{head}Each line is the geometric mean over seeds of the least value at which enough runs "
        "recover the truth, and a dot is one seed.",
        " ".join(
            f"{name}: {_of_curve(curve, found, c)}."
            for c, (name, curve) in enumerate(curves.items())
        ),
        "The paper has no such picture: sizes, rates and what counts as recovered are our choice.",
    )


def _of_curve(curve: Mapping[str, Any], found: xr.Dataset, c: int) -> str:
    along, find = (curve[key].partition("=")[0] for key in ("along", "find"))
    facts = facts_of_spec(curve["spec"], without=(along, find))
    grows = slope(*of_curve(found, c))
    digits, error = grows.in_digits()
    error = f" +- {error}" if error else ""
    power = "" if isnan(grows.value) else f"; it grows with power {digits}{error} of {along}"
    return (
        f"{find} along {along} at which {curve['level']:g} of {counted(curve['replicas'], 'run')} "
        f"have {curve['recovered']}, {counted(curve['seeds'], 'seed')}"
        f"{power}; {'; '.join(facts)}"
    )
