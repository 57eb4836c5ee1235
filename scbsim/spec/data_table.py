"""The table ``[data]`` of a run spec: samples to learn from."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from scbsim.spec import checks as spec_checks
from scbsim.spec.base import Check, Table
from scbsim.spec.types import FILE, count


class DataSpec(Table):
    """Samples to learn from, in place of those that real batches draw (docs/data.md).

    Attributes
    ----------
    from_ : str or None
        In TOML ``from``: a file with the datasets tokens, query and output, as ``scbsim sample`` or
        ``scbsim.save_samples`` writes it. Step i learns from its i-th ``dynamics.batch_size``
        samples. Without a table ``[task]`` the task is that of the file.
    epochs : int
        How often the file is read, 0 to below 2**40; 0 means as often as the stages take. What an
        epoch leaves after its last whole batch is not used. The run is complete after the last.
    """

    place: ClassVar[str] = "[data]"
    checks: ClassVar[tuple[Check, ...]] = (spec_checks.needs("epochs", 1, "from"),)

    from_: Annotated[str, FILE] | None = Field(default=None, alias="from")
    epochs: Annotated[int, count(0, 2**40)] = 1

    def to_dict(self) -> dict[str, Any]:
        """Return the table as a dict, empty if no samples are given."""
        return {} if self.from_ is None else super().to_dict()
