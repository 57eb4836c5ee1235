"""What a spec says of its runs, in words for captions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from scbsim.spec.rules import rule_record, short_name
from scbsim.util.text import counted, number_text

Table = Mapping[str, Any]

_SAMPLED: Final = ("batch", "softmax")
_RULES: Final = {"sgd": "SGD", "prox": "the proximal l1 method"}
_NOISE: Final = {
    "matched": "Gaussian noise with the levels of the task's own",
    "sampled": "noise as that of real batches, summarised",
    "none": "no noise",
}


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
    sampled = is_sampled(spec)
    if has_batch_size(spec) and "dynamics.batch_size" not in varied:
        facts.append(
            f"{'real batches of' if sampled else 'batch size'} {whole(dynamics['batch_size'])}"
        )
    if dynamics.get("engine") == "population":
        facts.append("the population process, which has no noise")
    elif sampled and spec.get("data", {}).get("from"):
        facts.append("the samples are those of a file")
    elif not sampled and "noise" in spec:
        facts.append(_noise(spec["noise"], varied))
    if "init" in spec:
        facts += _start(spec["init"], varied)
    facts += [_stage(i, spec, varied) for i in range(len(spec.get("stage", ())))]
    return facts


def is_sampled(spec: Table) -> bool:
    """Return whether runs of a spec learn from samples."""
    return spec["dynamics"].get("engine") in _SAMPLED


def has_batch_size(spec: Table) -> bool:
    """Return whether some step takes ``dynamics.batch_size`` samples.

    The population process takes none, and a stage may have a size of its own.
    """
    own = [stage.get("batch_size") is not None for stage in spec.get("stage", ())]
    return spec["dynamics"].get("engine") != "population" and not (own and all(own))


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
    names = ("rate_A", "rate_V", "threshold", "threshold_sigmas", "steps", "rule", "batch_size")
    told = {name for name in names if not {name, f"stage.{i}.{name}"} & varied}
    until = stage.get("until_signal")
    parts = []
    if "steps" in told and "steps" in stage:
        most = "at most " if until is not None else ""
        parts.append(f"{most}{counted(stage['steps'], 'step', ',')}")
    if "rule" in told and "dynamics.rule" not in varied:
        parts.append(f"of {_RULES.get(rule, short_name(rule))}")
    words = [head + " ".join(parts)] if parts or head else []
    if "batch_size" in told and stage.get("batch_size") is not None:
        words.append(f"batch size {whole(stage['batch_size'])}")
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
