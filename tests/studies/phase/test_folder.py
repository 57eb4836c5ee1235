"""Diagrams in parts, as the tasks of a job draw them: the same numbers as a diagram in one go."""

import json

import pytest
from scbsim_testing.diagrams import same

from scbsim import load
from scbsim.cluster.bundle import run_bundle
from scbsim.cluster.folders import opened
from scbsim.errors import InputError, OutputError
from scbsim.studies.phase.collection import collect
from scbsim.studies.phase.criterion import DEFAULT
from scbsim.studies.phase.folder import DiagramFolder
from scbsim.studies.phase.grid import Grid
from scbsim.sweep.states import states

SIZES = [7, 1, 16]


@pytest.fixture
def grid(spec, axes):
    return Grid.of(spec, *axes, rules=("sgd", "l1"), replicas=5, recovered=DEFAULT)


@pytest.fixture
def folder(grid, tmp_path):
    return DiagramFolder(tmp_path / "d", grid, SIZES).created()


def bundle(folder, names=(), stop=lambda: False):
    return run_bundle(folder.path, names or list(folder.by_name), job="1_0", stop=stop, say=len)


def found(folder):
    return [(each.state, each.step, each.total) for each in states(folder)]


def test_parts_give_the_diagram_of_one_go(folder, whole, tmp_path):
    assert found(folder) == [("missing", 0, size) for size in SIZES]
    assert bundle(folder, ["part-2", "part-0"]) == []
    assert found(folder) == [("complete", 7, 7), ("missing", 0, 1), ("complete", 16, 16)]
    with pytest.raises(OutputError, match=r"1 of 3 parts is not finished: part-1 \(missing\)"):
        collect(folder, tmp_path / "all.h5")
    assert [each.run.name for each in collect(folder, tmp_path / "part.h5", partial=True)]
    part = load(tmp_path / "part.h5")
    assert part["done"].sum() == 23
    assert part.attrs["status"] == "stopped"
    assert bundle(opened(folder.path)) == []
    assert collect(opened(folder.path), tmp_path / "all.h5") == []
    same(load(tmp_path / "all.h5"), whole)
    with pytest.raises(OutputError, match="exists"):
        collect(folder, tmp_path / "all.h5")


@pytest.mark.slow
def test_a_part_that_was_stopped_goes_on_where_it_was(folder, whole, tmp_path, monkeypatch):
    """Its points that are running are given up, since a job is killed soon after its signal."""
    monkeypatch.setattr("scbsim.studies.phase.folder._PATIENCE", 0.0)
    for _ in range(100):
        asked = iter([False] * 5 + [True] * 10**6)
        assert bundle(folder, stop=lambda asked=asked: next(asked)) == []
        ends = {state for state, _, _ in found(folder)}
        assert ends <= {"complete", "stopped", "missing"}
        if ends == {"complete"}:
            break
    collect(folder, tmp_path / "all.h5")
    same(load(tmp_path / "all.h5"), whole)


def test_a_damaged_part_is_named_and_can_be_removed(folder, tmp_path):
    for part in folder.parts:
        folder.prepared(part)
    folder.output(folder.parts[1]).write_bytes(b"junk")
    [state] = states(folder, names=["part-1"])
    assert state.state == "failed"
    assert state.note.endswith("remove it")
    assert bundle(folder, ["part-1"]) == ["part-1"]
    folder.output(folder.parts[1]).unlink()
    assert run_bundle(folder.path, ["part-1"], job="2_0", stop=lambda: False, say=len) == []
    assert found(folder)[1] == ("complete", 1, 1)


def test_a_folder_keeps_its_parts_and_refuses_another_diagram(folder, grid, spec, axes):
    again = DiagramFolder(folder.path, grid, [24]).created()
    assert again.id == folder.id
    assert [len(part.points) for part in again.parts] == SIZES
    assert sum((part.points for part in again.parts), ()) == tuple(grid.points())
    other = Grid.of(spec, *axes, rules=("l1",), replicas=5, recovered=DEFAULT)
    with pytest.raises(
        OutputError, match=r"holds another phase diagram: rules is sgd,l1 there and l1 here"
    ):
        DiagramFolder(folder.path, other, [12]).created()
    with pytest.raises(InputError, match="each part of a phase diagram is of one process"):
        folder.require_sound(2)
    manifest = folder.path / DiagramFolder.MANIFEST
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "sizes": [7, 1]}))
    with pytest.raises(OutputError, match="is damaged: the parts of 24 points have 8"):
        opened(folder.path)
