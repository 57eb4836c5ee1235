"""The update rules of A, one record each. `scbsim.kernels.gaussian.rules` has their arithmetic.

``sgd`` steps along the preconditioned and projected gradient, without a threshold. ``vanilla``
steps along the plain gradient; it exists on real batches only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Rule:
    """The properties of a rule (`docs/model.md`, section 4).

    Attributes
    ----------
    name : str
        As in ``dynamics.rule``.
    formula : str
        The next value of an entry ``s``, for a noisy gradient ``g``, a rate and a threshold.
    thresholds : bool
        Whether it reads a threshold.
    keeps_zeros : bool
        Whether an entry at zero stays there while its noisy gradient is below the threshold.
    returns_to_zero : bool
        Whether a nonzero entry can become zero again.
    projected : bool
        Whether the gradient is preconditioned and projected. A rule without this is for real
        batches only.
    """

    name: str
    formula: str
    thresholds: bool = False
    keeps_zeros: bool = False
    returns_to_zero: bool = False
    projected: bool = True


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
