"""A file that this process holds open is read, written and taken up as if it were not."""

import h5py
import pytest
import xarray as xr
from scbsim_testing.small_runs import TASK, assert_same, run_spec

from scbsim import RunSpec, Task, load, simulate
from scbsim.errors import RunFailed
from scbsim.storage.description import describe

HANDLES = {
    "xarray": lambda path: xr.open_dataset(path, group="trajectory", engine="h5netcdf"),
    "h5py": lambda path: h5py.File(path),
    "without a lock": lambda path: h5py.File(path, locking=False),
    "swmr": lambda path: h5py.File(path, swmr=True),
    "swmr, without a lock": lambda path: h5py.File(path, swmr=True, locking=False),
}
LIVE = ("swmr", "swmr, without a lock")


@pytest.fixture
def spec():
    return run_spec("output.final_state=true", steps=30)


@pytest.fixture
def stopped(spec, tmp_path, monkeypatch):
    path = tmp_path / "run.h5"
    looks = iter(range(100))
    with monkeypatch.context() as patched:
        patched.setattr("scbsim.run.loop._next_pace", lambda *_: 1)
        simulate(spec, output=path, stop=lambda: next(looks) == 12)
    return path


@pytest.mark.parametrize("how", HANDLES)
def test_a_run_goes_on(spec, stopped, how):
    whole = simulate(spec)
    with HANDLES[how](stopped) as held:
        assert_same(simulate(spec, output=stopped, resume=True), whole)
        assert (held if how == "xarray" else held["trajectory"])["step"][0] == 0
    assert [each.name for each in stopped.parent.iterdir()] == ["run.h5"]
    assert_same(load(stopped), whole)


@pytest.mark.parametrize("how", HANDLES)
def test_it_is_read(stopped, how):
    alone = load(stopped)
    with HANDLES[how](stopped):
        assert_same(load(stopped), alone)
        assert describe(stopped)["status"] == "stopped"


@pytest.mark.parametrize("how", HANDLES)
def test_other_runs_start_from_it(spec, tmp_path, how):
    path = tmp_path / "run.h5"
    simulate(spec, output=path)
    tables = spec.to_dict() | {"task": {"from": str(path)}, "init": {"from": str(path)}}
    other = RunSpec.from_dict(tables)
    alone = simulate(other)
    with HANDLES[how](path):
        assert_same(simulate(other), alone)


@pytest.mark.parametrize("how", LIVE)
def test_it_is_read_while_this_process_writes_it(spec, tmp_path, how, flush_always):
    path, found, held = tmp_path / "run.h5", [], []

    def look():
        if not held:
            # As a notebook does: opened once, and never closed until the end.
            held.append(HANDLES[how](path))
        held[0]["trajectory/step"].id.refresh()
        found.append((load(path).sizes["step"], describe(path)["rows"]))
        assert (
            Task.from_spec(
                RunSpec.from_dict(
                    {"task": {"from": str(path)}, "stage": []} | {"stage": [{"steps": 1}]}
                ).task
            ).N
            == TASK["N"]
        )

    run = simulate(spec, output=path, stop=look)
    held[0].close()
    assert len(found) > 2
    assert all(rows == again for rows, again in found)
    assert_same(load(path), run)


@pytest.mark.parametrize("locking", [True, "best-effort"])
def test_one_that_is_open_for_writing_is_refused(spec, stopped, locking):
    before = {each.name: each.read_bytes() for each in stopped.parent.iterdir()}
    with h5py.File(stopped, "r+", libver="v110", locking=locking) as held:
        marked = stopped.read_bytes()
        with pytest.raises(RunFailed, match="is open for writing in another program, or in"):
            simulate(spec, output=stopped, resume=True)
        assert stopped.read_bytes() == marked
        assert held["trajectory/step"][0] == 0
    assert {
        each.name: each.read_bytes() for each in stopped.parent.iterdir()
    }.keys() == before.keys()
    assert_same(simulate(spec, output=stopped, resume=True), simulate(spec))
