"""Specs that files hold. A key that a file lacks has the value that older versions knew only."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from scbsim.spec.noise_models import NOISE_MODELS

_KEY = "covariances"
"""Files of versions before this key, which is true by default, hold runs without covariances."""


def stored_tables(text: str | bytes) -> dict[str, Any]:
    """Return the tables of a spec that a file holds as JSON.

    Raises
    ------
    ValueError
        If it is not JSON.
    RecursionError
        If it is nested too deeply.
    """
    tables: dict[str, Any] = as_stored(json.loads(text))
    return tables


def as_stored(tables: Any, varying: Collection[str] = ()) -> Any:
    """Return stored tables with the keys of matched noise that they lack.

    Parameters
    ----------
    tables : dict
        Anything else is returned as it is.
    varying : collection of str
        Keys of a sweep, which its tables need not have.
    """
    return _with_covariances(tables, varying, False)


def to_store(tables: Mapping[str, Any], varying: Collection[str] = ()) -> Mapping[str, Any]:
    """Return the tables of a sweep with the defaults on which :func:`as_stored` differs."""
    stored: Mapping[str, Any] = _with_covariances(tables, varying, True)
    return stored


def _with_covariances(tables: Any, varying: Collection[str], value: bool) -> Any:
    noise = tables.get("noise", {}) if isinstance(tables, Mapping) else None
    if not isinstance(noise, Mapping) or _KEY in noise or f"noise.{_KEY}" in varying:
        return tables
    model = NOISE_MODELS.get(str(noise.get("model")))
    if "noise.model" in varying or (model is not None and model.follows_state):
        return {**tables, "noise": {**noise, _KEY: value}}
    return tables
