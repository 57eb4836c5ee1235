"""Exit statuses, and how errors are reported: as one short paragraph on stderr."""

from __future__ import annotations

import errno
import os
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from scbsim.cli.console import message as in_lines
from scbsim.cli.console import say
from scbsim.errors import InputError, RunFailed, ScbsimError, Stopped
from scbsim.util.streams import GONE, failure
from scbsim.util.text import printable

FAILED: Final = ScbsimError.exit_status
WRONG_INPUT: Final = InputError.exit_status
STOPPED: Final = Stopped.exit_status
"""A signal stopped the run early; its file can be resumed."""

DEBUG: Final = "scbsim.debug"
"""The key of ``Context.meta`` that ``--debug`` sets, wherever on the line it stands."""

_PRINTING: Final = frozenset({"estimate", "info", "keys", "presets", "status"})
"""Commands whose result is their text. They fail if it cannot be written; others do not."""

_PATH_AT_FAULT: Final = frozenset(
    {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EEXIST, errno.EISDIR, errno.ENOTDIR}
    | {errno.EROFS, errno.ENAMETOOLONG}
)


@contextmanager
def report_errors(ctx: click.Context) -> Iterator[None]:
    """Report an exception of the body in one paragraph on stderr, and exit with its status.

    The traceback is shown only with ``--debug``. Warnings are printed without their source line.
    Output to a reader that has closed the pipe (``| head``) is dropped silently.
    """
    default_format = warnings.formatwarning
    warnings.formatwarning = _format_warning
    try:
        yield
        _check_output_written(ctx)
    except click.ClickException as error:
        fit_lines(error)
        raise
    except (click.Abort, click.exceptions.Exit):
        raise
    except KeyboardInterrupt:
        click.echo("stopped on a signal", err=True)
        ctx.exit(STOPPED)
    except Exception as error:
        if ctx.meta.get(DEBUG):
            traceback.print_exc()
        message, status = describe_error(error)
        say(message, err=True)
        ctx.exit(status)
    finally:
        warnings.formatwarning = default_format


def fit_lines(error: click.ClickException) -> None:
    """Have click show an error of its own in the width of the terminal."""
    text = in_lines(f"Error: {error.format_message()}").removeprefix("Error: ")
    error.format_message = lambda: text  # type: ignore[method-assign]


def _format_warning(message: Warning | str, *_args: object, **_kwargs: object) -> str:
    return in_lines(printable(f"Warning: {message}", keep="\n")) + "\n"


def describe_error(error: Exception) -> tuple[str, int]:
    """Return the message for an error, and the exit status."""
    if isinstance(error, ScbsimError):
        return f"Error: {error}", error.exit_status
    if isinstance(error, OSError) and error.strerror is not None:
        if error.filename is None:
            return f"Error: {error.strerror}", FAILED
        status = WRONG_INPUT if error.errno in _PATH_AT_FAULT else FAILED
        path = error.filename
        path = os.fsdecode(path) if isinstance(path, bytes) else path
        return f"Error: {path}: {error.strerror}", status
    if isinstance(error, MemoryError):
        return "Error: there is not enough memory", FAILED
    text = f"{type(error).__name__}: {error}".rstrip(": ").replace("\n", " ")
    return f"internal error: {text}; run again with --debug", FAILED


def _check_output_written(ctx: click.Context) -> None:
    """Fail if the command's result is its text and stdout could not be written."""
    error = failure()
    if error is not None and error.errno not in GONE and ctx.invoked_subcommand in _PRINTING:
        raise RunFailed(f"the output could not be written: {error.strerror}")
