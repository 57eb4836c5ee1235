"""A line of a benchmark's table."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """What was measured.

    Attributes
    ----------
    name, size : str
        What, and of which size.
    threads : int
    value : float
        In ``unit``.
    unit : str
        Less is better, except in units a second.
    bound : float or None
        What memory or the disk allows, in the same unit.
    peers : dict
        What others take for the same, by their names.
    """

    name: str
    size: str
    threads: int
    value: float
    unit: str
    bound: float | None = None
    peers: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, int]:
        """What identifies the line in the benchmarks of other machines."""
        return self.name, self.size, self.threads

    @property
    def more_is_better(self) -> bool:
        """Whether the value is a rate."""
        return self.unit.endswith("/s")

    @property
    def times_the_best_peer(self) -> float | None:
        """How many times as fast as the fastest peer; None if there is none."""
        if not self.peers:
            return None
        return min(self.peers.values()) / self.value
