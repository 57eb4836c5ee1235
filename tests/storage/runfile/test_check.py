"""What a check calls damaged, what it calls whole, and what it leaves open."""

import errno
import os

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import run_spec

import scbsim.storage.runfile.check as check_module
from scbsim import simulate
from scbsim.storage.hdf5.attributes import put_text
from scbsim.storage.hdf5.superblock import Repaired
from scbsim.storage.runfile.check import check, read_blocks

WORDS = {
    "a single run": ("output.snapshot_every=5", "output.final_state=true"),
    "active entries": ("dynamics.engine=sparse", "output.snapshot_every=5"),
    "an ensemble": ("dynamics.replicas=3",),
}


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("what", WORDS)
def test_what_runs_leave_is_whole(tmp_path, what, stopped):
    path = tmp_path / "run.h5"
    simulate(run_spec(*WORDS[what]), output=path, stop=(lambda: True) if stopped else None)
    before = path.read_bytes()
    assert check(path).kind == "whole"
    assert path.read_bytes() == before


def change(name, value):
    def spoil(path):
        with h5py.File(path, "r+") as file:
            file[name][...] = value

    return spoil


def attribute(**texts):
    def spoil(path):
        with h5py.File(path, "r+") as file:
            put_text(file.attrs, **texts)

    return spoil


def without(name):
    def spoil(path):
        with h5py.File(path, "r+") as file:
            del file[name]

    return spoil


def cut(path):
    path.write_bytes(path.read_bytes()[:-5000])


def turned(name):
    """One bit of the numbers of a dataset with checksums."""

    def spoil(path):
        with h5py.File(path) as file:
            at = file[name].id.get_chunk_info(0).byte_offset
        content = bytearray(path.read_bytes())
        content[at + 3] ^= 1
        path.write_bytes(content)

    return spoil


DAMAGE = {
    "cut short": (cut, "it is cut short"),
    "a page of zeros": (lambda path: path.write_bytes(bytes(10_000)), ""),
    "another format": (attribute(format="another"), "not an output of scbsim"),
    "a spec that is none": (attribute(spec="{"), "Expecting"),
    "no engine": (attribute(provenance='{"value": "matrix"}'), "no engine"),
    "more rows than there are": (change("trajectory/n_committed", 10**6), "is short of 1000000"),
    "fewer than none": (change("trajectory/n_committed", -1), "it says that it has -1 rows"),
    "a status that is none": (change("trajectory/status", 99), "its status is none"),
    "steps that fall": (change("trajectory/step", 7), "the steps do not ascend"),
    "a reason that is none": (change("stages/reason", 9), "for no known reason"),
    "a column that is gone": (without("trajectory/loss"), "loss"),
    "no task": (without("task"), "task"),
    "a bit of the task": (turned("task/P"), "filter returned failure"),
    "a bit of the last state": (turned("final/bulk"), "filter returned failure"),
}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run.h5"
    simulate(run_spec("output.final_state=true"), output=path)
    return path.read_bytes()


@pytest.mark.parametrize("how", DAMAGE)
def test_damage(content, tmp_path, how):
    spoil, said = DAMAGE[how]
    path = tmp_path / "run.h5"
    path.write_bytes(content)
    spoil(path)
    verdict = check(path)
    assert verdict.kind == "damaged", verdict
    assert said in verdict.why


ERRORS = {
    "a disk that fails": (OSError(errno.EIO, os.strerror(errno.EIO)), "Input/output error"),
    "a file server that forgot it": (OSError(errno.ESTALE, "stale"), "tale"),
    "no memory": (MemoryError(), "there is not enough memory"),
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("at", [1, 2, 7, 30])
def test_what_could_not_be_read_is_not_damaged(content, tmp_path, monkeypatch, error, at):
    path = tmp_path / "run.h5"
    path.write_bytes(content)
    raised, said = ERRORS[error]
    readinto, calls = Repaired.__mro__[1].readinto, iter(range(1, 10**6))

    def failing(self, buffer):
        if next(calls) == at:
            if isinstance(raised, OSError):
                self.failed = raised
            raise raised
        return readinto(self, buffer)

    monkeypatch.setattr(Repaired.__mro__[1], "readinto", failing)
    verdict = check(path)
    assert (verdict.kind, verdict.again) == ("unchecked", True)
    assert said in verdict.why


def test_a_module_that_is_missing_is_no_damage(content, tmp_path, monkeypatch):
    path = tmp_path / "run.h5"
    path.write_bytes(content)

    def missing(*_):
        raise ImportError("No module named 'gone'")

    monkeypatch.setattr(check_module, "_read", missing)
    assert check(path)[:2] == ("unchecked", "No module named 'gone'")


def test_a_file_that_is_gone(tmp_path):
    assert check(tmp_path / "run.h5").kind == "unchecked"


def test_no_piece_is_large(tmp_path, monkeypatch):
    """Whatever the number of rows, and where one entry is a large matrix, too."""
    monkeypatch.setattr(check_module, "BLOCK_BYTES", 4096)
    numbers = np.arange(30_000.0)
    with h5py.File(tmp_path / "some.h5", "w") as file:
        for name, shape, chunks in (
            ("many rows", (30_000,), (64,)),
            ("wide rows", (300, 100), (3, 100)),
            ("large entries", (3, 100, 100), (1, 10, 50)),
            ("of one piece", (30_000,), None),
        ):
            data = file.create_dataset(name, data=numbers.reshape(shape), chunks=chunks)
            found = list(read_blocks(data, len(data)))
            assert max(piece.nbytes for piece in found) <= 2 * 4096, name
            assert sum(piece.size for piece in found) == 30_000
            values = np.sort(np.concatenate([piece.ravel() for piece in found]))
            np.testing.assert_array_equal(values, numbers)
        assert sum(len(block) for block in read_blocks(file["many rows"], 1000)) == 1000


def test_it_says_how_it_gets_on(content, tmp_path):
    path = tmp_path / "run.h5"
    path.write_bytes(content)
    told = []
    assert check(path, lambda: told.append(1)).kind == "whole"
    assert len(told) > 30
