"""Captions of pictures in plain words, made from the specs of the runs that they show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scbsim._version import __version__
from scbsim.plotting.picture_paths import caption_path
from scbsim.spec.rules import rule_record, short_name
from scbsim.trajectory.views import spec_table_of
from scbsim.util.atomic import atomic_write
from scbsim.util.paths import resolved
from scbsim.util.text import counted, number_text, printable

if TYPE_CHECKING:
    import xarray as xr

    Table = Mapping[str, Any]
    Runs = xr.Dataset | Sequence[xr.Dataset]

BAND: Final = "Lines are medians, and bands span 10 to 90% of the {}."

_SAMPLED: Final = ("batch", "softmax")
_RULES: Final = {"sgd": "SGD", "prox": "the proximal l1 method"}
_NOISE: Final = {
    "matched": "Gaussian noise with the levels of the task's own",
    "sampled": "noise as that of real batches, summarised",
    "none": "no noise",
}


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
    elif "seed" in spec:
        first = spec["dynamics"].get("replica", 0)
        many = f", {what} {first} to {first + count - 1}" if count > 1 else ""
        many = many or (f", replica {first}" if first else "")
        of = "samples" if _is_sampled(spec) else "noise"
        facts.append(f"seed {spec['seed']} of the {of}{many}")
    if "engine" in run.attrs:
        facts.append(f"{run.attrs['engine']} engine")
    made_by = provenance.get("scbsim")
    if made_by and made_by != __version__:
        facts.append(f"run by scbsim {made_by}")
    return facts


def _sizes(attributes: Table) -> dict[str, int]:
    return {name: int(attributes[name]) for name in "NTQ" if name in attributes}


def facts_of_spec(spec: Table, without: Iterable[str] = ()) -> list[str]:
    """Return facts of a spec: sizes, task, start, batch size, noise and stages.

    ``without`` are keys that vary in the picture, such as ``task.T``.
    """
    varied = set(without)
    task, dynamics = spec.get("task", {}), spec["dynamics"]
    facts = [
        f"{name} = {whole(task[name])}"
        for name in "NTQ"
        if task.get(name) and f"task.{name}" not in varied
    ]
    if task.get("from"):
        facts.append("the task is that of a file")
    elif task.get("K_P"):
        facts.append(f"transitions with K_P = {number_text(task['K_P'])}")
    elif "P_concentration" in task and "task.P_concentration" not in varied:
        facts.append(f"concentration {number_text(task['P_concentration'])} of the transitions")
    sampled = _is_sampled(spec)
    if "dynamics.batch_size" not in varied:
        facts.append(
            f"{'real batches of' if sampled else 'batch size'} {whole(dynamics['batch_size'])}"
        )
    if not sampled and "noise" in spec:
        facts.append(_noise(spec["noise"], varied))
    if "init" in spec:
        facts += _start(spec["init"], varied)
    facts += [_stage(i, spec, varied) for i in range(len(spec.get("stage", ())))]
    return facts


def _is_sampled(spec: Table) -> bool:
    return spec["dynamics"].get("engine") in _SAMPLED


def whole(number: float | str) -> str:
    """Return a count with commas; a schedule as it is."""
    if isinstance(number, str):
        return number
    return f"{int(number):,}" if float(number).is_integer() else f"{number:g}"


def _noise(noise: Table, varied: set[str]) -> str:
    if noise.get("model", "isotropic") != "isotropic":
        return _NOISE.get(noise["model"], f"noise of the model {noise['model']}")
    levels = [
        f"{name} = {number_text(noise[name])}"
        for name in ("sigma_A", "sigma_V")
        if name in noise and f"noise.{name}" not in varied
    ]
    return f"isotropic Gaussian noise{' with ' if levels else ''}{' and '.join(levels)}"


def _start(init: Table, varied: set[str]) -> list[str]:
    if init.get("from"):
        return ["a start from the last state of another run"]
    if init.get("correlation") is not None:
        return [f"a start that correlates by {number_text(init['correlation'])}"]
    names = [n for n in ("alpha_A", "alpha_V") if n in init and f"init.{n}" not in varied]
    given = [f"{name} = {number_text(init[name])}" for name in names]
    return [f"a start at {' and '.join(given)}"] if given else []


def _stage(i: int, spec: Table, varied: set[str]) -> str:
    """Return words for stage ``i``, from 0: its rule, steps, rates and threshold."""
    stages = spec["stage"]
    stage = stages[i]
    head = f"stage {i + 1}: " if len(stages) > 1 else ""
    rule = stage.get("rule") or spec["dynamics"].get("rule", "prox")
    names = ("rate_A", "rate_V", "threshold", "threshold_sigmas", "steps", "rule")
    told = {name for name in names if not {name, f"stage.{i}.{name}"} & varied}
    until = stage.get("until_signal")
    parts = []
    if "steps" in told and "steps" in stage:
        most = "at most " if until is not None else ""
        parts.append(f"{most}{counted(stage['steps'], 'step', ',')}")
    if "rule" in told and "dynamics.rule" not in varied:
        parts.append(f"of {_RULES.get(rule, short_name(rule))}")
    words = [head + " ".join(parts)] if parts or head else []
    rates = {name: stage.get(name) for name in ("rate_A", "rate_V") if name in told}
    given = {name: number_text(rate) for name, rate in rates.items() if rate is not None}
    if len(given) == 2 and len(set(given.values())) == 1:
        words.append(f"at rate {given['rate_A']}")
    elif given:
        words.append(f"at {' and '.join(f'{name} = {rate}' for name, rate in given.items())}")
    if _thresholds(rule):
        if stage.get("threshold") is not None and "threshold" in told:
            words.append(f"threshold {number_text(stage['threshold'])}")
        elif stage.get("threshold_sigmas") is not None and "threshold_sigmas" in told:
            level = number_text(stage["threshold_sigmas"])
            words.append(
                'threshold "auto", at which one entry a step is born by chance'
                if level == "auto"
                else f"threshold {level} sigmas of the noise"
            )
    if until is not None:
        words.append(f"until a signal of {number_text(until)}")
    if stage.get("normalize_level") is not None:
        words.append(f"normalised at its end at threshold {number_text(stage['normalize_level'])}")
    return ", ".join(word for word in words if word)


def _thresholds(rule: str) -> bool:
    try:
        return rule_record(rule).thresholds
    except KeyError:
        return True
