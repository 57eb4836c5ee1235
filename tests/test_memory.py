"""A state that does not fit is refused before anything is made or unmade."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_runs import run_spec

from scbsim import Task, memory, simulate
from scbsim.errors import MemoryNeeded

HUGE = ("task.N=1000", f"task.T={2**32}", "task.seed=0")


def test_what_there_is_is_some():
    assert memory.available() > 2**20


def test_what_fits_is_let_through(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1000)
    memory.require(1000, "this")
    with pytest.raises(MemoryNeeded) as caught:
        memory.require(2_500_000_001, "this")
    assert "this needs 2.5 GB of memory, and 0.0 GB are free" in str(caught.value)
    assert caught.value.exit_status == 2


def test_a_machine_that_does_not_say_refuses_nothing(monkeypatch):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr(Path, "read_text", refuse)
    assert memory.available() > 2**20, "of all memory, where the free is not told"
    monkeypatch.setattr("os.sysconf", refuse)
    assert memory.available() is None
    memory.require(10**30, "this")


def test_a_state_too_large_names_what_it_needs():
    with pytest.raises(MemoryNeeded) as caught:
        simulate(run_spec(*HUGE))
    said = str(caught.value)
    assert re.search(r"N = 1000, T = 4294967296 needs 17179\.\d GB of memory, and [\d.]+ GB", said)


def test_a_task_too_large_is_not_even_drawn(monkeypatch):
    monkeypatch.setattr(Task, "from_spec", lambda *_: pytest.fail("drawn"))
    with pytest.raises(MemoryNeeded, match=r"N = 1000000 needs 40000\.0 GB"):
        simulate(run_spec("task.N=1000000", "dynamics.engine=population"))


@pytest.mark.parametrize("words", [HUGE, ("task.N=1000000",)], ids=["state", "task"])
def test_no_file_is_made_or_unmade(words, tmp_path):
    path = tmp_path / "folder" / "run.h5"
    with pytest.raises(MemoryNeeded):
        simulate(run_spec(*words), output=path)
    assert not path.parent.exists()
    path.parent.mkdir()
    path.write_bytes(b"precious")
    with pytest.raises(MemoryNeeded):
        simulate(run_spec(*words), output=path, overwrite=True)
    assert path.read_bytes() == b"precious"
