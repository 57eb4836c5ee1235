"""A figure made quick first and then in full, or the reverse, has the same runs bit for bit."""

from __future__ import annotations

from functools import partial

import h5py
import numpy as np
import pytest
from scbsim_testing.small_figures import FIGURE_2, FIGURE_5, REAL_BATCHES, shrunk
from scbsim_testing.small_runs import assert_same

from scbsim.engines.select import plan_of
from scbsim.errors import OutputError, Stopped
from scbsim.storage.runfile.loading import load
from scbsim.studies.figures.figure2 import run as figure2
from scbsim.studies.figures.figure5 import run as figure5
from scbsim.studies.figures.figures134 import run as real_batches
from scbsim.task import Task

FIGURES = {
    "1": (partial(real_batches.run, 1), REAL_BATCHES),
    "2": (figure2.run, FIGURE_2),
    "3": (partial(real_batches.run, 3), REAL_BATCHES),
    "4": (partial(real_batches.run, 4), REAL_BATCHES),
    "5": (figure5.run, FIGURE_5),
}


def make(name, folder, **options):
    run, words = FIGURES[name]
    notes = []
    with shrunk(*words):
        return run(folder, notify=notes.append, threads=1, **options), notes


def arrays(path):
    """All numbers of a file."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, node: found.update({name: node[()]} if hasattr(node, "shape") else {})
        )
    return found


@pytest.fixture(scope="module", params=FIGURES)
def at_once(request, tmp_path_factory):
    """The name of a figure, and the full figure made without a quick one before."""
    return request.param, make(request.param, tmp_path_factory.mktemp("whole"))[0]


@pytest.mark.slow
def test_full_after_quick_goes_on_to_the_same_bits(at_once, tmp_path):
    name, whole = at_once
    quick, _ = make(name, tmp_path, quick=True)
    firsts = {path: load(path) for path in quick.files}
    full, notes = make(name, tmp_path)
    assert [path.name for path in full.files] == [path.name for path in whole.files]
    for ours, theirs in zip(full.files, whole.files, strict=True):
        there, wanted = arrays(ours), arrays(theirs)
        assert there.keys() == wanted.keys()
        for each in wanted:
            np.testing.assert_array_equal(there[each], wanted[each], err_msg=f"{ours} {each}")
    for path, first in firsts.items():
        run = load(path)
        steps = first["step"].values[-1]
        assert (run.attrs["run_uuid"], run["step"].values[-1] > steps) == (
            first.attrs["run_uuid"],
            True,
        )
        assert f"{path} has the first {steps} steps: goes on with them" in notes


@pytest.mark.slow
def test_quick_after_full_loses_and_computes_nothing(at_once):
    name, whole = at_once
    before = [path.read_bytes() for path in (*whole.files, *whole.pictures)]
    again, notes = make(name, whole.files[0].parent, quick=True)
    assert [path.read_bytes() for path in (*again.files, *again.pictures)] == before
    assert "has full runs already: --quick uses them as they are" in notes[0]


@pytest.mark.slow
def test_a_quick_figure_that_was_stopped_goes_on_in_full(at_once, tmp_path, monkeypatch):
    name, whole = at_once
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    answers = iter([False] * 4 + [True])
    with pytest.raises(Stopped):
        make(name, tmp_path, quick=True, stop=lambda: next(answers))
    full, _ = make(name, tmp_path)
    for ours, theirs in zip(full.files, whole.files, strict=True):
        assert_same(load(ours), load(theirs))


@pytest.mark.slow
def test_where_one_run_is_full_the_quick_figure_has_full_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
    # The first run has 15 steps; the second is stopped.
    answers = iter([False] * 20 + [True])
    with pytest.raises(Stopped, match=r"n100-sgd\.h5"):
        make("5", tmp_path, stop=lambda: next(answers))
    quick, notes = make("5", tmp_path, quick=True)
    assert "--quick uses them as they are" in notes[0]
    assert [path.name for path in quick.files] == ["n100-l1.h5", "n100-sgd.h5"]
    assert {int(load(path)["step"].values[-1]) for path in quick.files} == {15}


@pytest.mark.slow
def test_a_shorter_run_is_another(tmp_path):
    make("5", tmp_path)
    with pytest.raises(OutputError, match=r"\.steps is 15 there and 9 here.*overwrite=True"):
        make("5", tmp_path, overrides=["stage.0.steps=9"])


@pytest.mark.slow
def test_a_longer_one_goes_on(tmp_path):
    make("2", tmp_path)
    longer, _ = make("2", tmp_path, overrides=["stage.0.steps=20"])
    assert [int(load(path)["step"].values[-1]) for path in longer.files] == [20, 20]


@pytest.mark.slow
def test_a_run_without_its_last_state_cannot_go_on(tmp_path):
    words = ["output.final_state=false"]
    quick, _ = make("5", tmp_path, quick=True, overrides=words)
    before = quick.files[0].read_bytes()
    with pytest.raises(OutputError, match=r"not keep its last state.*overwrite=True starts again"):
        make("5", tmp_path, overrides=words)
    assert quick.files[0].read_bytes() == before


def test_quick_and_full_runs_have_one_engine():
    """The number of steps could change the choice of engine, and so the noise."""
    pairs = [(module.specs(quick=True), module.specs()) for module in (figure2, figure5)]
    pairs += [(real_batches.specs(n, quick=True), real_batches.specs(n)) for n in (1, 3, 4)]
    for quick, full in pairs:
        for key, spec in quick.items():
            task = Task.from_spec(spec.task)
            assert plan_of(spec, task).choice.name == plan_of(full[key], task).choice.name
