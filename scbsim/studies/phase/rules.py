"""Variants of a spec under SGD and under an l1 rule, which a phase diagram compares."""

from __future__ import annotations

from typing import Any, Final

from scbsim.spec.rules import has_threshold

RULES: Final = ("sgd", "l1")
_THRESHOLDS: Final = ("threshold", "threshold_sigmas")


def under(tables: dict[str, Any], rule: str) -> None:
    """Change the tables of a spec, in place, to run under ``sgd`` or ``l1``.

    ``sgd``: every stage has the rule ``sgd``, without a threshold. ``l1``: the stages stay as they
    are if one of them has a rule with a threshold. Otherwise all have ``prox``, and a stage without
    a threshold gets the automatic one.
    """
    stages, common = tables["stage"], tables["dynamics"].get("rule", "prox")
    if rule == "sgd":
        for stage in stages:
            stage["rule"] = "sgd"
            for name in _THRESHOLDS:
                stage.pop(name, None)
    elif not any(has_threshold(stage.get("rule") or common) for stage in stages):
        tables["dynamics"]["rule"] = "prox"
        for stage in stages:
            stage.pop("rule", None)
            if not any(name in stage for name in _THRESHOLDS):
                stage["threshold_sigmas"] = "auto"


def bare(tables: dict[str, Any]) -> None:
    """Remove from tables, in place, the keys that do not affect the observables of the last step.

    Without them, no engine has to compute entries only to write them to a file.
    """
    tables.pop("output", None)
    tables["dynamics"].pop("replicas", None)
    # The last stage normalises only after its last step.
    tables["stage"][-1].pop("normalize_level", None)
