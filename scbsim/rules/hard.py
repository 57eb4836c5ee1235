"""The hard threshold: `docs/model.md`, section 4. Our choice, not the paper's."""

from __future__ import annotations

from scbsim.spec.own_rules import rule


@rule(threshold=True, keeps_zeros=True)
def hard(s, gradient, rate, threshold):  # type: ignore[no-untyped-def]
    """Return a step along the gradient, or 0 if it ends within ``rate threshold`` of 0."""
    x = s - rate * gradient
    return x if abs(x) > rate * threshold else 0.0
