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
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
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
        self._streams, theirs = socket.socketpair()
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **ONE_THREAD},
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.close)

    def __call__(self, *words: object, cwd: Path | None = None, **patch: object) -> Ended:
        """Run a command line, changed as `patched_cli` can, to its end."""
        said = [f"{self._folder.name}/{name}" for name in ("out", "err")]
        pid = self.ask(**_words(words, cwd), patch=patch, said=said)
        status = self.ask(wait=pid)
        return Ended(status, *(Path(name).read_text(errors="replace") for name in said))

    def started(self, *words: object, cwd: Path, streams: list[int], **how: object) -> Started:
        """Start a command line with these streams, if asked in a session `alone`, `deaf` to HUP."""
        socket.send_fds(self._streams, [b"."], streams)
        ask = {"patch": {}, **_words(words, cwd), **how}
        return Started(self, self.ask(**ask, said=None))

    def ask(self, **facts: object) -> object:
        """Have the warm process answer."""
        self._server.stdin.write(json.dumps(facts) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())

    def close(self) -> None:
        """End the warm process."""
        self._server.stdin.close()
        self._server.wait(30)
        self._server.stdout.close()
        self._streams.close()
        self._folder.cleanup()


class Started:
    """A command line that runs, as `subprocess.Popen` has it."""

    def __init__(self, server: WarmCli, pid: int) -> None:
        self.pid, self.returncode, self._server = pid, None, server

    def poll(self) -> int | None:
        """Return how it ended; None if it runs."""
        if self.returncode is None:
            self.returncode = self._server.ask(poll=self.pid)
        return self.returncode

    def wait(self, seconds: float = WITHIN) -> int:
        """Return how it ended, once it has."""
        deadline = monotonic() + seconds
        while self.poll() is None:
            assert monotonic() < deadline
            sleep(0.02)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


def _words(words: tuple[object, ...], cwd: Path | None) -> dict[str, object]:
    words = [str(word) for word in words]
    return {"words": words, "cwd": str(cwd or Path.cwd()), "environment": dict(os.environ)}


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


def _stream(number: int, handle: int) -> None:
    """Have one of the standard streams there, as Python has it at its start."""
    os.dup2(handle, number)
    os.close(handle)
    if number:
        lines = number == 2 or os.isatty(number)
        name = ("stdin", "stdout", "stderr")[number]
        errors = "backslashreplace" if number == 2 else None
        stream = open(number, "w", 1 if lines else -1, errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _run(ask: dict, handles: list[int]) -> None:
    """Be the process of a command line."""
    for number, handle in enumerate(handles):
        _stream(number, handle)
    if ask.get("alone"):
        os.setsid()
    if ask.get("deaf"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
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
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = 120
    ctypes.CDLL(None).exit(status)


def _begun(ask: dict, streams: socket.socket) -> int:
    """Fork a process for a command line."""
    if ask["said"] is None:
        handles = socket.recv_fds(streams, 1, 3)[1]
    else:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        handles = [os.open(name, flags) for name in (os.devnull, *ask["said"])]
    pid = os.fork()
    if not pid:
        streams.close()
        _run(ask, handles)
    for handle in handles:
        os.close(handle)
    return pid


def _ended(pid: int, flags: int) -> int | None:
    done, status = os.waitpid(pid, flags)
    return os.waitstatus_to_exitcode(status) if done else None


def _answer(ask: dict, streams: socket.socket) -> int | None:
    if "poll" in ask:
        return _ended(ask["poll"], os.WNOHANG)
    return _ended(ask["wait"], 0) if "wait" in ask else _begun(ask, streams)


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

    streams = socket.socket(fileno=int(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line), streams)), flush=True)
