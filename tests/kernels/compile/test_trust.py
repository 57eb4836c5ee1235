"""Compiled code is taken from no folder that others could have written."""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from scbsim_testing.needs import lacking

from scbsim.errors import RunWarning
from scbsim.kernels.compile import jit
from scbsim.kernels.compile.kernel_cache import seal
from scbsim.kernels.compile.trust import distrust, make_private

NOBODY = 65534
OTHER = 1


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of compiled code, made by this user alone."""
    monkeypatch.setenv("SCBSIM_CACHE_DIR", str(tmp_path / "base"))
    before = os.umask(0)
    try:
        yield jit._cache_folder()
    finally:
        os.umask(before)


def mode(path):
    return path.stat().st_mode & 0o7777


def test_folders_are_made_for_this_user_alone(folder, tmp_path):
    assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)
    make_private(tmp_path / "a" / "b")
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o700, 0o700)
    assert distrust(folder) is None


def refused(words):
    """Check that no folder is taken, and that this is said once, with the reason."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert jit._cache_folder() is None
    assert [each.category for each in said] == [RunWarning]
    message = str(said[0].message)
    assert words in message
    assert "SCBSIM_CACHE_DIR" in message


@pytest.mark.parametrize("bits", [0o777, 0o707, 0o722])
@pytest.mark.parametrize("which", ["folder", "base", "above"])
def test_a_folder_that_others_may_write(folder, which, bits):
    path = {"folder": folder, "base": folder.parent, "above": folder.parents[1]}[which]
    path.chmod(bits)
    refused(f"others may write {path} (mode {bits:o})")
    # Where the sticky bit is set others can take away only what is theirs.
    path.chmod(bits | 0o1000)
    if which != "folder":
        assert jit._cache_folder() == folder
    path.chmod(bits & 0o755)
    assert jit._cache_folder() == folder


def test_what_is_in_an_open_folder(folder):
    file = folder / "scbsim" / "kernel.nbi"
    file.parent.mkdir()
    file.touch()
    file.chmod(0o666)
    # No one else may enter the folder.
    assert jit._cache_folder() == folder
    folder.chmod(0o711)
    refused("others may write")
    file.chmod(0o644)
    file.parent.chmod(0o755)
    assert jit._cache_folder() == folder


def test_a_link_is_followed_once(folder, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(folder.parent)
    monkeypatch.setenv("SCBSIM_CACHE_DIR", str(tmp_path / "link"))
    assert jit._cache_folder() == folder
    folder.parent.chmod(0o777)
    refused(str(folder.parent))


def test_what_others_take_away_meanwhile(folder, monkeypatch):
    for name in "abc":
        (folder / name).touch()
    lstat = os.lstat

    def late(path):
        if os.path.basename(path) == "b":
            os.unlink(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", late)
    assert distrust(folder) is None
    assert sorted(path.name for path in folder.iterdir()) == ["a", "c"]


@pytest.fixture
def as_root():
    if os.geteuid() != 0:
        lacking("only root can give files to other users")


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("which", ["file", "folder", "base", "above"])
def test_what_belongs_to_another_user(folder, which):
    file = folder / "kernel.nbi"
    file.touch()
    paths = {"file": file, "folder": folder, "base": folder.parent, "above": folder.parents[1]}
    os.chown(paths[which], OTHER, -1)
    refused(f"{paths[which]} belongs to ")


@pytest.mark.usefixtures("as_root")
def test_a_group_of_others(folder):
    folder.chmod(0o770)
    os.chown(folder, -1, OTHER)
    refused("others may write")
    # That of this user alone, as many systems give to each user.
    os.chown(folder, -1, os.getegid())
    assert jit._cache_folder() == folder


PROGRAM = """
import os
from scbsim.kernels.compile import jit
from scbsim.kernels.compile.kernel_cache import seal

@jit.kernel
def kernel(x):
    return x + 1.0

assert kernel(3.0) == 4.0
print(os.geteuid(), jit.CACHE_FOLDER, sum(kernel.stats.cache_hits.values()))
"""


class Planted:
    """Leaves a mark where it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def as_nobody(base, program):
    """Run a program as another user, who may read everything, to find Python and this package."""
    if shutil.which("setpriv") is None:
        lacking("setpriv starts programs as another user")
    able = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    who = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *able)
    environment = {**os.environ, "SCBSIM_CACHE_DIR": str(base), "HOME": "/"}
    done = subprocess.run(
        [*who, sys.executable, "-B", str(program)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture
def open_path():
    """A folder that everyone may enter; those above ``tmp_path`` are pytest's, for root alone."""
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o755)
        yield Path(made)


@pytest.mark.slow
@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("owner", [NOBODY, OTHER])
def test_a_planted_file_is_unpickled_only_where_it_is_ones_own(owner, open_path):
    base, marks = open_path / "base", open_path / "marks"
    for path in (base, marks):
        path.mkdir()
        os.chown(path, NOBODY, NOBODY)
    program = open_path / "program.py"
    program.write_text(PROGRAM)
    uid, folder, hits = as_nobody(base, program)
    assert (uid, hits) == (str(NOBODY), "0")
    assert folder.startswith(f"{base}/kernels-")
    assert as_nobody(base, program) == [uid, folder, "1"]
    (planted,) = base.rglob("*.nbc")
    planted.write_bytes(seal(pickle.dumps(Planted(marks / "mark"))))
    for path in (base, *base.rglob("*")):
        os.chown(path, owner, owner)
    if owner == NOBODY:
        as_nobody(base, program)
        assert (marks / "mark").exists()
    else:
        assert as_nobody(base, program) == [uid, "None", "0"]
        assert not (marks / "mark").exists()
