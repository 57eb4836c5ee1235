"""What a run came to, in a few lines."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from scbsim.observables import NAMES, in_words
from scbsim.quantiles import medians
from scbsim.trajectory_ensemble import last_rows

if TYPE_CHECKING:
    import xarray as xr


def duration(seconds: float) -> str:
    """Return a time as people say it: ``0.42 s``, ``12 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(count: float) -> str:
    """Return a number of bytes with a unit: ``512 bytes``, ``1.2 MB``."""
    if count < 1000:
        return f"{count:.0f} bytes"
    power = 1 if count < 999.5e3 else 2 if count < 999.5e6 else 3
    return f"{count / 1000**power:.3g} {('kB', 'MB', 'GB')[power - 1]}"


def summarise(trajectory: xr.Dataset, path: Path, seconds: float) -> list[str]:
    """Say how a run ended, where it ended, and what to type next.

    Parameters
    ----------
    trajectory : xarray.Dataset
        What :func:`scbsim.simulate` returned.
    path : Path
        The file it wrote.
    seconds : float
        How long it took.

    Returns
    -------
    list of str
        The first line is the status.
    """
    from scbsim.storage.checkpoint import checkpoint_step
    from scbsim.storage.lacking import lacking_in_words

    status, lacks = trajectory.attrs["status"], trajectory.attrs.get("lacks_steps_before", 0)
    last = last_step(trajectory)
    if status == "stopped":
        # Of the last steps, the file may not have a row.
        last = checkpoint_step(path) or last
    took = f"in {duration(seconds)} by the {trajectory.attrs['engine']} engine"
    head = {
        "complete": f"complete: {last} steps {took}",
        "diverged": f"diverged: the numbers ran away after step {last}, {took}. "
        "Smaller rates or a larger dynamics.batch_size may hold it",
        "stopped": f"stopped on a signal at step {last}, {took}. "
        "The same line with --resume goes on from there",
    }.get(status, f"{status} at step {last}, {took}")
    why = json.loads(trajectory.attrs["provenance"]).get("engine_why", "asked for")
    lines = [head, f"engine:     {trajectory.attrs['engine']}, {why}", *_replicas(trajectory)]
    several = len(json.loads(trajectory.attrs["spec"])["stage"]) > 1
    if several and trajectory.sizes.get("stage_index", 0):
        lines.append(f"stages:     {_stages(trajectory)}")
    if lacks:
        lines.append(f"lacking:    it {lacking_in_words(lacks)}")
    if trajectory.sizes["step"]:
        lines.append(f"signals:    {_last(trajectory, 'alpha_A alpha_V delta_A delta_V')}")
    if trajectory.sizes.get("normalization", 0):
        lines.append(f"normalised: {_normalized(trajectory)}")
    lines.append(f"file:       {path} ({size(path.stat().st_size)})")
    lines.append(f"next:       scbsim plot {quote(str(path))}")
    return lines


def last_step(trajectory: xr.Dataset) -> int:
    """Return the last step that a run took, as far as its rows say; it may have none yet."""
    steps = trajectory["step"].values
    return int(steps[-1]) if len(steps) else trajectory.attrs.get("lacks_steps_before", 1) - 1


def _replicas(trajectory: xr.Dataset) -> list[str]:
    """Say how the replicas of an ensemble ended."""
    if "replica" not in trajectory.dims:
        return []
    found = trajectory["replica_status"].values.tolist()
    counts = in_words({name: found.count(name) for name in dict.fromkeys(found)})
    return [f"replicas:   {counts}; medians over {len(found)} replicas follow"]


def _stages(trajectory: xr.Dataset) -> str:
    """Say at which step each stage ended, and why; of an ensemble the median, and how many."""
    ends, reasons = trajectory["stage_end"].values, trajectory["stage_reason"].values
    told = []
    for i in range(ends.shape[-1]):
        at, why = ends[..., i], reasons[..., i].ravel().tolist()
        if not (at >= 0).any():
            continue
        step = f"{medians(at[at >= 0]):g}" if at.ndim else f"{at}"
        counts = in_words({_WHY[name]: why.count(name) for name in dict.fromkeys(why) if name})
        told.append(f"{i} to step {step}, {counts if at.ndim else _WHY[why[0]]}")
    return "; ".join(told)


_WHY = {
    "steps": "by its last step",
    "signal": "by its signal",
    "diverged": "where the numbers ran away",
}


def _last(trajectory: xr.Dataset, names: str) -> str:
    if "replica" in trajectory.dims:
        values = dict(zip(NAMES, medians(last_rows(trajectory)).tolist(), strict=True))
    else:
        values = {name: float(trajectory[name].values[-1]) for name in names.split()}
    return "  ".join(f"{name} {values[name]:.4g}" for name in names.split())


def _last_normalized(trajectory: xr.Dataset, name: str) -> float:
    """Return what the last normalisation gave; of an ensemble the median of the end."""
    values = trajectory[f"normalized_{name}"].values
    if "replica" in trajectory.dims:
        there = values[:, -1][trajectory["normalized_step"].values[:, -1] >= 0]
        return float(medians(there))
    return float(values[-1])


def _normalized(trajectory: xr.Dataset) -> str:
    """Distances as fractions of the norm of what is to be learnt, so that 1 is nothing learnt."""
    K = {"A": trajectory.attrs["K_Q"], "V": trajectory.attrs["K_P"]}
    parts = []
    for matrix, truth, scale in (("A", "A-Q", "K_Q"), ("V", "V-P", "K_P")):
        distance = _last_normalized(trajectory, f"dist_{matrix}")
        if isfinite(distance) and K[matrix] > 0:
            parts.append(f"|{truth}|/sqrt({scale}) {distance / K[matrix] ** 0.5:.4g}")
    count = _last_normalized(trajectory, "count")
    if isfinite(count) and count > 0:
        parts.append(f"nothing stood out in {count:.0f} columns")
    return "  ".join(parts) or "no entries to normalise"
