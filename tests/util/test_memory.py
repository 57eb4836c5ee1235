"""A state that does not fit is refused before anything is made or unmade."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scbsim_testing.small_runs import run_spec

from scbsim import Task, simulate
from scbsim.engines.select import build, plan_of
from scbsim.errors import MemoryNeeded
from scbsim.util import cgroups, memory

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


def test_the_memory_of_a_rule_counts_and_what_is_advised_can_be_done(monkeypatch):
    monkeypatch.setattr(memory, "_ALWAYS_FITS", 0)
    monkeypatch.setattr(memory, "available", lambda: 400_000)
    spec = run_spec("task.N=10", "task.T=5000", "dynamics.engine=dense", "stage.0.rule=sgd")
    build(plan_of(spec, Task.from_spec(spec.task)), 1)
    for precision, advised in (("float32", False), ("float64", True)):
        spec = spec.replace(**{"stage.0.rule": "momentum", "dynamics.precision": precision})
        with pytest.raises(MemoryNeeded, match="with the memory of a rule") as caught:
            build(plan_of(spec, Task.from_spec(spec.task)), 1)
        assert ("float32" in str(caught.value)) == advised


def test_a_machine_that_does_not_say_refuses_nothing(monkeypatch):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr(Path, "read_text", refuse)
    assert memory.available() > 2**20, "of all memory, where the free is not told"
    monkeypatch.setattr("os.sysconf", refuse)
    assert memory.available() is None
    memory.require(10**30, "this")


GB = 10**9


@pytest.fixture
def groups(monkeypatch, tmp_path):
    """Made-up control groups, of either version, on a machine with 50 GB free."""
    monkeypatch.setattr(memory, "_of_machine", lambda: 50 * GB)
    monkeypatch.setattr(cgroups, "_ROOT", tmp_path)
    monkeypatch.setattr(cgroups, "_OWN", tmp_path / "own")
    names = {
        2: ("memory.max", "memory.current", "inactive_file"),
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    }

    def make(version, path, limit, used, spare=0):
        group = tmp_path / ("memory" if version == 1 else "") / path
        group.mkdir(parents=True, exist_ok=True)
        of_limit, of_use, of_spare = names[version]
        (group / of_limit).write_text(f"{limit}\n")
        (group / of_use).write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 7\n{of_spare} {spare}\n")

    def own(*lines):
        (tmp_path / "own").write_text("".join(f"{line}\n" for line in lines))

    return make, own


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("path", ["", "user/job_7", "a:b/c"])
def test_the_limit_of_a_container_or_a_scheduler_counts(groups, version, path):
    make, own = groups
    own("3:cpu,cpuacct:/", {1: f"4:memory:/{path}", 2: f"0::/{path}"}[version])
    assert memory.available() == 50 * GB, "the group is out of sight"
    make(version, path, 4 * GB, GB)
    assert memory.available() == 3 * GB
    make(version, path, 4 * GB, 4 * GB, spare=2 * GB)
    assert memory.available() == 2 * GB, "what is cached of files is given up at need"
    make(version, path, 4 * GB, 5 * GB)
    assert memory.available() == 0
    make(version, path, 90 * GB, GB)
    assert memory.available() == 50 * GB
    make(version, path, {1: 2**63 - 4096, 2: "max"}[version], GB)
    assert memory.available() == 50 * GB
    with pytest.raises(MemoryNeeded):
        memory.require(51 * GB, "this")


def test_a_limit_on_the_group_around_counts(groups):
    make, own = groups
    own("1:name=systemd:/", "0::/slice/job/task")
    make(2, "slice/job/task", "max", GB)
    make(2, "slice/job", 8 * GB, GB)
    assert memory.available() == 7 * GB
    make(2, "slice", 2 * GB, GB)
    assert memory.available() == GB
    make(2, "elsewhere", 0, 0)
    assert memory.available() == GB


def test_a_system_without_groups(groups):
    assert memory.available() == 50 * GB


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


def test_a_task_without_P_asks_for_no_matrix(monkeypatch):
    monkeypatch.setattr(memory, "_MATRICES_OF_A_DRAW", 10**12)
    words = ("dynamics.engine=population", "noise.model=none", "stage.0.threshold=0.01")
    with pytest.raises(MemoryNeeded, match=r"task\.K_P"):
        simulate(run_spec(*words, stages=[{"steps": 2, "threshold": 0.01}]))
    tables = run_spec(*words[:2], stages=[{"steps": 2, "threshold": 0.01}]).to_dict()
    del tables["task"]["P_concentration"]
    tables["task"]["K_P"] = 0.2
    simulate(type(run_spec()).from_dict(tables))
