"""Command lines in children of one warm process: a crash or a hang ends the child alone."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple


class Ended(NamedTuple):
    """How a child ended: its exit status, -signal of a crash, or None if it did not end."""

    status: int | None
    said: str


class Forks:
    """Start it once; each call forks a child that runs one command line.

    ``load PATH`` is understood beside the commands of scbsim. Before a resume, a file is checked in
    a child of that child: a fork of it, or a new Python as it is outside of tests.
    """

    def __init__(self, folder: Path) -> None:
        self._said = folder / "said"
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NUMBA_NUM_THREADS": "1", "MPLBACKEND": "agg"},
        )

    def __call__(self, *words: object, seconds: float = 60.0, cold_check: bool = False) -> Ended:
        ask = {"words": [str(word) for word in words], "seconds": seconds, "said": str(self._said)}
        ask["cold_check"] = cold_check
        self._server.stdin.write(json.dumps(ask) + "\n")
        self._server.stdin.flush()
        status = json.loads(self._server.stdout.readline())
        return Ended(status, self._said.read_text(errors="replace"))

    def close(self) -> None:
        self._server.stdin.close()
        self._server.wait(30)


def _child(words: list[str], said: str, cold_check: bool) -> None:
    if not cold_check:
        replace(integrity, _run_child=checked_in_a_fork)
    handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    if words[0] == "load":
        import scbsim
        from scbsim.errors import ScbsimError

        try:
            scbsim.load(words[1])
        except ScbsimError as error:
            print("Error:", error, flush=True)
            os._exit(error.exit_status)
        os._exit(0)
    from scbsim.cli.main import cli

    try:
        cli(words, prog_name="scbsim")
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


def _ended(pid: int, seconds: float) -> int | None:
    deadline, pause = monotonic() + seconds, 0.001
    while monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        sleep(pause)
        pause = min(2 * pause, 0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _serve() -> None:
    import xarray  # noqa: F401

    import scbsim.cli.info_table
    import scbsim.cli.live_table
    import scbsim.cli.plot
    import scbsim.cli.run
    import scbsim.plotting.overview
    import scbsim.run.simulate
    from scbsim.spec import RunSpec

    tables = {"task": {"N": 4, "T": 16, "Q": 1}, "stage": [{"steps": 2}]}
    scbsim.run.simulate.simulate(RunSpec.from_dict(tables))
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        ask = json.loads(line)
        pid = os.fork()
        if not pid:
            try:
                _child(ask["words"], ask["said"], ask["cold_check"])
            finally:
                import traceback

                traceback.print_exc()
                os._exit(99)
        print(json.dumps(_ended(pid, ask["seconds"])), flush=True)


if __name__ == "__main__":
    from replacing import replace
    from warm_check import checked_in_a_fork

    from scbsim.storage.runfile import integrity

    _serve()
