"""A finished run whose entries were drawn at its end, taken further: the bits of one long run."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scbsim_testing.small_runs import assert_same, run_spec

import scbsim
from scbsim import load, simulate
from scbsim.engines.before_draw import kept_before, without_last_draw

COVARIANCES = ("noise.model=matched", "noise.covariances=true")
KINDS = {
    "collapsed": ("dynamics.engine=collapsed",),
    "columns": ("dynamics.engine=columns", *COVARIANCES),
    "approximate": ("dynamics.engine=approximate", *COVARIANCES),
    "sampled": ("dynamics.engine=sampled", "noise.model=sampled"),
}
SHORT, LONG = 10, 17
# A draw at the end of the short run, one before it, and one that the long run makes there too.
EVERY = {
    "at the end": (),
    "before": ("output.normalized_every=4",),
    "there": ("output.normalized_every=5",),
}

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")


def spec_of(kind, steps, *more):
    common = ("dynamics.rule=sgd", "dynamics.batch_size=300", "output.final_state=true")
    return run_spec(*KINDS[kind], *common, *more, steps=steps)


def numbers(path):
    found = {}
    with h5py.File(path) as file:
        for group in "trajectory", "normalized", "final":
            found |= {f"{group}/{name}": data[()] for name, data in file[group].items()}
    return found


def further(path, kind, *more):
    """Run the short one to its end, then the long one; return the numbers of the file."""
    simulate(spec_of(kind, SHORT, *more), output=path)
    simulate(spec_of(kind, LONG, *more), output=path, resume=True)
    return numbers(path)


@pytest.mark.parametrize(
    ("kind", "every"),
    [
        ("collapsed", "before"),
        *(
            pytest.param(kind, every, marks=pytest.mark.slow)
            for kind in KINDS
            for every in EVERY
            if (kind, every) != ("collapsed", "before")
        ),
    ],
)
def test_it_has_the_bits_of_one_long_run(tmp_path, kind, every):
    found = further(tmp_path / "run.h5", kind, *EVERY[every])
    simulate(spec_of(kind, LONG, *EVERY[every]), output=tmp_path / "whole.h5")
    wanted = numbers(tmp_path / "whole.h5")
    assert np.isfinite(wanted["normalized/delta_A"]).all()
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    assert_same(load(tmp_path / "run.h5"), load(tmp_path / "whole.h5"))


@pytest.mark.slow
@pytest.mark.parametrize("due", [4, 5])
def test_so_it_has_where_functions_draw_entries(tmp_path, due):
    """At the end of the short run both are called; of these one at most is due there."""

    @scbsim.observable(every=due)
    def first(state):
        return state.column(0).max()

    @scbsim.observable(every=1000)
    def other(state):
        return state.column(1).max()

    functions, more = {"other": other, "first": first}, ("output.normalized_every=7",)
    path, whole = tmp_path / "run.h5", tmp_path / "whole.h5"
    simulate(spec_of("collapsed", SHORT, *more), output=path, observe=functions)
    long = spec_of("collapsed", LONG, *more)
    found = simulate(long, output=path, observe=functions, resume=True)
    assert_same(found, simulate(long, output=whole, observe=functions))
    for name, array in numbers(whole).items():
        np.testing.assert_array_equal(numbers(path)[name], array, err_msg=name)


@pytest.mark.parametrize("kind", ["collapsed", pytest.param("columns", marks=pytest.mark.slow)])
def test_the_last_state_keeps_the_draw(tmp_path, kind):
    """Others start from what was drawn and normalised at the end."""
    simulate(spec_of(kind, SHORT), output=tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        final = file["final"]
        assert final["drawn"][0, :, 0].tolist() == [SHORT]
        assert final["before_draws"][0].tolist() == [0.0]
        assert final["before_since"].shape == (1, 0)


@pytest.mark.slow
def test_a_file_of_an_earlier_version_goes_on_to_the_same_raw_bits(tmp_path):
    simulate(spec_of("collapsed", SHORT), output=tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        for name in [name for name in file["final"] if name.startswith("before_")]:
            del file["final"][name]
    spec = spec_of("collapsed", LONG)
    run, whole = simulate(spec, output=tmp_path / "run.h5", resume=True), simulate(spec)
    np.testing.assert_array_equal(run["loss"], whole["loss"])
    assert np.isfinite(run["normalized_delta_A"].values).all()
    # Its file has no place for what it never had.
    with h5py.File(tmp_path / "run.h5") as file:
        assert file["final/drawn"][0, :, 0].tolist() == [SHORT, LONG]
        assert "before_draws" not in file["final"]


def test_what_a_draw_changed_is_undone():
    since, drawn = np.array([0.5]), np.arange(6).reshape(2, 3)
    before = kept_before(1, {"since": since})
    since[:] = 1.0
    state = {"drawn": drawn, "turns": np.ones((2, 4, 4)), "since": since, "W": np.eye(2)}
    found = without_last_draw(state | before)
    assert found.keys() == state.keys()
    assert (found["since"].tolist(), found["drawn"].tolist()) == ([0.5], [[0, 1, 2]])
    assert found["turns"].shape == (1, 4, 4)
    assert without_last_draw(state) == state
