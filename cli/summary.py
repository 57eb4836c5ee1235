"""A summary of a run, in a few lines."""

from __future__ import annotations

import re
from math import isfinite
from shlex import quote
from typing import Any

from scbsim.observables import in_words
from scbsim.util.text import by_count, counted


def duration(seconds: float) -> str:
    """Format a time: ``0.42 s``, ``12 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(count: float) -> str:
    """Format a number of bytes with a unit: ``512 bytes``, ``1.2 MB``."""
    if count < 1000:
        return counted(count, "byte", ".0f")
    power = 1 if count < 999.5e3 else 2 if count < 999.5e6 else 3
    return f"{count / 1000**power:.3g} {('kB', 'MB', 'GB')[power - 1]}"


def summarise(content: dict[str, Any], seconds: float) -> list[str]:
    """Return lines on how a run ended, at which step, and what to type next; the status is first.

    ``content`` is the result of :func:`scbsim.storage.description.describe` for its file.
    """
    from scbsim.storage.runfile.lacking import lacking_in_words

    status, made, last = content["status"], content["provenance"], content["step"]
    if status == "stopped":
        # The last row may be earlier than the last step.
        last = content["checkpoint_step"] or last
    took = f"in {duration(seconds)} by the {made['engine']} engine"
    head = {
        "complete": f"complete: {counted(last, 'step')} {took}",
        "diverged": f"diverged after step {last}, {took}. "
        "Smaller rates or a larger dynamics.batch_size may help",
        "stopped": f"stopped on a signal at step {last}, {took}. "
        "The same command with --resume resumes from there",
    }.get(status, f"{status} at step {last}, {took}")
    lines = [head, f"engine:     {made['engine']}, {made.get('engine_why', 'asked for')}"]
    if "replicas" in content:
        counts, members = in_words(content["replica_status"]), content["replicas"]
        lines.append(f"replicas:   {counts}; medians over {counted(members, 'replica')} follow")
    of_data = any(end["reason"] == "data" for end in content["stages"])
    if (len(content["spec"]["stage"]) > 1 or of_data) and content["stages"]:
        lines.append(f"stages:     {'; '.join(map(_stage, content['stages']))}")
    if content["lacks_steps_before"]:
        lines.append(f"lacking:    it {lacking_in_words(content['lacks_steps_before'])}")
    if "batch_loss" in content["last"]:
        lines.append(f"batch loss: {content['last']['batch_loss']:.4g}, of the last batch")
    if content["last"] and content["task"]["Q"]:
        lines.append(f"signals:    {_signals(content['last'])}")
    if content["normalized"] and content["task"]["Q"]:
        lines.append(f"normalised: {_normalized(content['normalized'], content['task'])}")
    if content["diagnosis"]:
        lines.append(f"diagnosis:  {content['diagnosis']}")
    lines.append(f"file:       {content['path']} ({size(content['bytes'])})")
    lines.append(f"next:       scbsim plot {quote(content['path'])}")
    return lines


_WHY = {
    "steps": "by its last step",
    "signal": "by its signal",
    "diverged": "by divergence",
    "data": "by the end of its data",
}


def _stage(end: dict[str, Any]) -> str:
    """Return at which step a stage ended, and why; for an ensemble the median step, and counts."""
    why = end["reason"]
    for name, words in _WHY.items():
        why = re.sub(rf"\b{name}\b", words, why)
    return f"{end['stage']} to step {end['step']:g}, {why}"


def _signals(last: dict[str, float]) -> str:
    names = ("alpha_A", "alpha_V", "delta_A", "delta_V")
    return "  ".join(f"{name} {last[name]:.4g}" for name in names)


def _normalized(values: dict[str, float], task: dict[str, float]) -> str:
    """Return distances as fractions of the norm of the truth; 1 means that nothing is learned."""
    parts = []
    for matrix, truth, scale in (("A", "A-Q", "K_Q"), ("V", "V-P", "K_P")):
        distance, K = values[f"dist_{matrix}"], task[scale]
        if isfinite(distance) and K > 0:
            parts.append(f"|{truth}|/sqrt({scale}) {distance / K**0.5:.4g}")
    count = values["count"]
    if isfinite(count) and count > 0:
        columns = f"{counted(count, 'column', '.0f')} {by_count(count, 'has', 'have')}"
        parts.append(f"{columns} no entry that stands out")
    return "  ".join(parts) or "no entries to normalise"
