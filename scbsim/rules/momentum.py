"""The heavy ball: `docs/model.md`, section 4. Our choice, not the paper's."""

from __future__ import annotations

from scbsim.spec.own_rules import rule

COEFFICIENT = 0.9


@rule()
def momentum(s, gradient, rate, threshold, memory):  # type: ignore[no-untyped-def]
    """Return a step along a sum of gradients, each of which counts 0.9 of the one after it."""
    memory = COEFFICIENT * memory + gradient
    return s - rate * memory, memory
