"""Streaming rows into a file, and every way in which that can fail."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import assert_same, rows, run_spec

from scbsim import Task, load, simulate
from scbsim.errors import OutputError, RunFailed
from scbsim.storage.hdf5.attributes import text
from scbsim.storage.runfile.row_writer import FileRecorder

FAST = ("dynamics.engine=population",)


@pytest.mark.parametrize("every", [1, 7])
def test_a_run_longer_than_its_buffer(every, tmp_path):
    spec = run_spec(*FAST, f"output.every={every}", steps=16384 * 2 * every + 5)
    filed = simulate(spec, output=tmp_path / "run.h5")
    assert filed.sizes["step"] > 2 * 16384
    assert_same(filed, simulate(spec))


@pytest.mark.parametrize("pace", [1, 7, 100])
def test_what_is_written_does_not_depend_on_when(pace, flush_always, tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: pace)
    spec = run_spec(steps=100)
    assert_same(simulate(spec, output=tmp_path / "run.h5"), simulate(spec))


def test_rows_count_only_once_they_are_there(flush_always, tmp_path, monkeypatch):
    """Columns, flush, count, flush."""
    seen = []
    flush = h5py.File.flush

    def spy(file):
        flush(file)
        group = file["trajectory"]
        seen.append((len(group["step"]), len(group["loss"]), int(group["n_committed"][()])))

    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 2)
    monkeypatch.setattr(h5py.File, "flush", spy)
    simulate(run_spec(steps=4), output=tmp_path / "run.h5")
    assert seen[0] == (0, 0, 0), "the status alone"
    assert seen[1:7] == [(1, 1, 0), (1, 1, 1), (2, 2, 1), (2, 2, 2), (4, 4, 2), (4, 4, 4)]
    assert all(step == loss >= count for step, loss, count in seen)


def test_buffers_wait_for_a_chunk_or_some_seconds(tmp_path, monkeypatch):
    flushes = []
    flush = FileRecorder.flush
    monkeypatch.setattr(FileRecorder, "flush", lambda self: (flushes.append(1), flush(self)))
    simulate(run_spec(*FAST, steps=1000), output=tmp_path / "one.h5")
    assert len(flushes) == 1, "at the end alone"
    monkeypatch.setattr("scbsim.storage.runfile.row_writer._FLUSH_SECONDS", 0.0)
    simulate(run_spec(*FAST, steps=1000), output=tmp_path / "other.h5")
    assert len(flushes) > 3


# What is asked for cannot be.


@pytest.fixture
def undrawn(monkeypatch):
    """Fail at the first piece of work."""
    monkeypatch.setattr(Task, "from_spec", lambda *_: pytest.fail("the task was drawn"))


def test_what_exists_is_left_alone(copy, undrawn):
    before = copy.read_bytes()
    with pytest.raises(OutputError, match=r"copy\.h5 exists: .*overwrite=True") as caught:
        simulate(run_spec(), output=copy)
    assert caught.value.exit_status == 2
    assert copy.read_bytes() == before


def test_what_comes_to_exist_in_the_meantime_is_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "run.h5"
    draw = Task.from_spec

    def meanwhile(spec):
        path.write_bytes(b"of someone else")
        return draw(spec)

    monkeypatch.setattr(Task, "from_spec", meanwhile)
    with pytest.raises(OutputError, match=r"run\.h5 exists now; it did not"):
        simulate(run_spec(), output=path)
    assert path.read_bytes() == b"of someone else"
    assert [each.name for each in tmp_path.iterdir()] == ["run.h5"]


def test_overwriting_replaces_it(copy):
    old = load(copy)
    with h5py.File(copy) as reader:
        new = simulate(run_spec(), output=str(copy), overwrite=True)
        assert text(reader.attrs, "run_uuid") == old.attrs["run_uuid"], "who reads the old keeps it"
    assert new.attrs["run_uuid"] != old.attrs["run_uuid"]
    assert_same(new, simulate(run_spec()))


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder(overwrite, tmp_path, undrawn):
    with pytest.raises(OutputError, match="is a folder"):
        simulate(run_spec(), output=tmp_path, overwrite=overwrite)


def test_a_device_is_not_replaced(undrawn):
    with pytest.raises(OutputError, match="/dev/null is no regular file"):
        simulate(run_spec(), output="/dev/null", overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_below_a_file(overwrite, copy):
    with pytest.raises(OutputError, match=r"copy\.h5/run\.h5 cannot be written: \w+"):
        simulate(run_spec(), output=copy / "run.h5", overwrite=overwrite)


def test_missing_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "run.h5"
    simulate(run_spec(), output=path)
    assert load(path).attrs["status"] == "complete"
    assert [p.name for p in path.parent.iterdir()] == ["run.h5"]


# What is begun cannot go on.


NEVER = 10**6


class Failing:
    """A method of h5py that fails at its n-th call, and keeps what the file is by then."""

    def __init__(self, monkeypatch, owner, name, call, path):
        self.method, self.name, self.call, self.path = getattr(owner, name), name, call, path
        self.calls, self.content = 0, None
        monkeypatch.setattr(owner, name, lambda *words, **named: self.called(*words, **named))

    def called(self, *words, **named):
        self.calls += 1
        if self.calls == self.call:
            self.content = self.path.read_bytes()
            raise RuntimeError("failed") if self.name == "flush" else OSError(28, "failed")
        return self.method(*words, **named)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("owner", "name"),
    [(h5py.Dataset, "resize"), (h5py.Dataset, "__setitem__"), (h5py.File, "flush")],
)
def test_a_write_error_ends_the_run_and_what_is_committed_stands(
    owner, name, flush_always, tmp_path, monkeypatch
):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 2)
    spec = run_spec("init.alpha_A=0.8", steps=8)
    full = simulate(spec)

    def run(call):
        """Fail at a call; return how many there were, and what is left."""
        path = tmp_path / f"{call}.h5"
        with monkeypatch.context() as patched:
            failing = Failing(patched, owner, name, call, path)
            if call == NEVER:
                simulate(spec, output=path)
            else:
                with pytest.raises(RunFailed) as caught:
                    simulate(spec, output=path)
                assert caught.value.exit_status == 1
                assert str(caught.value).startswith(f"{path} could not be written (")
                assert "failed" in str(caught.value)
                assert path.read_bytes() == failing.content, "nothing is written after an error"
        return failing.calls, load(path)

    calls, left = run(NEVER)
    assert_same(left, full)
    lengths = set()
    for call in sorted({1, 2, calls - 1, calls, *range(3, calls, 3)}):
        _, left = run(call)
        assert left.attrs["status"] == "running" or left.sizes == full.sizes
        np.testing.assert_array_equal(rows(left), rows(full)[: left.sizes["step"]])
        lengths.add(left.sizes["step"])
    assert len(lengths) > 3


FULL = """
import sys
from resource import RLIMIT_FSIZE, setrlimit
from scbsim_testing.small_runs import run_spec
from scbsim import errors, simulate
spec = run_spec("dynamics.engine=population", steps=100_000)
simulate(run_spec("dynamics.engine=population", steps=1))
setrlimit(RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
try:
    simulate(spec, output=sys.argv[2])
except errors.RunFailed as error:
    print(error)
"""


@pytest.mark.parametrize(
    "room",
    [
        300_000,
        *(
            pytest.param(room, marks=pytest.mark.slow)
            for room in (1000, 20_000, 60_000, 1_300_000, 2_000_000, 5_000_000)
        ),
    ],
)
@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no such limit here")
def test_a_real_write_error_ends_the_run_and_no_more(room, tmp_path):
    """HDF5 as it is left may crash the interpreter when it exits, or say much."""
    path = tmp_path / "run.h5"
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(room), path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"{path} ")
    assert "File too large" in ended.stdout
    assert len(ended.stdout.splitlines()) == 1
    there = room > 20_000
    left = {each.name for each in tmp_path.iterdir()}
    assert left == ({"run.h5"} if there else set()), "without a header it is of use to no one"
    if there:
        run = load(path)
        n = run.sizes["step"]
        assert run["step"].values.tolist() == list(range(n))
        assert np.isfinite(rows(run)).all()
        assert (n > 10_000) == (room == 5_000_000)
