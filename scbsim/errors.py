"""The exceptions that users see, each with its exit status on the command line."""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class ScbsimError(Exception):
    """Base class of all errors of scbsim."""

    exit_status: ClassVar[int] = 1


class RunFailed(ScbsimError):
    """A run failed: a full disk, a second writer, a crash."""


class Stopped(ScbsimError):
    """A signal stopped the work. Finished parts are kept, and others can be resumed."""

    exit_status: ClassVar[int] = 75


class InputError(ScbsimError):
    """The input is not valid: arguments, a spec or a file."""

    exit_status: ClassVar[int] = 2


@dataclass(frozen=True)
class Fault:
    """A fault of the input.

    Attributes
    ----------
    key : str
        Its key as for ``--set``: ``stage.0.rate_A``.
    problem : str
        The value, what is allowed, and what to do.
    """

    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}" if self.key else self.problem


class _Faulty(InputError, ValueError):
    """An input error that lists all faults."""

    what: ClassVar[str] = "the input"

    def __init__(self, faults: Sequence[Fault], where: str = "") -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        name = where or self.what
        has = "have" if name.endswith(("samples", "tokens")) else "has"
        lines = [f"{name} {has} {count}:", *(f"  {fault}" for fault in self.faults)]
        super().__init__("\n".join(lines))


class SpecError(_Faulty):
    """A run spec that is not valid; ``faults`` has every :class:`scbsim.errors.Fault`."""

    what = "the spec"


class TaskError(_Faulty):
    """A task that is not valid; ``faults`` has every :class:`scbsim.errors.Fault`."""

    what = "the task"


class DataError(_Faulty):
    """Samples that cannot be learned from; ``faults`` has every :class:`scbsim.errors.Fault`."""

    what = "the batch"


class OutputError(InputError):
    """A file that exists, is missing, or cannot be read."""


class MemoryNeeded(InputError):
    """A state does not fit into memory."""


class TaskWarning(UserWarning):
    """A task is allowed, but outside the assumptions of the theory."""


class RunWarning(UserWarning):
    """A warning about a run or its file."""


def install(extra: str) -> str:
    """Return how to install an optional dependency, whether scbsim came as a wheel or not."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        needs = requires("scbsim") or []
    except PackageNotFoundError:
        needs = []
    found = [each.partition(";")[0].strip() for each in needs if f'extra == "{extra}"' in each]
    if not found:
        return f"install scbsim with its extra [{extra}]"
    return f"`pip install {shlex.join(found)}` installs it"


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line outside this package that led here."""
    frame, level = sys._getframe(1), 2
    inside = ("scbsim", "contextlib")
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in inside:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
