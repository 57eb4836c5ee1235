"""Paths in a spec, which are relative to its folder."""

from __future__ import annotations

import os
from typing import Any

from scbsim.spec.types import is_path, made_absolute


def make_absolute(tables: dict[str, Any], folder: str | os.PathLike[str]) -> None:
    """Make the paths in a spec absolute; what is no path is left to the checks of its key.

    Those of rules are made absolute where rules are read: `scbsim.spec.own_rules`.
    """
    for name in ("task", "init", "data"):
        table = tables.get(name)
        if isinstance(table, dict) and is_path(table.get("from")):
            table["from"] = os.path.abspath(os.path.join(folder, table["from"]))
    if isinstance(output := tables.get("output"), dict) and "observe" in output:
        output["observe"] = made_absolute(output["observe"], folder)
