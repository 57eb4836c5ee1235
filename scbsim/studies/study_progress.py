"""Progress display of a study that counts finished items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scbsim.errors import Stopped
from scbsim.run.progress import Progress


@contextmanager
def counting(
    label: str, total: int, unit: str, *, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr during the block; yield a callback for the number of items done."""
    shown, ended = Progress(total, quiet, unit=unit), "failed"
    shown.start(label)
    try:
        yield lambda done: shown.update(done, 0, {})
        ended = "complete"
    except (Stopped, KeyboardInterrupt):
        ended = "stopped"
        raise
    finally:
        shown.close(ended)
