"""Files are checked before a resume in children of one warm process, not by a new Python each time.

What a child finds, and how it may end, is the same. Tests of the check itself have the real one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from scbsim.errors import Stopped
from scbsim.storage.runfile import integrity
from scbsim.storage.runfile.check import CheckResult, check


def _as_it_is() -> tuple[object, ...]:
    """Return what tests of the check change."""
    return (
        *(integrity._CHILD, integrity._HOME, integrity._SILENT_SECONDS, integrity._POLL_SECONDS),
        *(integrity._wait_for_verdict, subprocess.Popen, sys.executable),
    )


class WarmCheck:
    """In place of `integrity._run_child`; the process starts when it is first asked."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None
        self.real, self._before = integrity._run_child, _as_it_is()

    def __call__(self, path: Path, stop: integrity.Stop) -> CheckResult:
        if _as_it_is() != self._before:
            return self.real(path, stop)
        if stop():
            raise Stopped(
                f"stopped on a signal while {path} was checked; it is as it was, and the same "
                "command resumes the run"
            )
        return _result(*json.loads(self._asked(os.path.abspath(path))))

    def _asked(self, path: str) -> str:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        self._server.stdin.write(json.dumps(path) + "\n")
        self._server.stdin.flush()
        return self._server.stdout.readline()

    def close(self) -> None:
        """End the warm process."""
        if self._server is not None:
            self._server.stdin.close()
            self._server.wait(30)
            self._server.stdout.close()


def checked_in_a_fork(path: Path, _stop: integrity.Stop) -> CheckResult:
    """In place of `integrity._run_child` in a process that can be forked, as one of one thread."""
    return _result(*_in_a_child(path))


def _result(code: int, verdict: list[object] | None) -> CheckResult:
    if verdict is None:
        ended = SimpleNamespace(wait=lambda: code)
        return CheckResult("unchecked", integrity._why_no_verdict(ended, ""))
    return CheckResult(*verdict)


def _in_a_child(path: Path) -> tuple[int, list[object] | None]:
    """Return how a child ended that checks a file, and its verdict if it came to one."""
    there, here = os.pipe()
    pid = os.fork()
    if not pid:
        signal.alarm(50)
        os.write(here, json.dumps(check(path)).encode())
        os._exit(0)
    os.close(here)
    with open(there) as pipe:
        verdict = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code, json.loads(verdict) if verdict else None


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_in_a_child(Path(json.loads(line)))), flush=True)
