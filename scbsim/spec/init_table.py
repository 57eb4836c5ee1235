"""The table ``[init]`` of a run spec: where a run starts."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from scbsim.spec import checks as spec_checks
from scbsim.spec.base import Check, Table
from scbsim.spec.types import FILE, FINITE, FRACTION


class InitSpec(Table):
    """The start (docs/model.md, section 4).

    Attributes
    ----------
    alpha_A : float
        Initial signal of the attention matrix, where ``s_k = alpha_A q_k``; finite.
    alpha_V : float
        Initial signal of the value matrix, where ``Vb = alpha_V Pb``; finite.
    from_ : str or None
        In TOML ``from``: the file of a run, whose last state is the start. Excludes ``alpha_*``.
    correlation : float or None
        Start as the exact solution of a related task (:func:`scbsim.related_task`) that has this
        correlation with the task, between 0 and 1 (docs/transfer.md). Excludes the other keys.
    """

    place: ClassVar[str] = "[init]"
    checks: ClassVar[tuple[Check, ...]] = (
        spec_checks.alone("from", "the start is read from that file"),
        spec_checks.alone("correlation", "the start is the solution of a related task"),
    )

    alpha_A: Annotated[float, FINITE] = 0.1
    alpha_V: Annotated[float, FINITE] = 0.1
    from_: Annotated[str, FILE] | None = Field(default=None, alias="from")
    correlation: Annotated[float, FRACTION] | None = None

    @property
    def from_signals(self) -> bool:
        """Whether the start is ``alpha_A`` and ``alpha_V``."""
        return self.from_ is None and self.correlation is None

    def to_dict(self) -> dict[str, Any]:
        """Return the table as a dict; only ``from`` or ``correlation`` if one of them is given."""
        if self.from_ is not None:
            return {"from": self.from_}
        if self.correlation is not None:
            return {"correlation": self.correlation}
        return super().to_dict()
