"""How a command ends that several processes run together: all of them, and one speaks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from scbsim.cli.console import say
from scbsim.cli.exits import STOPPED, in_words

if TYPE_CHECKING:
    from scbsim.mpi.world import World


@contextmanager
def abort_all_on_error(ctx: click.Context, world: World) -> Iterator[None]:
    """Leave what is raised on all ranks to each; what is raised on one alone ends the others."""
    from scbsim.mpi.world import RemoteRankError

    try:
        yield
    except RemoteRankError as error:
        # It is said where it happened.
        ctx.exit(error.exit_status)
    except click.exceptions.Exit:
        raise
    except BaseException as error:
        if world.agreed:
            raise
        words, status = "stopped on a signal", STOPPED
        if isinstance(error, Exception):
            words, status = in_words(error)
        say(f"{words} (rank {world.rank}, which ends all others)", err=True)
        sys.stdout.flush()
        world.comm.Abort(status)
