"""What the commands share that run a study."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from scbsim.cli.console import say

Found = TypeVar("Found")


def studied(make: Callable[..., Found], *args: Any, quiet: bool, **how: Any) -> Found:
    """Return what a study makes, until a signal stops it; it says on stderr how far it is."""
    from scbsim.cli.signals import stopping

    with stopping() as stop:
        return make(*args, progress=not quiet, stop=stop, **how)


def teller(quiet: bool) -> Callable[[str], None]:
    """Return what says on stderr which runs are there already."""
    return lambda note: None if quiet else say(note, err=True)
