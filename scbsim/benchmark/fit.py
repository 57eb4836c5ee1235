"""Rates from timed steps."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scbsim.benchmark.steps import Timed

_LEAST = 1e-2
"""A term of which there is less in every step has no rate."""


def fitted(found: Iterable[Timed]) -> dict[str, dict[str, float]]:
    """Return the seconds of a unit of each term, by the kind of a step.

    They are the rates, none below zero, with the least sum of squared relative differences from
    the timed seconds.
    """
    kinds: dict[str, list[Timed]] = {}
    for each in found:
        kinds.setdefault(each.work.kind, []).append(each)
    rates = {kind: _rates(steps) for kind, steps in kinds.items()}
    for kind in rates:
        # Entries off zero cost the same under any noise, and were timed under one.
        if kind.startswith("sparse "):
            plain = rates.get("sparse", {})
            rates[kind] |= {name: plain[name] for name in _OF_ENTRIES if name in plain}
    return rates


_OF_ENTRIES = ("activations", "active", "far columns", "far activations")


def _rates(steps: list[Timed]) -> dict[str, float]:
    """Return the rates of a kind: first those of one thread, then what more threads add."""
    alone = [each for each in steps if each.threads == 1]
    rates = _least_squares(alone, _names(alone), {})
    several = [each for each in steps if each.threads > 1]
    return rates | _least_squares(several, _names(several) - set(rates), rates)


def _names(steps: list[Timed]) -> set[str]:
    """Return the terms that some step has enough of."""
    counts = [(name, count) for each in steps for name, count in each.work.terms.items()]
    return {name for name, count in counts if count > _LEAST}


def _least_squares(
    steps: list[Timed], wanted: set[str], known: dict[str, float]
) -> dict[str, float]:
    """Return the rates of some terms, given others."""
    from scipy.optimize import nnls

    names = sorted(wanted)
    if not names:
        return {}
    seconds = np.array([each.seconds for each in steps])
    left = seconds - [
        sum(known.get(name, 0.0) * n for name, n in each.work.terms.items()) for each in steps
    ]
    counts = np.array([[each.work.terms.get(name, 0.0) for name in names] for each in steps])
    counts /= seconds[:, None]
    size = np.linalg.norm(counts, axis=0)
    rates = nnls(counts / size, np.maximum(left / seconds, 0.0))[0] / size
    return dict(zip(names, rates.tolist(), strict=True))
