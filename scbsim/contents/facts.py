"""Descriptions of files and folders of scbsim."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scbsim.contents.folders import describe_folder
from scbsim.contents.kinds import kind_of
from scbsim.storage import collection, description
from scbsim.storage.hdf5 import formats
from scbsim.storage.hdf5.attributes import table, text
from scbsim.storage.runfile.reader import opened_as
from scbsim.task import Task
from scbsim.task.file import read_arrays


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a description of a file or a folder, in types of JSON.

    Raise OutputError if there is no such file, or scbsim did not write it.
    """
    path = Path(path)
    if path.is_dir():
        return describe_folder(path)
    kind = kind_of(path)
    if kind == formats.FORMAT:
        return description.describe(path)
    if kind == formats.COLLECTION:
        return collection.describe(path)
    head = {"path": str(path), "bytes": path.stat().st_size, "format": kind}
    return {**head, "what": formats.KINDS[kind], **(_FACTS[kind](path) if kind in _FACTS else {})}


def _of_phase(path: Path) -> dict[str, Any]:
    with opened_as(path, ("done",)) as file:
        grid = table(file.attrs, "grid")
        return {
            "status": text(file.attrs, "status"),
            "points": int(file["done"].size),
            "done": int(file["done"][()].sum()),
            **{name: grid[name] for name in ("x", "y", "rules", "replicas", "recovered")},
            "engines": table(file.attrs, "engines"),
            "created_utc": text(file.attrs, "created_utc"),
            "spec": table(file.attrs, "spec"),
        }


def _of_boundary(path: Path) -> dict[str, Any]:
    with opened_as(path, ("run_x",)) as file:
        curves, engines = table(file.attrs, "curves"), table(file.attrs, "engines")
        return {
            "status": text(file.attrs, "status"),
            "points": int(file["run_x"].size),
            "created_utc": text(file.attrs, "created_utc"),
            "curves": {
                name: {
                    "engines": engines[name],
                    **{key: value for key, value in curve.items() if key != "spec"},
                }
                for name, curve in curves.items()
            },
        }


def _of_comparison(path: Path) -> dict[str, Any]:
    with opened_as(path, views=True) as file:
        names, noises = (file[name].asstr()[()] for name in ("observable", "gaussian"))
        gaps = file["largest_gap"][()].tolist()
        return {
            **{name: file.attrs[name].item() for name in ("replicas", "sigma_A", "sigma_V")},
            "fitted": text(file.attrs, "fitted") == "true",
            "steps": int(file["step"][-1]),
            "largest_gap": {
                noise: dict(zip(names, row, strict=True))
                for noise, row in zip(noises, gaps, strict=True)
            },
            "spec": table(file.attrs, "spec"),
        }


def _of_samples(path: Path) -> dict[str, Any]:
    with opened_as(path, ("tokens",)) as file:
        drawn = {name: int(file.attrs[name]) for name in ("seed", "first") if name in file.attrs}
        return {"samples": len(file["tokens"]), **drawn, **_of_task(path)}


def _of_task(path: Path) -> dict[str, Any]:
    return {"task": numbers(Task.from_known(read_arrays(path)))}


def numbers(task: Task) -> dict[str, float]:
    """Return the sizes of a task, and its constants."""
    return {name: getattr(task, name) for name in ("N", "T", "Q", "K_P", "K_Q")}


def _of_checkpoint(path: Path) -> dict[str, Any]:
    with opened_as(path) as file:
        facts = json.loads(text(file.attrs, "facts"))
        arrays: list[str] = []
        file.visititems(lambda name, node: arrays.append(name) if hasattr(node, "shape") else None)
        return {
            "of_run": text(file.attrs, "run_uuid"),
            "step": int(facts["step"]),
            "arrays": len(arrays),
            "spec": table(file.attrs, "spec"),
        }


_FACTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    formats.PHASE: _of_phase,
    formats.BOUNDARY: _of_boundary,
    formats.COMPARISON: _of_comparison,
    formats.SAMPLES: _of_samples,
    formats.TASK_FILE: _of_task,
    formats.CHECKPOINT: _of_checkpoint,
}
