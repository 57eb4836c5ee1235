"""Runs that are killed at a chosen write call, in children of one warm process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from scbsim_testing import HERE
from scbsim_testing.needs import lacking
from scbsim_testing.recording import WHOLE, Recording

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

    def ask(self, do: str, *, seconds: float = 60.0, **facts) -> Ended:
        """Have it, or a child, do something."""
        ask = {"do": do, "seconds": seconds, "said": str(self._said)}
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

    def run(self, fatal=0, torn=WHOLE, *, resume=False, overwrite=False, trace=None, apart=False):
        """Run, or go on, and die at the fatal call if there are so many.

        What nothing is to kill runs in the warm process itself, unless it is traced or may crash.
        """
        return self._server.ask(
            "run" if fatal or trace or apart else "run here",
            output=str(self.path),
            folder=str(self.path.parent),
            spec=self.spec,
            fatal=fatal,
            torn=torn,
            resume=resume,
            overwrite=overwrite,
            log=str(self._log),
            trace=trace and str(trace),
        )

    def recorded(self, fatal=0, torn=WHOLE, *, status=0, **how) -> Recording:
        """Run, or go on, to an end with this status; return what was done.

        What was recorded of a run that ends by itself, made again, is what it left.
        """
        before = self.files()
        trace = self._log.with_suffix(".trace")
        trace.unlink(missing_ok=True)
        ended = self.run(fatal, torn, trace=trace, **how)
        assert ended.status == status, ended
        recording = Recording(before, trace.read_bytes(), self._log.read_bytes())
        if status == 0:
            assert len(recording.calls) == json.loads(ended.said.splitlines()[-1])["calls"]
            again = Victim(self._server, self.path.parent.with_name("again"), self.spec, self._like)
            recording.repeat(again.path.parent)
            assert again.files() == self.files()
            assert again.links() == self.links()
            shutil.rmtree(again.path.parent)
        return recording

    def killed(self, recording: Recording, fatal: int, torn: int = WHOLE) -> Victim:
        """Be as a run that was recorded, and killed at a call."""
        recording.leave(fatal, torn, self.path.parent, self._log)
        return self

    def files(self) -> dict[str, bytes]:
        """Return what is in its folder."""
        return {each.name: each.read_bytes() for each in self.path.parent.iterdir()}

    def links(self) -> dict[str, int]:
        """Return how many names each of these files has."""
        return {each.name: each.stat().st_nlink for each in self.path.parent.iterdir()}

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
    with h5py.File(path, "r") as file:
        # By h5py's lower functions, which take a third of the time.
        def visit(place: bytes) -> None:
            node, name = h5py.h5o.open(file.id, place), place.decode()
            for i in range(h5py.h5a.get_num_attrs(node)):
                attribute = h5py.h5a.open(node, index=i)
                key = attribute.name.decode()
                if key not in ("REFERENCE_LIST", "DIMENSION_LIST"):
                    found[f"{name}@{key}"] = _value_of(attribute, attribute.read)
            if isinstance(node, h5py.h5d.DatasetID):
                found[name] = _value_of(node, partial(node.read, h5py.h5s.ALL, h5py.h5s.ALL))

        h5py.h5o.visit(file.id, visit)
        found["spec"] = file.attrs["spec"]
    return found


def _value_of(node, read) -> tuple[tuple[int, ...], str, bytes]:
    value = np.zeros(node.shape, node.dtype)
    assert not node.dtype.hasobject, "only the addresses of objects would be compared"
    if value.size:
        read(value)
    return value.shape, str(value.dtype), value.tobytes()
