"""Matched noise in a spec: what it goes with, and which engine it is run by."""

import json

import pytest
from scbsim_testing.small_specs import faults, small

from scbsim import Task
from scbsim.engines.noise import MatchedNoise, NoiseLevels, noise_of
from scbsim.engines.select import build, plan_of
from scbsim.errors import InputError
from scbsim.spec import RunSpec
from scbsim.spec.stored import stored_tables
from scbsim.spec.sweep import Sweep


def matched(**changes):
    return small(noise__model="matched", **changes)


def test_renewals():
    spec = RunSpec.from_dict(matched(dynamics__batch_size=1000))
    task = Task.from_spec(spec.task)
    assert noise_of(spec, task) == MatchedNoise(1000, 5, covariances=True)
    spec = RunSpec.from_dict(matched(noise__every=1))
    assert noise_of(spec, task).every == 1
    assert RunSpec.from_dict(spec.to_dict()) == spec
    for wrong in (0, -1, 1.5, "often", 2**40):
        assert set(faults(matched(noise__every=wrong))) == {"noise.every"}


def test_covariances():
    spec = RunSpec.from_dict(matched())
    plain = RunSpec.from_dict(matched(noise__covariances=False))
    task = Task.from_spec(spec.task)
    for each, there in ((spec, True), (plain, False)):
        assert each.to_dict()["noise"]["covariances"] is there
        assert RunSpec.from_dict(each.to_dict()) == RunSpec.from_json(each.to_json()) == each
        assert each.replace(seed=7).noise.covariances is there
        assert noise_of(each, task).covariances is there
    for wrong in (1, "yes", None, 0.5):
        assert set(faults(matched(noise__covariances=wrong))) == {"noise.covariances"}


def test_a_spec_of_an_earlier_version_has_none():
    tables = RunSpec.from_dict(matched()).to_dict()
    del tables["noise"]["covariances"]
    old = json.dumps(tables)
    assert not RunSpec.from_json(old).noise.covariances
    assert stored_tables(old)["noise"]["covariances"] is False
    assert RunSpec.from_dict(tables).noise.covariances
    # Other models never had the key, and what is not a spec is left as it is.
    for text in (RunSpec.from_dict(small()).to_json(), "[]", '{"noise": 3}', "{}"):
        assert stored_tables(text) == json.loads(text)


def test_a_sweep_of_an_earlier_version_has_none():
    """Its manifest holds the tables as they were typed."""
    for key, values in (("seed", [1, 2]), ("noise.model", ["isotropic", "matched"])):
        typed = {**matched(), "sweep": {"product": {key: values}}}
        sweep = Sweep.from_dict(typed)
        old = Sweep.from_json(json.dumps(typed), ".")
        new = Sweep.from_json(sweep.to_json(), ".")
        specs = [[each.spec_of(run).noise for run in each.runs] for each in (sweep, old, new)]
        assert specs[0] == specs[2]
        assert [noise.covariances for noise in specs[1] if noise.model == "matched"][-1] is False
        assert specs[0][-1].covariances
    typed = {**matched(), "sweep": {"product": {"noise.covariances": [False, True]}}}
    found = Sweep.from_json(Sweep.from_dict(typed).to_json(), ".")
    assert [found.spec_of(run).noise.covariances for run in found.runs] == [False, True]


def test_other_models_say_nothing_of_renewals():
    for model in ("isotropic", "none"):
        spec = RunSpec.from_dict(small(noise__model=model, stage=[{"steps": 1, "threshold": 0.1}]))
        assert not {"every", "covariances"} & spec.to_dict()["noise"].keys()
        assert isinstance(noise_of(spec, Task.from_spec(spec.task)), NoiseLevels)


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"dynamics__value": "collapsed"}, "dynamics.value", "no matrix V"),
        (
            {"dynamics__engine": "collapsed", "dynamics__rule": "sgd"},
            "dynamics.engine",
            "not exact under noise.model",
        ),
        ({"task__K_P": 0.2}, "noise.model", "needs the matrix P"),
    ],
)
def test_what_it_does_not_go_with(changes, key, said):
    found = faults(matched(**changes))
    assert set(found) == {key}
    assert said in found[key]


@pytest.mark.parametrize(
    ("changes", "engine"),
    [
        ({"dynamics__rule": "sgd"}, "dense"),
        ({"dynamics__rule": "prox", "task__T": 100_000}, "sparse"),
        ({"dynamics__rule": "denoise", "dynamics__engine": "sparse"}, "sparse"),
    ],
)
def test_engines_keep_V_as_a_matrix(changes, engine):
    spec = RunSpec.from_dict(matched(**changes))
    task = Task.from_spec(spec.task)
    choice = plan_of(spec, task).choice
    assert (choice.name, choice.matrix_V) == (engine, True)
    assert build(plan_of(spec, task), 1).V.W.shape == (10, 10)


def test_a_task_without_P_given_from_elsewhere():
    spec = RunSpec.from_dict(matched())
    task = Task.random(10, 100, 2, K_P=0.2)
    with pytest.raises(InputError, match="matched noise"):
        build(plan_of(spec, task), 1)


def test_thresholds_are_in_isotropic_sigmas():
    from scbsim.engines.stages import stages_of

    stages = [
        stages_of(RunSpec.from_dict(small(noise__model=model)), Task.random(10, 100, 2))[
            0
        ].threshold
        for model in ("isotropic", "matched")
    ]
    assert (stages[0] == stages[1]).all()
