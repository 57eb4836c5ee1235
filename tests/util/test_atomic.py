"""Files that take their place when they are whole, and no other file's."""

import os
import re
import subprocess
import sys

import pytest

from scbsim.util.atomic import atomic_write, remove_stale, unshare

TEMPORARY = re.compile(r"run\.h5\.[0-9a-f]{8}\.tmp")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.h5"
    path.write_text("before")
    return path


def test_it_takes_its_place_at_the_end(path):
    with atomic_write(path) as file:
        file.write(b"after")
        file.flush()
        assert path.read_text() == "before"
        (making,) = (name for name in os.listdir(path.parent) if name != path.name)
        assert TEMPORARY.fullmatch(making)
    assert path.read_text() == "after"
    assert os.listdir(path.parent) == [path.name]


def test_names_cannot_be_guessed(path):
    names = set()
    for _ in range(20):
        with atomic_write(path) as file:
            names.add(file.name)
    assert len(names) == 20


def test_an_error_leaves_what_was_there(path):
    def fail(file):
        file.write(b"after")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        fail(file)
    assert path.read_text() == "before"
    assert os.listdir(path.parent) == [path.name]


def test_what_the_disk_refuses_is_said_of_the_path(path, monkeypatch):
    def failing(_handle):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="Input/output error") as caught, atomic_write(path) as file:
        file.write(b"after")
    assert caught.value.filename == str(path)
    assert path.read_text() == "before"
    assert os.listdir(path.parent) == [path.name]


def test_what_appears_in_between_stays(tmp_path):
    path = tmp_path / "run.h5"
    with pytest.raises(FileExistsError), atomic_write(path, replace=False):
        path.write_text("theirs")
    assert path.read_text() == "theirs"
    assert os.listdir(tmp_path) == [path.name]


KILLED = """
import os, sys
from pathlib import Path
from scbsim.util.atomic import atomic_write
with atomic_write(Path(sys.argv[1])) as file:
    print(file.name, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_maker_left_goes_and_what_is_being_made_stays(path):
    line = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as maker:
        making = maker.stdout.readline().strip()
        remove_stale(path)
        assert os.path.exists(making)
        maker.kill()
        maker.wait()
    remove_stale(path)
    assert os.listdir(path.parent) == [path.name]


def test_of_what_is_left_behind_only_what_is_ours_goes(path):
    for name in ("run.h5.tmp", "run.h5.new", "run.h5.12345678.tmp.h5", "other.h5.12345678.tmp"):
        (path.parent / name).write_text("theirs")
    precious = path.with_name("precious")
    precious.write_text("theirs")
    (path.parent / "run.h5.00000000.tmp").symlink_to(precious)
    os.mkfifo(path.parent / "run.h5.11111111.tmp")
    (path.parent / "run.h5.ckpt.22222222.tmp").write_text("left behind")
    before = set(os.listdir(path.parent))
    remove_stale(path)
    assert before - set(os.listdir(path.parent)) == {"run.h5.ckpt.22222222.tmp"}
    assert precious.read_text() == "theirs"


def test_other_hard_links_keep_what_they_have(path):
    path.chmod(0o640)
    unshare(path)
    alone = path.stat().st_ino
    other = path.with_name("backup.h5")
    os.link(path, other)
    unshare(path)
    assert other.stat().st_ino == alone != path.stat().st_ino
    assert path.stat().st_mode == other.stat().st_mode
    path.write_text("after")
    assert other.read_text() == "before"
