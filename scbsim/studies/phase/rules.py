"""A spec under one rule or the other: what a phase diagram compares."""

from __future__ import annotations

from typing import Any, Final

RULES: Final = ("sgd", "l1")
L1: Final = ("prox", "denoise")
_THRESHOLDS: Final = ("threshold", "threshold_sigmas")


def under(tables: dict[str, Any], rule: str) -> None:
    """Change the plain tables of a spec, in place, to those of one rule.

    Parameters
    ----------
    tables : dict
        As :meth:`scbsim.RunSpec.to_dict` gives them.
    rule : {"sgd", "l1"}
        ``sgd``: every stage takes plain SGD, without a threshold. ``l1``: the stages stay as they
        are if one of them has an l1 rule, or else all take ``prox``; a stage that never had a
        threshold gets the automatic one.
    """
    stages, common = tables["stage"], tables["dynamics"].get("rule", "prox")
    if rule == "sgd":
        for stage in stages:
            stage["rule"] = "sgd"
            for name in _THRESHOLDS:
                stage.pop(name, None)
    elif not any((stage.get("rule") or common) in L1 for stage in stages):
        tables["dynamics"]["rule"] = "prox"
        for stage in stages:
            stage.pop("rule", None)
            if not any(name in stage for name in _THRESHOLDS):
                stage["threshold_sigmas"] = "auto"


def bare(tables: dict[str, Any]) -> None:
    """Take away, in place, what does not reach the last step's observables.

    Nothing but these is kept, so no engine needs to have entries for a file's sake.
    """
    tables.pop("output", None)
    tables["dynamics"].pop("replicas", None)
    # What the last stage normalises at its end comes after the last step.
    tables["stage"][-1].pop("normalize_level", None)
