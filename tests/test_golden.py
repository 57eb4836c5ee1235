"""Results and files of earlier versions: the same numbers, and runs that still go on."""

import shutil

import numpy as np
import pytest
from scbsim_testing.golden_runs import FOLDER, RESULTS, STOPPED, machine, results, stopped_spec

import scbsim


@pytest.fixture(scope="module")
def kept():
    with np.load(RESULTS) as file:
        return {name: file[name] for name in file.files}


def assert_as_kept(found, kept, exact, single):
    """To the bit; elsewhere within the rounding of sums that a library of the system makes."""
    assert found.dtype == kept.dtype
    if exact or kept.dtype.kind in "iu":
        np.testing.assert_array_equal(found, kept)
    else:
        scale = np.abs(kept[np.isfinite(kept)]).max(initial=0.0)
        np.testing.assert_allclose(found, kept, 0, (1e-5 if single else 1e-12) * max(scale, 1e-3))


@pytest.mark.slow
def test_every_run_gives_the_numbers_of_before(kept):
    found = results()
    exact = str(kept["machine"]) == machine()
    assert set(found) == set(kept) - {"machine"}
    for name, values in found.items():
        assert_as_kept(values, kept[name], exact, "float64" not in name)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(STOPPED))
def test_a_stopped_run_of_before_goes_on_to_the_same_numbers(name, kept, tmp_path):
    path = tmp_path / f"{name}.h5"
    for suffix in ("h5", "h5.ckpt"):
        shutil.copy(FOLDER / f"{name}.{suffix}", tmp_path)
    spec = scbsim.RunSpec.from_dict(stopped_spec(name))
    before = scbsim.load(path)
    assert before.attrs["status"] == "stopped"
    assert 0 < before.sizes["step"] < spec.total_steps
    after = scbsim.simulate(spec, output=path, resume=True).load()
    whole = scbsim.simulate(spec, output=tmp_path / "whole.h5").load()
    exact = str(kept["machine"]) == machine()
    for variable in whole.data_vars:
        assert_as_kept(after[variable].values, whole[variable].values, exact, name != "collapsed")
