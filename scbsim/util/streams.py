"""The standard streams: closed, missing, or with a reader that has gone, they must not end a run.

There are two ways to them. The library writes to :data:`STDERR`, whatever stands at ``sys.stderr``.
A command line calls :func:`secure`, which replaces the streams before anything else is opened.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any, Final, TextIO, cast

GONE: Final = frozenset({errno.EPIPE, errno.EIO, errno.ECONNRESET})
"""Errors of a write whose reader has gone: that of a pipe or a socket, or the terminal."""


class _Stderr(io.TextIOBase):
    """``sys.stderr`` as it is when it is used; what it does not take is lost, without an error."""

    def write(self, text: str, /) -> int:
        with suppress(OSError, ValueError, AttributeError):
            _stderr().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            _stderr().flush()

    def isatty(self) -> bool:
        with suppress(OSError, ValueError, AttributeError):
            return bool(_stderr().isatty())
        return False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(_stderr(), "encoding", None) or "utf-8"


def _stderr() -> Any:
    # While rich moves a line it stands at sys.stderr itself, to keep other text off that line.
    return getattr(sys.stderr, "rich_proxied_file", sys.stderr)


STDERR: Final = cast(TextIO, _Stderr())


def on_terminal() -> bool:
    """Return whether stderr is a terminal on which a line can be written anew."""
    return STDERR.isatty() and os.environ.get("TERM") not in {None, "", "dumb"}


class _Lenient(io.FileIO):
    """A descriptor to which no write fails; the first error is kept in ``error``."""

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        try:
            written = super().write(data)
        except OSError as error:
            self.error = self.error or error
            written = None
        # None also where the descriptor is full and does not wait.
        return memoryview(data).nbytes if written is None else written


def secure() -> None:
    """Make the standard streams of a command line safe; to be called before a file is opened.

    Afterwards descriptors 0, 1 and 2 are open: a file that got the number 2 would receive what is
    written to stderr. ``sys.stdout`` and ``sys.stderr`` exist, and no write to them fails;
    :func:`failure` tells what went wrong. Characters outside their encoding are written with
    backslashes.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdout = _secured(sys.stdout, 1)
    sys.stderr = _secured(sys.stderr, 2)


def failure() -> OSError | None:
    """Return the first error of a write to the stdout that :func:`secure` made, if any."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.error if isinstance(raw, _Lenient) else None


def _secured(stream: TextIO | None, descriptor: int) -> io.TextIOWrapper:
    if stream is not None:
        with suppress(OSError, ValueError):
            stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Lenient(descriptor, "w", closefd=False)),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=descriptor == 2 or os.isatty(descriptor),
        write_through=getattr(stream, "write_through", False),
    )
