"""Observables of one's own in the runs of a sweep and in the file of all of them."""

import numpy as np
import pytest
import xarray as xr
from scbsim_testing.observed import TEXT, written
from scbsim_testing.small_runs import TASK

import scbsim
from scbsim import RunWarning, SpecError
from scbsim.run.simulate import run_to_file
from scbsim.spec.sweep import Sweep
from scbsim.sweep.collect import collect
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.functions import require_functions


def done(folder, product, **output):
    """The folder of a sweep whose runs are done, one after the other, in this process."""
    written(folder)
    tables = {
        "task": TASK,
        "dynamics": {"engine": "dense", "batch_size": 1e5},
        "stage": [{"steps": 10}],
        "output": {"observe": ["mine.py:some", "mine.py:top"], **output},
        "sweep": {"product": product},
    }
    there = SweepFolder.made(folder / "runs", Sweep.from_dict(tables, folder))
    for run in there.sweep.runs:
        run_to_file(there.sweep.spec_of(run), there.output(run))
    return there


def check(found, folder):
    """Each run's values are where they should be, and all else is NaN."""
    for run in folder.sweep.runs:
        alone = scbsim.load(folder.output(run))
        for name in ("some", "top"):
            here = found[name].sel(run.values)
            values = alone[name].values
            if "replica" in here.dims:
                here = here.transpose("replica", ...)
                values = values if "replica" in alone[name].dims else values[None]
            assert here.ndim == values.ndim
            inside = here.values[tuple(map(slice, values.shape))]
            np.testing.assert_array_equal(inside, values)
            assert np.isfinite(here.values).sum() == values.size


def test_runs_alike_share_their_steps(tmp_path):
    folder = done(tmp_path, {"seed": [0, 1]})
    collect(folder, tmp_path / "all.h5")
    found = scbsim.load(tmp_path / "all.h5")
    assert found["top"].dims == ("seed", "step")
    assert found["some"].dims == ("seed", "step_4", "some_axis1")
    assert found["step_4"].values.tolist() == [0, 4, 8, 10]
    assert found["some"].attrs["long_name"] == "three entries"
    check(found, folder)


@pytest.mark.slow
def test_runs_that_differ_in_length_and_replicas(tmp_path):
    product = {"seed": [0, 1], "stage.0.steps": [10, 13], "dynamics.replicas": [1, 2]}
    folder = done(tmp_path, product)
    collect(folder, tmp_path / "all.h5")
    collect(folder, tmp_path / "view.h5", link=True)
    found = scbsim.load(tmp_path / "all.h5")
    assert found["some"].dims[3:] == ("row_4", "replica", "some_axis1")
    check(found, folder)
    xr.testing.assert_equal(found, scbsim.load(tmp_path / "view.h5"))
    in_folder = scbsim.load(folder.path)
    xr.testing.assert_equal(found.drop_vars("file"), in_folder.drop_vars("file"))
    with xr.open_dataset(tmp_path / "all.h5", engine="h5netcdf") as opened:
        xr.testing.assert_equal(found, opened.load())


def test_rows_at_which_a_replica_diverged_have_no_value(tmp_path):
    """Those rows stand between the others, so values are put by their steps."""
    written(tmp_path)
    rates = {"steps": 200, "rule": "sgd", "rate_A": 3.0, "rate_V": 3.0}
    tables = {
        "task": TASK,
        "dynamics": {"engine": "dense", "batch_size": 1e5, "replicas": 6},
        "stage": [rates],
        "output": {"every": 5, "observe": ["mine.py:top"]},
        "sweep": {"product": {"seed": [0]}},
    }
    folder = SweepFolder.made(tmp_path / "runs", Sweep.from_dict(tables, tmp_path))
    (run,) = folder.sweep.runs
    run_to_file(folder.sweep.spec_of(run), folder.output(run))
    alone = scbsim.load(folder.output(run))
    ends = alone["stage_end"].values[:, 0]
    assert len({*ends}) > 1
    assert (ends % 5).any(), "they were to diverge apart, between multiples"
    collect(folder, tmp_path / "all.h5")
    found = scbsim.load(tmp_path / "all.h5").sel(seed=0)
    for i in range(6):
        expected = alone["top"][i]
        np.testing.assert_array_equal(found["top"].sel(replica=i), expected)
        there = alone["step"].values[expected.notnull().values]
        assert there.tolist() == list(range(0, ends[i] + 1, 5))


def test_functions_that_changed_between_runs_are_told(tmp_path):
    folder = done(tmp_path, {"seed": [0, 1]})
    (run, _), output = folder.sweep.runs, tmp_path / "all.h5"
    folder.output(run).unlink()
    written(tmp_path, TEXT.replace("every=4", "every=5"))
    run_to_file(folder.sweep.spec_of(run), folder.output(run))
    with pytest.warns(RunWarning) as told:
        collect(folder, output)
    words = " ".join(str(each.message) for each in told)
    assert "some: runs differ in the period" in words
    assert "top: the text of this observable's function is not the same in all runs" in words
    found = scbsim.load(output)
    assert found["some"].dims[1] == "step_5"
    assert found["some"].sel(seed=1).isnull().all()
    assert not found["top"].isnull().any()


def test_functions_are_loaded_before_the_first_run(tmp_path):
    written(tmp_path)
    tables = {
        "task": TASK,
        "stage": [{"steps": 1}],
        "sweep": {"product": {"output.observe": ["mine.py:some", "mine.py:som"]}},
    }
    with pytest.raises(SpecError, match="has no function som; did you mean some"):
        require_functions(Sweep.from_dict(tables, tmp_path))
