"""Captions of pictures in plain words, made from the specs of the runs that they show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scbsim._version import __version__
from scbsim.plotting.picture_paths import caption_path
from scbsim.plotting.spec_facts import facts_of_spec, is_sampled
from scbsim.trajectory.views import spec_table_of
from scbsim.util.atomic import atomic_write
from scbsim.util.paths import resolved
from scbsim.util.text import counted, printable

if TYPE_CHECKING:
    import xarray as xr

    Table = Mapping[str, Any]
    Runs = xr.Dataset | Sequence[xr.Dataset]

BAND: Final = "Lines are medians, and bands span 10 to 90% of the {}."


def caption(*paragraphs: str) -> str:
    """Return the text of a caption: its paragraphs, a line each, and the version that made it."""
    made_by = f"Made by scbsim {__version__}."
    return "\n\n".join([*filter(None, map(printable, paragraphs)), made_by]) + "\n"


def save_caption(text: str, picture: Path) -> Path:
    """Write a caption beside a picture, as text of the same name; return its path."""
    path = caption_path(picture)
    with atomic_write(resolved(path)) as file:
        file.write(text.encode())
    return path


def settings(runs: Mapping[str, Runs], what: str = "replicas") -> str:
    """Return sentences on how runs were made: first what all share, then what each has of its own.

    Parameters
    ----------
    runs : mapping
        By label, one run or several that differ in ``dynamics.replica`` alone. Labels such as
        ``N = 100, l1`` are two: what runs of the first share is said once.
    what : str
        What members of an ensemble are.
    """
    facts = {label: _facts_of(given, what) for label, given in runs.items()}
    shared = _shared(facts.values())
    sentences = [_sentence(shared)] if shared else []
    groups: dict[str, dict[str, list[str]]] = {}
    for label, each in facts.items():
        group, _, name = label.rpartition(", ")
        groups.setdefault(group, {})[name] = [fact for fact in each if fact not in shared]
    for group, of_group in groups.items():
        common = _shared(of_group.values()) if group else []
        told = [fact for fact in common if fact != group]
        parts = [f"{group}: {'; '.join(told)}."] if told else []
        parts += [
            f"{name}{f' with {group}' if group else ''}: {'; '.join(own)}."
            for name, each in of_group.items()
            if (own := [fact for fact in each if fact not in common])
        ]
        sentences += parts
    return " ".join(sentences)


def _shared(lists: Iterable[list[str]]) -> list[str]:
    """Return the facts of the first list that all others have."""
    first, *others = lists
    return [fact for fact in first if all(fact in each for each in others)]


def _sentence(facts: Iterable[str]) -> str:
    text = "; ".join(facts)
    # `capitalize` would make symbols such as T small.
    return f"{text[0].upper()}{text[1:]}."


def _facts_of(given: Runs, what: str) -> list[str]:
    import xarray as xr

    several = [given] if isinstance(given, xr.Dataset) else list(given)
    run = several[0]
    spec, provenance = spec_table_of(run), json.loads(run.attrs.get("provenance", "{}"))
    facts = facts_of_spec(spec | {"task": {**spec.get("task", {}), **_sizes(run.attrs)}})
    if provenance.get("task") == "given":
        facts.append("the task was given and is not drawn by the spec")
    elif "seed" in spec.get("task", {}) and not spec["task"].get("from"):
        facts.append(f"seed {spec['task']['seed']} of the task")
    count = len(several) if len(several) > 1 else int(run.sizes.get("replica", 1))
    if run.attrs.get("spread_over"):
        facts.append(counted(count, str(run.attrs["spread_over"]).removesuffix("s")))
    elif "seed" in spec and (drawn := _drawn(spec)):
        first = spec["dynamics"].get("replica", 0)
        many = f", {what} {first} to {first + count - 1}" if count > 1 else ""
        many = many or (f", replica {first}" if first else "")
        facts.append(f"seed {spec['seed']} of the {drawn}{many}")
    if "engine" in run.attrs:
        facts.append(f"{run.attrs['engine']} engine")
    made_by = provenance.get("scbsim")
    if made_by and made_by != __version__:
        facts.append(f"run by scbsim {made_by}")
    return facts


def _drawn(spec: Table) -> str:
    """Return what the seed of a spec is of; "" if nothing is drawn."""
    if spec["dynamics"].get("engine") == "population":
        return ""
    if is_sampled(spec):
        return "" if spec.get("data", {}).get("from") else "samples"
    return "" if spec.get("noise", {}).get("model") == "none" else "noise"


def _sizes(attributes: Table) -> dict[str, int]:
    return {name: int(attributes[name]) for name in "NTQ" if name in attributes}
