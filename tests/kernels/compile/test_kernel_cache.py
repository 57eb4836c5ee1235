"""Compiled code that is damaged, or cannot be read or written, ends no run."""

import errno
import os
import resource
import shutil
import subprocess
import sys
import warnings
from contextlib import contextmanager

import pytest
from scbsim_testing.needs import lacking

from scbsim.errors import RunWarning
from scbsim.kernels.compile import jit
from scbsim.kernels.compile import kernel_cache as kept
from scbsim.kernels.compile.kernel_cache import seal, unseal

NOT_KEPT = "compiled kernels cannot be cached in "


def double(x):
    return x + x


def triple(x):
    return x + x + x


@pytest.fixture
def base(tmp_path, monkeypatch):
    path = tmp_path / "cache"
    monkeypatch.setenv("SCBSIM_CACHE_DIR", str(path))
    return path


@pytest.fixture
def run(base, monkeypatch):
    """Do as a process that begins: return how many kernels it compiled, and what it said."""

    def begin(*functions):
        monkeypatch.setattr(jit, "_why_not", "")
        monkeypatch.setattr(jit, "CACHE_FOLDER", jit._cache_folder())
        monkeypatch.setattr(kept, "_warned", set())
        kernels = [jit.kernel(function) for function in functions or (double, triple)]
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for kernel in kernels:
                assert kernel(1.5) == kernel.py_func(1.5)
        assert {each.category for each in said} <= {RunWarning}
        compiled = sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels)
        return compiled, [str(each.message) for each in said]

    return begin


@contextmanager
def no_room():
    """Let no file grow beyond a thousand bytes."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def compiled_code(base):
    found = sorted(base.rglob("*.nbc"))
    assert [path.name.partition("-")[0] for path in found] == [
        "test_kernel_cache.double",
        "test_kernel_cache.triple",
    ]
    return found


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:1000],
    "one bit": flipped,
    "garbage": lambda content: b"\x80\x05garbage" * 99,
    "no pickle": lambda content: seal(b"garbage"),
    "another pickle": lambda content: seal(b"\x80\x04N."),
    "longer": lambda content: content + b"0",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_replaced(damage, base, run):
    assert run() == (2, [])
    path, _ = compiled_code(base)
    path.write_bytes(damage(path.read_bytes()))
    compiled, (said,) = run()
    assert compiled == 1
    assert said.startswith(f"{path} was damaged: its kernel was recompiled")
    assert run() == (0, [])


def test_all_files_damaged_are_told_of_once(base, run):
    run()
    for path in compiled_code(base):
        path.write_bytes(b"")
    compiled, said = run()
    assert (compiled, len(said)) == (2, 1)
    assert run() == (0, [])


def test_a_folder_in_the_place_of_a_file(base, run):
    run()
    path, _ = compiled_code(base)
    path.unlink()
    path.mkdir()
    (path / "mine").touch()
    assert run()[0] == 1
    assert run() == (0, [])
    # Whoever put it there may want it back.
    assert [left.name for left in path.parent.glob("*.aside.*/*")] == ["mine"]


def test_where_nothing_more_can_be_written(base, run):
    with no_room():
        compiled, (said,) = run()
    assert compiled == 2
    assert said.startswith(NOT_KEPT)
    assert "(File too large)" in said
    assert "SCBSIM_CACHE_DIR" in said
    # No unfinished file is left.
    assert {path.suffix for path in base.rglob("*") if path.is_file()} == {".lock"}
    assert run() == (2, [])


def test_damaged_where_nothing_can_be_written(base, run):
    run()
    of_double, _ = compiled_code(base)
    of_double.write_bytes(b"")
    for _ in range(2):
        with no_room():
            compiled, (said,) = run()
        assert compiled == 1
        assert said.startswith(NOT_KEPT)
    compiled_code(base)


def test_a_folder_that_cannot_be_made(tmp_path, run, monkeypatch):
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "below"
    monkeypatch.setenv("SCBSIM_CACHE_DIR", str(below))
    compiled, (said,) = run()
    assert compiled == 2
    assert said.startswith(f"{NOT_KEPT}{below} (Not a directory)")


def test_a_lock_that_cannot_be_opened(base, run):
    run(double)
    (lock,) = base.rglob("*.lock")
    lock.unlink()
    lock.mkdir()
    assert run() == (1, [])
    assert run() == (0, [])


def test_without_locks_each_compiles_and_keeps(run, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    assert run() == (2, [])
    assert run() == (0, [])


def test_what_was_sealed():
    assert unseal(seal(b"code")) == b"code"
    for damaged in (b"", seal(b"code")[:-1], seal(b"")[:-1], flipped(seal(b"code"))):
        with pytest.raises(ValueError, match="damaged"):
            unseal(damaged)


@contextmanager
def mounted(where, *options):
    """Mount something for a while."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        lacking("mounting takes Linux and root")
    if subprocess.run(["mount", *options, where], check=False, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", where], check=True)


def test_a_full_disk(base, run):
    base.mkdir(mode=0o700)
    with mounted(base, "-t", "tmpfs", "-o", "size=8k,mode=700", "tmpfs"):
        compiled, (said,) = run()
    assert compiled == 2
    assert "(No space left on device)" in said


@contextmanager
def read_only(folder):
    with mounted(folder, "--bind", folder):
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield


def test_a_warm_folder_that_cannot_be_written_is_used(base, run):
    run(double)
    before = sorted(base.rglob("*"))
    with read_only(base):
        assert run(double) == (0, [])
        # What is missing there is compiled, and that is said.
        compiled, (said,) = run()
        assert compiled == 1
        assert said.startswith(NOT_KEPT)
        assert "(Read-only file system)" in said
    assert sorted(base.rglob("*")) == before
    assert run() == (1, [])


def test_an_empty_folder_that_cannot_be_written(base, run):
    base.mkdir()
    with read_only(base):
        compiled, (said,) = run()
    assert compiled == 2
    assert said.startswith(f"{NOT_KEPT}{base} (Read-only file system)")


def test_a_folder_that_is_taken_away_is_made_again(base, run):
    run(double)
    shutil.rmtree(base)

    assert run(double) == (1, [])
    assert run(double) == (0, [])


@pytest.mark.slow
def test_the_command_line_says_it_once(tmp_path):
    (tmp_path / "file").touch()
    words = ("quickstart", "-o", tmp_path / "run.h5", "--set", "dynamics.rule=sgd")
    done = subprocess.run(
        [sys.executable, "-m", "scbsim", "run", *words, "--set", "dynamics.engine=collapsed", "-q"],
        env={**os.environ, "SCBSIM_CACHE_DIR": str(tmp_path / "file" / "below")},
        capture_output=True,
        text=True,
        check=True,
    )
    (said,) = done.stderr.splitlines()
    assert said.startswith(f"Warning: {NOT_KEPT}{tmp_path / 'file' / 'below'} (Not a directory)")
