"""How what a page shows is made again: the spec, the command line, the provenance."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scbsim.spec.stored import stored_tables
from scbsim.spec.text import toml_text, write_toml

if TYPE_CHECKING:
    import xarray as xr


class MadeBy(NamedTuple):
    """Texts to copy; empty where there is none."""

    command: str
    spec: str
    provenance: str
    spec_name: str = "spec.toml"


def of_run(path: Path, run: xr.Dataset) -> MadeBy:
    """Return the texts of a run."""
    command = f"scbsim run spec.toml -o {shlex.quote(path.name)}"
    return MadeBy(command, _toml(stored_tables(run.attrs["spec"])), _provenance(run.attrs))


def of_sweep(path: Path, tables: str) -> MadeBy:
    """Return the texts of a sweep, from its tables as JSON."""
    folder = shlex.quote(path.name if path.is_dir() else path.stem)
    command = f"scbsim sweep sweep.toml -o {folder}"
    if not path.is_dir():
        command += f"\nscbsim collect {folder} -o {shlex.quote(path.name)}"
    return MadeBy(command, _toml(stored_tables(tables)), "", "sweep.toml")


def of_phase(path: Path, diagram: xr.Dataset) -> MadeBy:
    """Return the texts of a phase diagram."""
    grid = json.loads(diagram.attrs["grid"])
    words = ["scbsim", "phase", "spec.toml", "-o", _folder(path)]
    for name in ("x", "y", "rules", "replicas", "recovered"):
        words += [f"--{name}", str(grid[name])]
    spec = _toml(stored_tables(diagram.attrs["spec"]))
    return MadeBy(shlex.join(words), spec, _provenance(diagram.attrs))


def of_comparison(path: Path, found: xr.Dataset) -> MadeBy:
    """Return the texts of a comparison."""
    sigmas = "fitted" if found.attrs["fitted"] == "true" else "spec"
    words = ["scbsim", "compare", "spec.toml", "-o", _folder(path), "--sigmas", sigmas]
    return MadeBy(shlex.join(words), _toml(stored_tables(found.attrs["spec"])), "")


def of_boundary(path: Path, found: xr.Dataset) -> MadeBy:
    """Return the texts of a boundary study: the specs of its curves, as JSON."""
    curves = json.dumps(json.loads(found.attrs["curves"]), indent=2)
    return MadeBy("", curves, _provenance(found.attrs), "curves.json")


def of_folder(path: Path) -> MadeBy:
    """Return the texts of a folder of runs of several specs: each has its own page."""
    return MadeBy(f"scbsim report {shlex.quote(path.name)}/RUN.h5 -o run.html", "", "")


def _folder(path: Path) -> str:
    return path.name if path.is_dir() else path.resolve().parent.name


def _provenance(attributes: Mapping[Any, Any]) -> str:
    if "provenance" not in attributes:
        return ""
    return json.dumps(json.loads(attributes["provenance"]), indent=2, ensure_ascii=False)


def _toml(tables: dict[str, Any]) -> str:
    """Return the tables of a spec or a sweep as TOML."""
    plain = {key: table for key, table in tables.items() if key != "sweep"}
    lines = [write_toml(plain)]
    for kind, table in tables.get("sweep", {}).items():
        lines.append(f"[sweep.{kind}]")
        lines += [f"{json.dumps(key)} = {toml_text(value)}" for key, value in table.items()]
    return "\n".join(lines)
