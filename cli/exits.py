"""How a command ends: exit statuses, and one short paragraph on stderr for what went wrong."""

from __future__ import annotations

import errno
import os
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from scbsim.cli.console import say
from scbsim.errors import InputError, RunFailed, ScbsimError, Stopped
from scbsim.util.streams import GONE, failure
from scbsim.util.text import printable

FAILED: Final = ScbsimError.exit_status
WRONG_INPUT: Final = InputError.exit_status
STOPPED: Final = Stopped.exit_status
"""A signal stopped the run early; its file is good."""

DEBUG: Final = "scbsim.debug"
"""The key of ``Context.meta`` that ``--debug`` sets, wherever on the line it stands."""

_PRINTING: Final = frozenset({"info", "presets", "status"})
"""Commands whose work is what they print. That of others is whole, whoever reads what they say."""

_PATH_AT_FAULT: Final = frozenset(
    {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EEXIST, errno.EISDIR, errno.ENOTDIR}
    | {errno.EROFS, errno.ENAMETOOLONG}
)


@contextmanager
def plainly(ctx: click.Context) -> Iterator[None]:
    """Say what the body raises in one paragraph on stderr, and exit with its status.

    The traceback is shown on ``--debug`` alone. Warnings are printed without the source line that
    they come from. Output that no one reads any more (``| head``) is lost without a word.
    """
    shown = warnings.formatwarning
    warnings.formatwarning = _one_warning
    try:
        yield
        _require_printed(ctx)
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except KeyboardInterrupt:
        click.echo("stopped on a signal", err=True)
        ctx.exit(STOPPED)
    except Exception as error:
        if ctx.meta.get(DEBUG):
            traceback.print_exc()
        message, status = in_words(error)
        say(message, err=True)
        ctx.exit(status)
    finally:
        warnings.formatwarning = shown


def _one_warning(message: Warning | str, *_args: object, **_kwargs: object) -> str:
    return printable(f"Warning: {message}", keep="\n") + "\n"


def in_words(error: Exception) -> tuple[str, int]:
    """Return what to say of an error, and the exit status."""
    if isinstance(error, ScbsimError):
        return f"Error: {error}", error.exit_status
    if isinstance(error, OSError) and error.strerror is not None:
        if error.filename is None:
            return f"Error: {error.strerror}", FAILED
        status = WRONG_INPUT if error.errno in _PATH_AT_FAULT else FAILED
        named = error.filename
        path = os.fsdecode(named) if isinstance(named, bytes) else named
        return f"Error: {path}: {error.strerror}", status
    if isinstance(error, MemoryError):
        return "Error: there is not enough memory", FAILED
    what = f"{type(error).__name__}: {error}".rstrip(": ").replace("\n", " ")
    return f"internal error: {what}; run again with --debug", FAILED


def _require_printed(ctx: click.Context) -> None:
    """Refuse to end well where what was asked for is text, and it could not be written."""
    error = failure()
    if error is not None and error.errno not in GONE and ctx.invoked_subcommand in _PRINTING:
        raise RunFailed(f"the output could not be written: {error.strerror}")
