"""Standard streams that may be closed, missing, or without a reader; none of it ends a run.

The library writes to :data:`STDERR`. A command line first calls :func:`secure`, which replaces the
streams of the process.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any, Final, TextIO, cast

GONE: Final = frozenset({errno.EPIPE, errno.EIO, errno.ECONNRESET})
"""Errors of a write to a pipe, socket or terminal whose other end is closed."""


class _Stderr(io.TextIOBase):
    """The current ``sys.stderr``; text that it does not accept is lost without an error."""

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
    # While rich shows a bar it replaces sys.stderr, so that other text does not break the bar.
    return getattr(sys.stderr, "rich_proxied_file", sys.stderr)


STDERR: Final = cast(TextIO, _Stderr())


def on_terminal() -> bool:
    """Return whether stderr is a terminal that can redraw a line."""
    return STDERR.isatty() and os.environ.get("TERM") not in {None, "", "dumb"}


def in_notebook() -> bool:
    """Return whether the process is the kernel of a notebook, which can redraw a display."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


class _Lenient(io.FileIO):
    """A descriptor whose writes never fail; ``error`` has the first error."""

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        try:
            written = super().write(data)
        except OSError as error:
            self.error = self.error or error
            written = None
        # A non-blocking descriptor that is full also returns None.
        return memoryview(data).nbytes if written is None else written


def secure() -> None:
    """Make the standard streams of a command line safe, before any file is opened.

    Afterwards descriptors 0, 1 and 2 are open, as a file with the number 2 would receive the text
    of stderr. ``sys.stdout`` and ``sys.stderr`` exist, and writes to them never fail;
    :func:`failure` returns the error. Characters outside their encoding are escaped.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdout = _secured(sys.stdout, 1)
    sys.stderr = _secured(sys.stderr, 2)


def failure() -> OSError | None:
    """Return the first error of a write to stdout after :func:`secure`, or None."""
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
