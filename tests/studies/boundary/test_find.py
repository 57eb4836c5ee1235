"""find_boundaries() on isotropic SGD, whose boundary is known, and what its file survives."""

import json
from functools import partial
from itertools import count

import numpy as np
import pytest
import xarray as xr

from scbsim import Task, find_boundaries, simulate
from scbsim.errors import InputError, OutputError, SpecError, Stopped
from scbsim.spec import RunSpec
from scbsim.studies.boundary.find import NAME
from scbsim.studies.boundary.study import read_study
from scbsim.studies.phase.criterion import Criterion
from scbsim.studies.phase.points import Runner

STUDY = {
    "seed": 5,
    "task": {"N": 8, "T": 100, "Q": 2, "P_concentration": 0.05, "seed": 1},
    "dynamics": {"batch_size": 1e5, "rule": "sgd"},
    "stage": [{"steps": 60}],
    "boundary": {
        "along": "task.T=1e3:1e7:3log",
        "find": "dynamics.batch_size=1e2:1e12:101log",
        "replicas": 4,
        "seeds": 2,
        "curve": [{"name": "sgd"}, {"name": "slow", "set": ["stage.0.rate_A=0.05"], "seeds": 1}],
    },
}


@pytest.fixture(scope="module")
def whole():
    return find_boundaries(STUDY, threads=1)


def test_the_boundary_is_where_the_runs_begin_to_recover(whole):
    curve = read_study(STUDY)[0]
    values = np.array(curve.find.values)
    assert whole["boundary"].shape == (2, 2, 3)
    assert np.isfinite(whole["boundary"].values[0]).all()
    assert np.isnan(whole["boundary"].values[1, 1]).all()  # it has one seed
    runner, criterion = Runner(1), Criterion.parse("sim_A >= 0.9")
    for seed, x in ((0, 0), (1, 2)):
        at = np.searchsorted(values, whole["boundary"].values[0, seed, x])
        counts = [
            runner.run("", curve.spec(seed, x, int(y)), 4, criterion).recovered
            for y in (at - 1, at)
        ]
        assert counts[0] < 2 <= counts[1]


def test_the_batch_of_sgd_under_isotropic_noise_is_proportional_to_T(whole):
    y = whole["boundary"].values[0]
    np.testing.assert_allclose(y[:, 1:] / y[:, :-1], 100.0, rtol=0.35)


def test_seeds_differ_in_noise_and_task(whole):
    first, second = (read_study(STUDY)[0].spec(seed, 0, 0) for seed in (0, 1))
    assert (first.seed, second.seed) == (5, 6)
    assert (first.task.seed, second.task.seed) == (1, 2)
    assert whole["boundary"].values[0, 0, 0] != whole["boundary"].values[0, 1, 0]


def test_threads_and_interruptions_do_not_change_it(whole, tmp_path):
    for asked in (3, 9):
        calls = count()
        stop = partial(lambda calls, most: next(calls) > most, calls, asked)
        with pytest.raises(Stopped, match="the same command again goes on"):
            find_boundaries(STUDY, output=tmp_path, threads=2, stop=stop)
        with xr.open_dataset(tmp_path / NAME, engine="h5netcdf") as part:
            assert part.attrs["status"] == "stopped"
    kept = dict(part.sizes)["run"]
    found = find_boundaries(STUDY, output=tmp_path, threads=2)
    assert 0 < kept < found.sizes["run"]
    xr.testing.assert_equal(found, whole)
    before = (tmp_path / NAME).read_bytes()
    xr.testing.assert_equal(find_boundaries(STUDY, output=tmp_path), whole)
    assert (tmp_path / NAME).read_bytes() == before
    with pytest.raises(OutputError, match=r"another study: sgd.replicas is 4 there and 5 here"):
        find_boundaries(STUDY, output=tmp_path, options={"replicas": 5})


def test_a_boundary_outside_the_range_is_nan():
    found = find_boundaries(
        STUDY, options={"find": "dynamics.batch_size=10:20:2log", "seeds": 1}, threads=1
    )
    assert np.isnan(found["boundary"].values).all()


def test_lost_runs_end_early_and_count_as_failed():
    spec = RunSpec.from_dict({k: v for k, v in STUDY.items() if k != "boundary"})
    every = Criterion.parse("alpha_A > -9")
    kept = Runner(1).run("", spec, 4, every)
    lost = Runner(1).run("", spec, 4, every, Criterion.parse("loss >= 0"))
    assert (kept.recovered, kept.diverged) == (4, 0)
    assert (lost.recovered, lost.diverged) == (0, 4)


@pytest.mark.filterwarnings("error")
def test_runs_that_blow_up_end_without_a_warning():
    tables = {
        "task": {"N": 10, "T": 10_000, "Q": 2},
        "noise": {"model": "matched", "covariances": True, "every": 1},
        "dynamics": {"batch_size": 4, "rule": "sgd", "engine": "columns"},
        "stage": [{"steps": 400}],
    }
    spec = RunSpec.from_dict(tables)
    lost = Criterion.parse("loss >= 1")
    assert Runner(1).run("", spec, 4, lost, lost).diverged == 4


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"along": ""}, SpecError, "boundary.curve.0.along: missing"),
        ({"levels": 1}, SpecError, "boundary.levels: unknown key; there are along, find, level"),
        ({"level": 2}, SpecError, "2 is no share of runs"),
        ({"color": "pink"}, SpecError, "'pink' is not one of blue, vermilion"),
        ({"find": "stage.0.rate_A=0:1:3"}, SpecError, "values that are not above 0"),
        ({"find": "dynamics.replicas=1,2"}, InputError, "has no effect on where a run ends"),
        ({"find": "dynamics.batch_size=0.5,2"}, SpecError, "0.5 of"),
        ({"recovered": "much"}, InputError, '"much" is no condition'),
        ({"curve": [{}, {}]}, SpecError, "two have the same name"),
        ({"curve": [{"set": ["task.N"]}]}, SpecError, "no value; write key=value"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(change, error, words):
    study = STUDY | {"boundary": STUDY["boundary"] | change}
    if words == "0.5 of":
        words = "dynamics.batch_size"
    with pytest.raises(error, match=words):
        find_boundaries(study)


def test_a_task_of_a_file_is_refused_in_words(tmp_path):
    Task.random(N=4, T=20, Q=1).save(tmp_path / "task.h5")
    study = STUDY | {"task": {"from": str(tmp_path / "task.h5")}}
    study["boundary"] = STUDY["boundary"] | {"along": "stage.0.rate_A=0.05,0.1"}
    with pytest.raises(SpecError, match=r"task\.from: a boundary draws a task of its own"):
        find_boundaries(study)


def test_the_file_says_what_it_holds(whole):
    curves = json.loads(whole.attrs["curves"])
    assert curves["slow"]["spec"]["stage"][0]["rate_A"] == 0.05
    assert json.loads(whole.attrs["engines"]) == {"sgd": ["collapsed"], "slow": ["collapsed"]}
    assert int(whole["run_recovered"].max()) == 4


def test_steps_to_recovery_are_those_of_the_runs(whole):
    """They are the median, over the runs that recover, just above the boundary."""
    curve = read_study(STUDY)[0]
    above = np.searchsorted(curve.find.values, whole["boundary"].values[0, 1, 0])
    spec = curve.spec(1, 0, int(above))
    found = []
    for r in range(4):
        one = simulate(spec.replace(**{"dynamics.replica": r}))
        misses = np.flatnonzero(one["sim_A"].values < 0.9)
        found += [misses[-1] + 1] if misses[-1] < 60 else []
    assert whole["steps"].values[0, 1, 0] == np.median(found)
    assert 0 < np.median(found) <= 60
    assert np.isnan(whole["steps"].values[1, 1]).all()
