"""A path is one file, wherever the program goes and by whatever link it is named."""

import os
import socket

import pytest

from scbsim.errors import OutputError
from scbsim.util.paths import require_regular, resolved


def test_a_relative_path_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = resolved("run.h5")
    monkeypatch.chdir("/")
    assert path == tmp_path / "run.h5"


def test_a_link_is_what_it_leads_to(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "file.h5").symlink_to("there/run.h5")
    (tmp_path / "folder").symlink_to("there")
    run = tmp_path / "there" / "run.h5"
    assert resolved(tmp_path / "file.h5") == resolved(tmp_path / "folder" / "run.h5") == run
    run.write_text("")
    assert resolved(tmp_path / "file.h5") == run


def test_a_link_to_itself_is_none(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OutputError, match="leads back to itself"):
        resolved(tmp_path / "a")


def test_what_can_be_no_path():
    with pytest.raises(OutputError, match="not a valid path"):
        resolved("a\0b")


def test_what_is_not_read(tmp_path):
    """At once: reading a pipe would wait for someone to write to it."""
    fifo, there = tmp_path / "fifo", tmp_path / "socket"
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(there))
        for path, words in (
            (fifo, "no regular file"),
            (there, "no regular file"),
            ("/dev/zero", "no regular file"),
            (tmp_path, "is a folder"),
            (tmp_path / "none", "does not exist"),
        ):
            with pytest.raises(OutputError, match=words):
                require_regular(path)
    (tmp_path / "file").write_text("1")
    assert require_regular(tmp_path / "file").st_size == 1
