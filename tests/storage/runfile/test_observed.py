"""Observables of one's own in a file: what it holds, and how a run in it goes on."""

import hashlib
import json
import shutil
from types import FunctionType

import h5py
import numpy as np
import pytest
import xarray as xr
from scbsim_testing.observed import BOTH, TEXT, observing, some, top, written
from scbsim_testing.small_runs import assert_same, run_spec

import scbsim
from scbsim import OutputError, RunFailed, RunWarning, load, simulate
from scbsim.storage.description import describe
from scbsim.storage.runfile.check import check

KINDS = {
    "single": (),
    "ensemble": ("dynamics.replicas=3",),
    "rarer rows": ("output.every=3",),
    "entries drawn": ("dynamics.engine=collapsed", "dynamics.rule=sgd"),
}


@pytest.fixture
def slow_pace(monkeypatch):
    monkeypatch.setattr("scbsim.run.loop._next_pace", lambda *_: 2)


def of(kind, folder, steps=11):
    override = observing(folder)
    if kind == "entries drawn":
        override = f"output.observe={folder}/mine.py:some"
    return run_spec(override, *KINDS[kind], steps=steps)


def stopped(spec, path, blocks, **how):
    answers = iter([False] * blocks + [True])
    run = simulate(spec, output=path, stop=lambda: next(answers), **how)
    assert run.attrs["status"] == "stopped"
    return run


def test_the_file_says_what_was_computed_and_needs_no_code(tmp_path):
    path = tmp_path / "run.h5"
    in_memory = simulate(of("single", tmp_path))
    simulate(of("single", tmp_path), output=path)
    (tmp_path / "mine.py").unlink()
    assert_same(load(path), in_memory)
    with h5py.File(path) as file:
        data = file["observed/some"]
        assert data.attrs["source"].decode() == TEXT
        assert data.attrs["digest"].decode() == hashlib.sha256(TEXT.encode()).hexdigest()
        assert data.attrs["function"].decode() == f"{tmp_path}/mine.py:some"
        assert (data.attrs["units"].decode(), int(data.attrs["every"])) == ("m", 4)
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        assert tree["observed/some"].dims == ("step_4", "some_axis1")
        np.testing.assert_array_equal(tree["observed/top"], in_memory["top"])
    assert check(path).kind == "whole"
    found = describe(path)["observed"]
    assert found["top"]["last"] == float(in_memory["top"][-1])
    assert (found["some"]["last"], found["some"]["shape"]) == (None, [3])
    assert json.loads(load(path).attrs["spec"])["output"]["observe"]


@pytest.mark.parametrize("kind", KINDS)
def test_in_memory_and_in_a_file(tmp_path, kind):
    spec = of(kind, tmp_path)
    assert_same(simulate(spec, output=tmp_path / "run.h5").load(), simulate(spec))


@pytest.mark.usefixtures("slow_pace")
@pytest.mark.parametrize(
    ("kind", "blocks"),
    [
        ("single", 3),
        ("ensemble", 4),
        *(
            pytest.param(kind, blocks, marks=pytest.mark.slow)
            for kind in KINDS
            for blocks in (1, 2, 3, 4, 5)
        ),
    ],
)
def test_a_stopped_run_goes_on_to_the_same_values(tmp_path, kind, blocks):
    path, spec = tmp_path / "run.h5", of(kind, tmp_path)
    before = stopped(spec, path, blocks).load()
    whole = simulate(spec)
    for name in ("some",) if kind == "entries drawn" else ("some", "top"):
        n = before[name].sizes[before[name].dims[-1 if name == "top" else -2]]
        axis = -1 if name == "top" else -2
        expected = np.take(whole[name].values, range(n), axis=axis)
        np.testing.assert_array_equal(before[name], expected)
    assert_same(simulate(spec, output=path, resume=True).load(), whole)


@pytest.mark.parametrize("kind", ["single", "entries drawn"])
@pytest.mark.parametrize("steps", [9, pytest.param(8, marks=pytest.mark.slow)])
def test_a_longer_last_stage(tmp_path, steps, kind):
    """The value of the first end goes, with what was drawn for it; that of a multiple stays."""
    path = tmp_path / "run.h5"
    simulate(of(kind, tmp_path, steps), output=path)
    longer = of(kind, tmp_path, 14)
    assert_same(simulate(longer, output=path, resume=True).load(), simulate(longer))


@pytest.mark.slow
@pytest.mark.usefixtures("slow_pace")
def test_a_damaged_file_goes_on_from_its_checkpoint(tmp_path):
    path, spec = tmp_path / "run.h5", of("single", tmp_path)
    stopped(spec, path, 5)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.warns(RunWarning, match="is damaged"):
        run = simulate(spec, output=path, resume=True).load()
    whole = simulate(spec)
    assert run["step_4"].values.tolist() == [8, 11]
    np.testing.assert_array_equal(run["some"], whole["some"][2:])
    np.testing.assert_array_equal(run["top"], whole["top"].sel(step=run["step"]))


@pytest.fixture
def half(tmp_path, slow_pace):
    """A stopped run, and its spec."""
    path, spec = tmp_path / "run.h5", of("single", tmp_path)
    stopped(spec, path, 3)
    return path, spec


def test_a_changed_text_is_refused(half, tmp_path):
    path, spec = half
    before = path.read_bytes()
    written(tmp_path, TEXT.replace(":3]", ":3] + 1"))
    with pytest.raises(OutputError) as caught:
        simulate(spec, output=path, resume=True)
    assert "the observable some has another text now, in" in str(caught.value)
    assert "put back the one that it began with, the attribute source of /observed/" in str(
        caught.value
    )
    assert path.read_bytes() == before
    written(tmp_path)
    assert simulate(spec, output=path, resume=True).attrs["status"] == "complete"


@pytest.mark.slow
def test_a_missing_or_another_function_is_refused(half, tmp_path):
    path, spec = half
    fewer = spec.replace(**{"output.observe": [f"{tmp_path}/mine.py:some"]})
    with pytest.raises(OutputError, match=r"output\.observe\.1 is .*mine.py:top there and not set"):
        simulate(fewer, output=path, resume=True)
    with pytest.raises(OutputError, match="it began without the observable more: leave it out"):
        simulate(spec, output=path, resume=True, observe={"more": top})
    (tmp_path / "mine.py").unlink()
    with pytest.raises(scbsim.SpecError, match=r"output\.observe: .*mine.py does not exist"):
        simulate(spec, output=path, resume=True)


@pytest.mark.slow
@pytest.mark.usefixtures("slow_pace")
def test_a_function_given_in_python_is_to_be_given_again(tmp_path):
    path, spec = tmp_path / "run.h5", run_spec(steps=11)
    stopped(spec, path, 3, observe=BOTH)

    def refused(message, **observe):
        with pytest.raises(OutputError, match=message):
            simulate(spec, output=path, resume=True, observe=observe)

    refused("began with the observable top: give it again in observe", some=some)
    refused("top has another text now, in the function that is given", some=some, top=lambda _: 1.0)
    often = FunctionType(some.__code__, some.__globals__)
    refused("some was called every 4 steps, and now is to be every 1", some=often, top=top)
    run = simulate(spec, output=path, resume=True, observe=BOTH)
    assert_same(run.load(), simulate(spec, observe=BOTH))


def test_a_finished_run_needs_no_function(tmp_path):
    path, spec = tmp_path / "run.h5", of("single", tmp_path)
    simulate(spec, output=path)
    (tmp_path / "mine.py").unlink()
    assert simulate(spec, output=path, resume=True).attrs["status"] == "complete"


@pytest.mark.slow
@pytest.mark.usefixtures("flush_always", "slow_pace")
def test_an_exception_keeps_what_was_recorded(tmp_path):
    path, limit = tmp_path / "run.h5", [6]

    def fails(state):
        if state.step > limit[0]:
            raise ValueError("no more")
        return float(state.step)

    spec = run_spec("output.checkpoint_seconds=0", steps=11)
    with pytest.raises(RunFailed) as caught:
        simulate(spec, output=path, observe={"fails": fails})
    message = str(caught.value)
    assert "fails, called after step 7, failed: ValueError in line" in message
    assert f"{path} has what was recorded before, and resume=True goes on" in message
    found = load(path)
    assert found.attrs["status"] == "failed"
    assert found["fails"].values.tolist() == found["step"].values.tolist()
    assert found["step"][-1] == 6
    limit[0] = 100
    run = simulate(spec, output=path, resume=True, observe={"fails": fails})
    assert run["fails"].values.tolist() == list(range(12))


@pytest.mark.slow
@pytest.mark.usefixtures("flush_always", "slow_pace")
def test_after_a_failure_the_function_may_be_changed(tmp_path):
    """The values up to the checkpoint stay; the file has both texts."""
    path = tmp_path / "run.h5"
    text = "def mine(state):\n    assert state.step < 8\n    return 1.0\n"
    better = "def mine(state):\n    return 2.0\n"
    written(tmp_path, text)
    words = f"output.observe={tmp_path}/mine.py:mine"
    spec = run_spec(words, "output.checkpoint_seconds=0", steps=11)
    with pytest.raises(RunFailed, match="the function may be changed before"):
        simulate(spec, output=path)
    written(tmp_path, better)
    with pytest.warns(RunWarning, match="have another text than before mine after step 8"):
        simulate(spec, output=path, resume=True, on_block=lambda step, *_: step >= 9)
    assert load(path).attrs["status"] == "stopped"
    with h5py.File(path) as file:
        said = dict(file["observed/mine"].attrs)
        assert said["source"].decode() == better
        ((step, before),) = [(k, v) for k, v in said.items() if k.startswith("source_until_")]
        assert before.decode() == text
    step = int(step.removeprefix("source_until_"))
    # It is as any stopped run again.
    written(tmp_path, text)
    with pytest.raises(OutputError, match="has another text now"):
        simulate(spec, output=path, resume=True)
    written(tmp_path, better)
    run = simulate(spec, output=path, resume=True)
    np.testing.assert_array_equal(run["mine"], np.where(run["step"] > step, 2.0, 1.0))
    assert 0 < step < 8


def test_a_failure_at_the_start_leaves_nothing(tmp_path):
    path = tmp_path / "new" / "run.h5"
    with pytest.raises(RunFailed, match="after step 0, failed: ZeroDivisionError"):
        simulate(run_spec(), output=path, observe={"fails": lambda state: 1 / 0})
    assert not path.parent.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("flush_always", "slow_pace")
def test_other_values_beyond_the_checkpoint_are_told_and_kept(tmp_path):
    path, shift = tmp_path / "run.h5", [0.0]

    def shifts(state):
        return state.step + shift[0]

    spec = run_spec("output.checkpoint_seconds=0", steps=11)
    stopped(spec, path, 2, observe={"shifts": shifts})
    checkpoint = path.with_name("run.h5.ckpt")
    shutil.copyfile(checkpoint, tmp_path / "kept")
    simulate(spec, output=path, resume=True, observe={"shifts": shifts})
    # As if it had been killed before it ended, after that checkpoint.
    with h5py.File(path, "r+") as file:
        file["trajectory/status"][()] = 2
    shutil.copyfile(tmp_path / "kept", checkpoint)
    shift[0] = 0.5
    with pytest.warns(RunWarning, match="differ from those on file"):
        run = simulate(spec, output=path, resume=True, observe={"shifts": shifts})
    first = int(np.flatnonzero(run["shifts"].values % 1)[0])
    np.testing.assert_array_equal(run["shifts"][first:], run["step"][first:] + 0.5)
