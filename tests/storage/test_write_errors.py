"""Every write that can fail: the process ends as it should, and what was committed is whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scbsim_testing import HERE
from scbsim_testing.killing import built_shim, contents, contents_of_whole
from scbsim_testing.processes import plain
from scbsim_testing.small_sweeps import sweep_text

from scbsim import RunSpec, load, simulate
from scbsim.spec.sweep import Sweep
from scbsim.sweep.folder import SweepFolder

WRITES, SYNCS = 1, 2
NEVER = 2**40
SPEC = {
    "seed": 3,
    "task": {"N": 6, "T": 60, "Q": 2, "P_concentration": 0.1},
    "dynamics": {"batch_size": 1e5, "engine": "dense"},
    "stage": [{"steps": 100, "normalize_level": 0.1}, {"steps": 100}],
    "output": {"snapshot_every": 80, "checkpoint_seconds": 0},
}
ENSEMBLE = {**SPEC, "dynamics": {**SPEC["dynamics"], "replicas": 3}, "output": {}}
WARM = [json.dumps(SPEC), json.dumps(ENSEMBLE)]
LONGER = {**SPEC, "stage": [SPEC["stage"][0], {"steps": 130}]}


class Server:
    """The process whose children do one thing each."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._said = folder, folder / "said"
        one = dict.fromkeys(("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        shim = built_shim(folder, "fail_shim")
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "fail_server.py"), json.dumps(WARM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **one, "LD_PRELOAD": str(shim)},
        )
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, do, nth, given, *, error=errno.EIO, lasting=False, kinds=WRITES | SYNCS, like=()):
        """Have a child do something; return its exit status, and what it said."""
        folder = self.folder / "disk"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in like:
            shutil.copy(path, folder)
        ask = {"do": do, "nth": nth, "given": given, "error": error, "lasting": lasting}
        ask |= {"kinds": kinds, "folder": str(folder), "said": str(self._said)}
        self.process.stdin.write(json.dumps(ask) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()), self._said.read_text()


@pytest.fixture(scope="module")
def server(memory):
    server = Server(memory)
    yield server
    server.process.stdin.close()
    server.process.wait(30)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Whole runs of both specs."""
    folder = tmp_path_factory.mktemp("runs")
    for name, spec in (("one", SPEC), ("ensemble", ENSEMBLE), ("longer", LONGER)):
        simulate(RunSpec.from_dict(spec), output=folder / f"{name}.h5", threads=1)
    return folder


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep")
    (path / "sweep.toml").write_text(sweep_text())
    folder = SweepFolder.made(path / "runs", Sweep.from_toml(path / "sweep.toml"))
    for run in folder.sweep.runs:
        simulate(folder.sweep.spec_of(run), output=folder.output(run), threads=1)
    return str(folder.path)


def calls_of(server, do, given, **how):
    status, said = server.ask(do, NEVER, given, **how)
    assert status == 0, said
    return int(said)


def places(calls, count):
    """Return some calls spread over all, and the first and the last few."""
    between = range(5, calls, max(1, calls // count))
    return sorted({*range(1, 5), *between, *range(calls - 4, calls + 1)})


def check(server, do, nth, given, exits=1, **how):
    """Fail at a call, or from it on; return what is left in the folder."""
    how = {"error": errno.ENOSPC if nth % 2 else errno.EIO, "lasting": nth % 3 == 0, **how}
    status, said = server.ask(do, nth, given, **how)
    assert status == exits, (nth, status, said)
    plain(said)
    left = {path.name for path in (server.folder / "disk").iterdir()}
    assert not [name for name in left if name.endswith((".tmp", ".lock"))], left
    return left


def check_run(server, runs, name, spec, nth, **how):
    """Fail at a call; what is there is right, and now and then goes on to the same bits."""
    path, right = server.folder / "disk" / "run.h5", runs / f"{name}.h5"
    check(server, "run", nth, {"spec": spec, "like": str(right)}, **how)
    if nth % 5:
        return
    simulate(RunSpec.from_dict(spec), output=path, resume=True, threads=1)
    assert contents(path) == contents_of_whole(right, right.stat().st_mtime_ns)
    assert os.listdir(path.parent) == ["run.h5"]


@pytest.mark.slow
def test_of_a_run(server, runs):
    for nth in places(calls_of(server, "run", {"spec": SPEC}), 6):
        check_run(server, runs, "one", SPEC, nth)


@pytest.mark.slow(first=True)
@pytest.mark.parametrize(
    ("name", "spec", "lasting", "every"),
    [
        ("one", SPEC, False, 7),
        ("one", SPEC, True, 29),
        ("ensemble", ENSEMBLE, False, 17),
        ("ensemble", ENSEMBLE, True, 17),
    ],
)
def test_of_a_run_at_many_calls(server, runs, name, spec, lasting, every):
    """One call fails, or all from it on."""
    for nth in range(1, 1 + calls_of(server, "run", {"spec": spec}), every):
        check_run(server, runs, name, spec, nth, lasting=lasting)


@pytest.mark.slow
def test_of_a_run_that_is_taken_further(server, runs, tmp_path):
    given, path = {"spec": LONGER}, tmp_path / "run.h5"
    shutil.copy(runs / "one.h5", path)
    calls = calls_of(server, "longer", given, like=[path])
    for nth in places(calls, 3):
        assert "run.h5" in check(server, "longer", nth, given, like=[path])
    ended = server.folder / "disk" / "run.h5"
    again = simulate(RunSpec.from_dict(LONGER), output=ended, resume=True, threads=1)
    assert again["loss"].equals(load(runs / "longer.h5")["loss"])


@pytest.mark.slow
@pytest.mark.parametrize(("do", "exits"), [("task", 2), ("samples", 1)])
def test_of_a_file_that_is_whole_or_not_there(server, do, exits):
    for nth in places(calls_of(server, do, {}), 4):
        assert check(server, do, nth, {}, exits) <= {"task.h5", "batch.h5"}


@pytest.mark.slow
def test_of_a_collection(server, sweep):
    given = {"sweep": sweep}
    for nth in places(calls_of(server, "collection", given), 4):
        assert check(server, "collection", nth, given) <= {"all.h5"}
