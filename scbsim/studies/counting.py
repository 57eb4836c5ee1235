"""How far a study is that counts what it has done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scbsim.errors import Stopped
from scbsim.run.progress import Progress


@contextmanager
def counting(
    label: str, total: int, unit: str, *, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """Give what is told how many are done, and shows it on stderr until the body ends."""
    shown, ended = Progress(total, quiet, unit=unit), "failed"
    shown.start(label)
    try:
        yield lambda done: shown.update(done, 0, {})
        ended = "complete"
    except Stopped:
        ended = "stopped"
        raise
    finally:
        shown.close(ended)
