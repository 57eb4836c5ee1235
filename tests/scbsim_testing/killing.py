"""Runs that are killed at a chosen write call, in children of one warm process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import h5py

from scbsim_testing import HERE
from scbsim_testing.needs import lacking

WHOLE, HALF, PAGE = 0, 1, 2
"""How much of the fatal write is done: nothing, half, or what comes before its last page."""

KILLED = -9


def built_shim(folder: Path, name: str = "kill_shim") -> Path:
    """Compile a shim; without a compiler there is nothing to preload."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform != "linux":
        lacking(
            "what is done at every write call needs Linux and a C compiler, and there is none here"
        )
    shim = folder / f"{name}.so"
    line = [compiler, "-O1", "-shared", "-fPIC", "-o", str(shim), str(HERE / f"{name}.c"), "-ldl"]
    subprocess.run(line, check=True)
    return shim


class Ended(NamedTuple):
    """How a child ended: its exit status, minus a signal, or None if it hung; and its words."""

    status: int | None
    said: str


class KillServer:
    """The warm process."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "said"
        one = dict.fromkeys(("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "kill_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **one, "LD_PRELOAD": str(built_shim(folder))},
        )
        assert self._process.stdout.readline() == "ready\n"

    def ask(self, do: str, *, seconds: float = 60.0, quick_verify: bool = True, **facts) -> Ended:
        """Have a child do something."""
        ask = {"do": do, "seconds": seconds, "said": str(self._said), "quick_verify": quick_verify}
        self._process.stdin.write(json.dumps({**ask, **facts}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Ended(answer["ended"], answer["said"])

    def close(self) -> None:
        """End the warm process."""
        self._process.stdin.close()
        self._process.wait(30)


class Victim:
    """One run in a folder of its own, killed and resumed until it is complete.

    Parameters
    ----------
    server : KillServer
    folder : Path
        Emptied.
    spec : dict
    like : Path
        The file of the same run, never interrupted.
    """

    def __init__(self, server: KillServer, folder: Path, spec: dict, like: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.path, self.spec = folder / "run.h5", spec
        self._server, self._like = server, like
        self._log = folder.with_name(f"{folder.name}.log")
        self._log.unlink(missing_ok=True)
        self._seen = 0

    def run(self, fatal=0, torn=WHOLE, *, resume=False, overwrite=False, trace=None, **how):
        """Run, or go on, and die at the fatal call if there are so many."""
        return self._server.ask(
            "run",
            output=str(self.path),
            folder=str(self.path.parent),
            spec=self.spec,
            fatal=fatal,
            torn=torn,
            resume=resume,
            overwrite=overwrite,
            log=str(self._log),
            trace=trace and str(trace),
            **how,
        )

    def like_after(self, other: Victim) -> None:
        """Take over the folder of another, as it died."""
        shutil.copytree(other.path.parent, self.path.parent, dirs_exist_ok=True)
        shutil.copyfile(other._log, self._log)

    def done(self) -> list[tuple[str, int]]:
        """Return what the run was told is on the disk, in order."""
        if not self._log.exists():
            return []
        words = (line.split() for line in self._log.read_text().splitlines())
        return [(what, int(number)) for what, number in words]

    def acknowledged(self) -> int:
        """Return the most rows that the run was told are committed."""
        return max((number for what, number in self.done() if what == "rows"), default=0)

    def check_readable(self) -> None:
        """A reader sees every acknowledged row, as it should be, and never fewer than before."""
        if not self.path.exists():
            assert self.acknowledged() == 0
            return
        got = self._server.ask("read", output=str(self.path), like=str(self._like), seconds=20)
        assert got.status == 0, f"reading ended with {got.status}: {got.said}"
        content = json.loads(got.said)
        assert "fault" not in content, content
        assert content["rows"] >= max(self._seen, self.acknowledged()), content
        assert content["same"], content
        self._seen = content["rows"]

    def check_finished(self) -> None:
        """The file is as if never interrupted, nothing is beside it, and no checkpoint was lost."""
        self.check_readable()
        right = contents_of_whole(self._like, self._like.stat().st_mtime_ns)
        assert contents(self.path) == right
        assert os.listdir(self.path.parent) == [self.path.name]
        saved = 0
        for what, step in self.done():
            if what == "saved":
                saved = step
            elif what == "from":
                assert step >= saved, f"went on from step {step}, and {saved} was saved"

    def check_last_row(self) -> None:
        """The last row is as if never interrupted, whatever is missing before."""
        found, right = contents(self.path), contents(self._like)
        for name in right:
            if name.startswith("trajectory/") and "@" not in name and right[name][0]:
                assert found[name][2][-8:] == right[name][2][-8:], name


@lru_cache(8)
def contents_of_whole(path: Path, _mtime_ns: int) -> dict[str, object]:
    """Return `contents` of a file that is compared with many."""
    return contents(path)


def contents(path: Path) -> dict[str, object]:
    """Return everything in a finished file but its name, its date and its machine."""
    found: dict[str, object] = {}

    def visit(name, node):
        for key, value in node.attrs.items():
            if key not in ("REFERENCE_LIST", "DIMENSION_LIST"):
                found[f"{name}@{key}"] = str(value)
        if isinstance(node, h5py.Dataset):
            found[name] = (node.shape, str(node.dtype), node[()].tobytes())

    with h5py.File(path, "r") as file:
        file.visititems(visit)
        found["spec"] = file.attrs["spec"]
    return found
