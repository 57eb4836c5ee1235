"""Why a run of a sweep failed, in a file beside its output until the run begins again."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scbsim.sweep.work import write_json


@dataclass(frozen=True)
class Failure:
    """A failed attempt at a run: why, where and when.

    ``job`` is the cluster's name of the task, such as ``1234_5``; empty on this machine.
    """

    error: str
    job: str = ""
    host: str = field(default_factory=socket.gethostname)
    utc: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def write_failure(output: Path, failure: Failure) -> None:
    """Write a failure beside an output; errors are ignored, so that other runs continue."""
    with suppress(OSError):
        output.parent.mkdir(parents=True, exist_ok=True)
        write_json(_path(output), asdict(failure))


def read_failure(output: Path) -> Failure | None:
    """Return the failure beside an output, or None; an unreadable file counts as a failure."""
    path = _path(output)
    try:
        found = Failure(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        return Failure(f"{path} cannot be read: {error}")
    if not all(isinstance(value, str) for value in asdict(found).values()):
        return Failure(f"{path} cannot be read: it has more than text in it")
    return found


def forget_failure(output: Path) -> None:
    """Remove the failure beside an output, as its run begins again."""
    _path(output).unlink(missing_ok=True)


def _path(output: Path) -> Path:
    return output.with_name("failed.json")
