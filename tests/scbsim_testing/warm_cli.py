"""Command lines in forks of one warm process: importing takes a second, and a fork a hundredth.

A run in a fork has one thread. At its end all that is registered for the exit is done, by Python
and by libraries, as what HDF5 does there; only Python's own objects are not taken apart.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import shlex
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

WITHIN = 300
ONE_THREAD = {"NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Ended(NamedTuple):
    """How a command ended: its exit status, or -signal, and what it said."""

    status: int
    out: str
    err: str


class WarmCli:
    """Started once; each call forks a child that runs one command line.

    What it resumes is checked in a fork, too, and not by a Python that is started for that.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        atexit.register(self.close)

    def __call__(self, *words: object, cwd: Path | None = None, **patch: object) -> Ended:
        """Run a command line, changed as `patched_cli` can, to its end."""
        said = [f"{self._folder.name}/{name}" for name in ("out", "err")]
        ask = {"words": [str(word) for word in words], "patch": patch, "said": said}
        ask |= {"cwd": str(cwd or Path.cwd()), "environment": dict(os.environ)}
        self._server.stdin.write(json.dumps(ask) + "\n")
        self._server.stdin.flush()
        status = json.loads(self._server.stdout.readline())
        return Ended(status, *(Path(name).read_text(errors="replace") for name in said))

    def close(self) -> None:
        """End the warm process."""
        self._server.stdin.close()
        self._server.wait(30)
        self._server.stdout.close()
        self._folder.cleanup()


@cache
def warm_cli() -> WarmCli:
    """Return the one of this process."""
    return WarmCli()


def in_a_fork(line: str, folder: Path) -> Ended:
    """Run a line as a shell would: a command of scbsim, and where its output goes."""
    words = shlex.split(line, comments=True)[1:]
    target = words.index(">") if ">" in words else len(words)
    done = warm_cli()(*words[:target], cwd=folder)
    for name in words[target + 1 :]:
        (folder / name).write_text(done.out)
    return done


def _run(ask: dict) -> None:
    """Be the process of a command line."""
    for number, name in zip((0, 1, 2), (os.devnull, *ask["said"]), strict=True):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    signal.alarm(WITHIN)
    os.environ.clear()
    # numba reads its settings again before it compiles, and the number of threads may not change.
    os.environ.update(ask["environment"] | ONE_THREAD)
    os.chdir(ask["cwd"])
    sys.argv = ["scbsim", *ask["words"]]
    if ask["patch"]:
        patched_cli.patched(ask["patch"])
    status = 1
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).exit(status)


if __name__ == "__main__":
    import matplotlib.pyplot  # noqa: F401
    import patched_cli
    import xarray  # noqa: F401
    from replacing import replace
    from warm_check import checked_in_a_fork

    import scbsim.cli.run
    import scbsim.cli.sweep
    import scbsim.contents
    import scbsim.plotting.overview  # noqa: F401
    from scbsim import RunSpec, simulate
    from scbsim.cli.entry import main
    from scbsim.storage.runfile import integrity

    replace(integrity, _run_child=checked_in_a_fork)
    for engine, rule in (("dense", "prox"), ("collapsed", "sgd")):
        tables = {"task": {"N": 4, "T": 16, "Q": 1}, "stage": [{"steps": 2}]}
        tables["dynamics"] = {"engine": engine, "rule": rule}
        simulate(RunSpec.from_dict(tables))
    gc.collect()
    gc.freeze()

    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _run(json.loads(line))
        print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])), flush=True)
