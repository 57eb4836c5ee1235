"""The table ``[[stage]]`` of a run spec."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import PlainValidator

from scbsim.spec import checks as spec_checks
from scbsim.spec.base import Check, Table
from scbsim.spec.own_rules import CHECKER, with_rule
from scbsim.spec.rules import has_threshold
from scbsim.spec.schedule import as_schedule, scheduled, values_of
from scbsim.spec.schedule_checks import SCHEDULED, schedules_stay_allowed
from scbsim.spec.types import EXACT, FRACTION, NOT_NEGATIVE, POSITIVE, count, number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_RULE = PlainValidator(CHECKER)
_SIGMAS = number(
    'a finite number, 0 or more, or "auto"', lambda x: 0.0 <= x < math.inf, words=("auto",)
)
_SCHEDULED = scheduled(NOT_NEGATIVE)


class StageSpec(Table):
    """A stage of the run; stages follow one another and count from 0 (docs/model.md, section 4).

    Attributes
    ----------
    steps : int
        Most steps of the stage, 1 to below 2**40. Required.
    rate_A, rate_V : float or str
        Learning rates (step sizes) of the attention and the value matrix, 0 or more; 0 keeps the
        matrix constant. A schedule (docs/schedules.md) is an expression of t, the step of the stage
        from 0, such as "0.1/(1 + t/100)", or a table: {linear = [0.1, 0.01]}, also cosine or
        exponential.
    rule : as dynamics.rule, or None
        This stage's own rule; None means ``dynamics.rule``.
    threshold : float, str or None
        The l1 threshold lam, the weight of the penalty, 0 or more, or a schedule. Excludes
        ``threshold_sigmas``.
    threshold_sigmas : float, "auto", str or None
        The l1 threshold in units of the isotropic noise level, 0 or more, or a schedule:
        ``lam_k = threshold_sigmas sigma_k``, with the level of the step's own batch size. With
        "auto" one entry of all of A is expected to leave zero by chance in a step. The default is
        4.0 if the stage gives no threshold and its own rule, if any, reads one. A rule without a
        threshold ignores both keys.
    batch_size : int, str or None
        Samples in a step of this stage, 1 to below 2**53, or a schedule, whose values are rounded
        to whole numbers; None means ``dynamics.batch_size``.
    until_signal : float or None
        End the stage once ``max(alpha_A, alpha_V)`` is at least this, above 0.
    normalize_level : float or None
        Threshold of a normalisation at the end of the stage: a column of A keeps the entries that
        are at least this fraction, between 0 and 1, of its largest.
    """

    place: ClassVar[str] = "[[stage]]"
    checks: ClassVar[tuple[Check, ...]] = (
        spec_checks.not_both("threshold", "threshold_sigmas"),
        spec_checks.threshold_has_effect,
        schedules_stay_allowed,
    )

    steps: Annotated[int, count(1, 2**40)]
    rate_A: Annotated[float | str, _SCHEDULED] = 0.1
    rate_V: Annotated[float | str, _SCHEDULED] = 0.1
    rule: Annotated[str, _RULE] | None = None
    threshold: Annotated[float | str, _SCHEDULED] | None = None
    threshold_sigmas: Annotated[float | str, scheduled(_SIGMAS, ("auto",))] | None = None
    batch_size: Annotated[int | str, scheduled(count(1, EXACT))] | None = None
    until_signal: Annotated[float, POSITIVE] | None = None
    normalize_level: Annotated[float, FRACTION] | None = None

    @classmethod
    def prepared(cls, data: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the given table as a dict, with the default threshold if there is none."""
        given = with_rule(super().prepared(data))
        for key in SCHEDULED:
            if isinstance(given.get(key), Mapping):
                # A table that is not a schedule is left to the validator of its key.
                with suppress(ValueError):
                    given[key] = as_schedule(given[key])
        has_own = any(given.get(key) is not None for key in ("threshold", "threshold_sigmas"))
        if not has_own and has_threshold(given.get("rule")):
            given["threshold_sigmas"] = 4.0
        return given

    def values(self, key: str) -> NDArray[np.float64]:
        """Return the value of ``rate_A``, or another key that takes a schedule, at every step.

        Returns
        -------
        (steps,) float64
            Before rounding, if it is a batch size; NaN if the key has no number.
        """
        return values_of(getattr(self, key), self.steps)
