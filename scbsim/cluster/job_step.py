"""The step of a job: some parts of a folder, on one process or on all ranks."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from scbsim.util.text import counted

if TYPE_CHECKING:
    from scbsim.cluster.team import Team

SIGNAL = "USR1"
"""The signal that Slurm sends before a job's time limit."""

_LOST = 128 + signal.SIGKILL
"""Exit status of a rank if others were killed: the same as theirs, so the job is requeued."""


class JobStep:
    """Pickled for each task of a job array, and called there with the names of its runs.

    ``folder`` is that of the sweep or diagram.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, names: Sequence[str]) -> None:
        """Run the runs. On the signal, stop with a checkpoint and requeue the job."""
        received: list[int] = []

        def handle(number: int, _frame: FrameType | None) -> None:
            # A handler must not write: it may have interrupted a write.
            received.append(number)

        # First of all, since the imports take a second.
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)

        from scbsim.cluster.slurm import this_task
        from scbsim.cluster.team import Ranks, Team
        from scbsim.errors import InputError, RunFailed
        from scbsim.mpi.launch import is_first_process, joined
        from scbsim.util.streams import secure

        # A log that cannot be written, such as on a full disk, must not prevent a requeue.
        secure()
        task = this_task()
        try:
            world = joined()
        except InputError as error:
            # Every process has this error, and the first to fail would end the others.
            if is_first_process():
                self._fail(names, error, task)
                raise
            return
        team = Ranks(world) if world else Team()
        try:
            failed = self._run(names, task, received, team)
        except Exception as error:
            if world is not None and not world.agreed:
                print(f"rank {world.rank}, which ends all others: {error!r}", flush=True)
                world.comm.Abort(_LOST if team.lost(error) else RunFailed.exit_status)
            raise
        if failed:
            raise RunFailed(
                f"{len(failed)} of {counted(len(names), 'run')} failed: {', '.join(failed)}"
            )

    def _run(self, names: Sequence[str], task: str, received: list[int], team: Team) -> list[str]:
        from scbsim.cluster.bundle import run_bundle
        from scbsim.cluster.slurm import is_running, requeue
        from scbsim.errors import Stopped

        failed = run_bundle(self.folder, names, job=task, stop=lambda: bool(received), team=team)

        def requeue_unless_cancelled() -> None:
            # SIGTERM to a job that still runs is a preemption, not a cancellation.
            if signal.SIGUSR1 in received or is_running(task):
                print(f"stopped with a checkpoint; job {task} goes back into the queue", flush=True)
                requeue(task)

        if team.any(bool(received)):
            # The other ranks wait for this, since the first rank to end would end all.
            team.on_lead(requeue_unless_cancelled)
            if team.many:
                # Not by MPI_Finalize, which waits for ranks that Slurm may have ended already.
                sys.stdout.flush()
                os._exit(Stopped.exit_status)
            sys.exit(Stopped.exit_status)
        return failed

    def _fail(self, names: Sequence[str], error: Exception, task: str) -> None:
        from scbsim.cluster.folders import opened
        from scbsim.sweep.failure import Failure, write_failure

        folder = opened(self.folder)
        for name in names:
            write_failure(folder.output(folder.by_name[name]), Failure(str(error), task))
