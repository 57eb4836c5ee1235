"""What a step of a job does: some runs of a sweep, on its own or on all of its ranks."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scbsim.cluster.team import Team

SIGNAL = "USR1"
"""What Slurm sends before the end of a job's time."""

_LOST = 128 + signal.SIGKILL
"""The exit status of one whose fellows were killed: as theirs, by which the job goes on."""


class JobStep:
    """Pickled for each task of a job array, and called there with the names of its runs.

    Parameters
    ----------
    folder : str
        Of the sweep.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, names: Sequence[str]) -> None:
        """Run them. On the signal, stop with a checkpoint and go back into the queue."""
        come: list[int] = []

        def handle(number: int, _frame: FrameType | None) -> None:
            # Nothing is written from within a handler: a write may be what it interrupted.
            come.append(number)

        # Before all else: what is imported takes a second.
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)

        from scbsim.cluster.slurm import this_task
        from scbsim.cluster.team import Alone, Ranks
        from scbsim.errors import InputError, RunFailed
        from scbsim.mpi.launch import is_first_process, joined
        from scbsim.util.streams import secure

        # A log that cannot be written, as on a full disk, must not keep the job from its queue.
        secure()
        task = this_task()
        try:
            world = joined()
        except InputError as error:
            # Every process says the same, and the first to fail would end the others.
            if is_first_process():
                self._fail(names, error, task)
                raise
            return
        team = Ranks(world) if world else Alone()
        try:
            failed = self._run(names, task, come, team)
        except Exception as error:
            if world is not None and not world.agreed:
                print(f"rank {world.rank}, which ends all others: {error!r}", flush=True)
                world.comm.Abort(_LOST if team.lost(error) else RunFailed.exit_status)
            raise
        if failed:
            raise RunFailed(f"{len(failed)} of {len(names)} runs failed: {', '.join(failed)}")

    def _run(self, names: Sequence[str], task: str, come: list[int], team: Team) -> list[str]:
        from scbsim.cluster.bundle import run_bundle
        from scbsim.cluster.slurm import is_running, requeue
        from scbsim.errors import Stopped

        failed = run_bundle(self.folder, names, job=task, stop=lambda: bool(come), team=team)

        def go_back() -> None:
            # One that was cancelled stays so; SIGTERM to one that was not is a preemption.
            if signal.SIGUSR1 in come or is_running(task):
                print(f"stopped with a checkpoint; job {task} goes back into the queue", flush=True)
                requeue(task)

        if team.any(bool(come)):
            # The others wait until that is done, as the first to end takes all along.
            team.on_lead(go_back)
            if team.many:
                # MPI would end them together, and Slurm is ending some of them already.
                sys.stdout.flush()
                os._exit(Stopped.exit_status)
            sys.exit(Stopped.exit_status)
        return failed

    def _fail(self, names: Sequence[str], error: Exception, task: str) -> None:
        from scbsim.sweep.failure import Failure, write_failure
        from scbsim.sweep.folder import SweepFolder

        folder = SweepFolder.open(self.folder)
        for name in names:
            write_failure(folder.output(folder.by_name[name]), Failure(str(error), task))
