"""Error handling of a command that all ranks of MPI run together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from scbsim.cli.console import say
from scbsim.cli.exits import STOPPED, describe_error

if TYPE_CHECKING:
    from scbsim.mpi.world import World


@contextmanager
def abort_all_on_error(ctx: click.Context, world: World) -> Iterator[None]:
    """End every rank if the body raises on one of them, with one error message.

    An error that all ranks know of (``world.agreed``) is raised again on the rank that reports it.
    The others have :class:`RemoteRankError` in its place, and exit silently with the same status.
    Any other exception is known on this rank only, and the others may wait for it forever. It is
    reported here, and ``MPI_Abort`` ends all ranks.
    """
    from scbsim.mpi.world import RemoteRankError

    try:
        yield
    except RemoteRankError as error:
        ctx.exit(error.exit_status)
    except click.exceptions.Exit:
        raise
    except BaseException as error:
        if world.agreed:
            raise
        message, status = "stopped on a signal", STOPPED
        if isinstance(error, Exception):
            message, status = describe_error(error)
        say(f"{message} (rank {world.rank}, which ends all others)", err=True)
        sys.stdout.flush()
        world.comm.Abort(status)
