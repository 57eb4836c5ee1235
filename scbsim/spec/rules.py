"""The update rules of A, one record each. `scbsim.kernels.gaussian.rules` has their arithmetic.

``sgd`` steps along the preconditioned and projected gradient, without a threshold. ``vanilla``
steps along the plain gradient; it exists on real batches only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Rule:
    """The properties of a rule (`docs/model.md`, section 4)."""

    name: str  # as in dynamics.rule
    formula: str  # next value of an entry s, from its noisy gradient g, a rate and a threshold
    thresholds: bool = False  # whether it reads a threshold
    keeps_zeros: bool = False  # whether an entry at zero stays there below the threshold
    returns_to_zero: bool = False  # whether a nonzero entry can become zero again
    projected: bool = True  # whether the gradient is preconditioned and projected


RULES: Final = {
    rule.name: rule
    for rule in (
        Rule("sgd", "s - rate g"),
        Rule(
            "prox",
            "soft(s - rate g, rate threshold)",
            thresholds=True,
            keeps_zeros=True,
            returns_to_zero=True,
        ),
        Rule("denoise", "s - rate soft(g, threshold)", thresholds=True, keeps_zeros=True),
        Rule("vanilla", "s - rate g, of the plain gradient", projected=False),
    )
}
"""All rules by name, in the order in which messages list them."""


def has_threshold(name: object) -> bool:
    """Return True if a rule reads a threshold, or if there is no rule of this name."""
    return not isinstance(name, str) or name not in RULES or RULES[name].thresholds
