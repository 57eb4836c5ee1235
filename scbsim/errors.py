"""The exceptions people see. Each carries the exit status that the command line ends with."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class ScbsimError(Exception):
    """Base of every error that scbsim raises on purpose."""

    exit_status: ClassVar[int] = 1


class RunFailed(ScbsimError):
    """The run itself failed: a full disk, a second writer, a crash."""


class Stopped(ScbsimError):
    """A signal stopped the work early; what is finished is kept, and what is not can go on."""

    exit_status: ClassVar[int] = 75


class InputError(ScbsimError):
    """What was asked for is wrong: the words, the spec or a file."""

    exit_status: ClassVar[int] = 2


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with what was given.

    Attributes
    ----------
    key : str
        Where it stands, as one would type it after ``--set``: ``stage.0.rate_A``.
    problem : str
        The value, what is allowed, and where it helps, what to do.
    """

    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}" if self.key else self.problem


class _Faulty(InputError, ValueError):
    """An input error that names every fault at once."""

    what: ClassVar[str] = "the input"

    def __init__(self, faults: Sequence[Fault], where: str = "") -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = [f"{where or self.what} has {count}:", *(f"  {fault}" for fault in self.faults)]
        super().__init__("\n".join(lines))


class SpecError(_Faulty):
    """A run spec that does not hold; ``faults`` has every :class:`Fault`."""

    what = "the spec"


class TaskError(_Faulty):
    """A task that is not one; ``faults`` has every :class:`Fault`."""

    what = "the task"


class OutputError(InputError):
    """A file that exists, is missing, or cannot be read."""


class MemoryNeeded(InputError):
    """A state that does not fit into this machine's memory."""


class TaskWarning(UserWarning):
    """A task that is allowed but about which the theory promises nothing."""


class RunWarning(UserWarning):
    """Something about a run or its file that its owner should know."""


def install(extra: str) -> str:
    """Return what to type for an extra; scbsim is on no registry."""
    return f"pip install '.[{extra}]' in the folder of scbsim's sources installs it"


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line outside of this package that led here, however deep this is called."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in _INSIDE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


_INSIDE = ("scbsim", "contextlib")
