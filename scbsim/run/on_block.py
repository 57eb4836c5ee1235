"""Calling a user's function after each block of steps, which may end the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

OnBlock = Callable[[int, int, Mapping[str, float]], object]
"""Called with the last step, its stage and its observables; if it returns True, the run stops."""


class BlockCalls:
    """Calls the progress display and a user's function; ``stop`` is True once that says so.

    Parameters
    ----------
    shown : callable
        The display: called with everything that `Loop` tells.
    on_block : callable, optional
        The user's function.
    """

    def __init__(self, shown: Callable[..., None], on_block: OnBlock | None) -> None:
        self._shown, self._on_block = shown, on_block
        self.stop = False

    def __call__(
        self, step: int, stage: int, observables: Mapping[str, float], *counts: str
    ) -> None:
        """Receive the end of a block."""
        self._shown(step, stage, observables, *counts)
        if self._on_block is not None and self._on_block(step, stage, observables) is True:
            self.stop = True
