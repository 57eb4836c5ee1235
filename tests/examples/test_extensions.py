"""docs/examples: a noise model and an engine that a file registers."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scbsim
from scbsim.engines.noise import NoiseLevels
from scbsim.errors import InputError, SpecError
from scbsim.spec.engines import ENGINES, EngineRecord, register_engine
from scbsim.spec.noise_models import NOISE_MODELS, NoiseModel, register_noise_model
from scbsim.util.user_code import load_function

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TASK = {"N": 6, "T": 200, "Q": 2, "mu": "dirichlet", "mu_concentration": 2.0}


@pytest.fixture(autouse=True)
def registered():
    """Forget afterwards what a test registered."""
    engines, models = dict(ENGINES), dict(NOISE_MODELS)
    yield
    for table, before in ((ENGINES, engines), (NOISE_MODELS, models)):
        table.clear()
        table.update(before)


def example(name, what):
    return load_function(f"{name}.py:{what}", EXAMPLES).function


def heavy_tails():
    return sys.modules[example("heavy_tails", "HeavyTails").__module__]


def even(**keys):
    function = example("even_noise", "even")
    register_noise_model(NoiseModel("even", function))
    tables = {
        "task": TASK,
        "dynamics": {"batch_size": 1e4, "rule": "sgd", "engine": "dense"},
        "noise": {"model": "even", "sigma_A": 0.5},
        "stage": [{"steps": 1}],
    }
    spec = scbsim.RunSpec.from_dict(tables)
    return spec.replace(**keys) if keys else spec


@pytest.mark.slow
@pytest.mark.parametrize("name", ["even_noise", "heavy_tails"])
def test_the_examples_run(name, tmp_path):
    ran = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "complete" in ran.stdout
    if name == "heavy_tails":
        # Files of an engine that this process does not know can be read.
        assert "heavy" not in ENGINES
        assert scbsim.load(tmp_path / "heavy.h5").attrs["engine"] == "heavy"


def test_levels_of_a_model_of_ones_own_are_those_of_the_noise():
    """In one step from zero, entry k of A moves by rate sigma_k z, with the same level for all."""
    keys = {"init.alpha_A": 0.0, "init.alpha_V": 0.0, "output.final_state": True}
    spec = even(**keys, **{"stage.0.rate_A": 1.0})
    task = scbsim.Task.from_spec(spec.task)
    assert np.ptp(task.mu) > 0.05
    sigma = 0.5e-2
    engine = ENGINES["dense"]
    assert engine.draws("even")
    assert not ENGINES["columns"].draws("even")
    columns = scbsim.matrices(scbsim.simulate(spec)).A
    spread = np.std(columns - 1 / TASK["T"], axis=0) / sigma
    # Each is the square root of a chi-square of 200 degrees of freedom over their number.
    assert (abs(spread - 1.0) < 5 / np.sqrt(2 * TASK["T"])).all()


def test_reduced_engines_take_constant_levels():
    chosen = {
        rule: scbsim.simulate(even(**{"dynamics.engine": "auto", "dynamics.rule": rule}))
        for rule in ("sgd", "prox")
    }
    assert chosen["sgd"].attrs["engine"] == "collapsed"
    assert chosen["prox"].attrs["engine"] in ("sparse", "dense")


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        (lambda spec, task: 1.0, "returned 1.0, and not NoiseLevels"),
        (lambda spec, task: NoiseLevels(np.ones(3), 0.0), "it needs N = 6 floats"),
        (lambda spec, task: NoiseLevels(np.full(6, np.nan), 0.0), "must be finite, 0 or more"),
        (lambda spec, task: NoiseLevels(np.ones(6), -1.0), "must be finite, 0 or more"),
    ],
)
def test_levels_that_are_not_valid_are_refused(levels, words):
    register_noise_model(NoiseModel("wrong", levels))
    with pytest.raises(InputError, match=words):
        scbsim.simulate(even(**{"noise.model": "wrong"}))


def test_names_are_checked_and_taken_once():
    with pytest.raises(SpecError, match="it takes isotropic, matched, sampled, none"):
        scbsim.RunSpec.from_dict({"task": TASK, "noise": {"model": "even"}, "stage": []})
    with pytest.raises(ValueError, match="there is a noise model 'matched' already"):
        register_noise_model(NoiseModel("matched", print))
    with pytest.raises(ValueError, match="must have constant levels"):
        register_noise_model(NoiseModel("mine", print, follows_state=True))
    with pytest.raises(ValueError, match="there is an engine 'dense' already"):
        register_engine(replace(ENGINES["dense"]))
    with pytest.raises(ValueError, match="there is an engine 'auto' already"):
        register_engine(EngineRecord("auto", object, lambda rule: True, "", ()))


HEAVY = {
    "seed": 3,
    "task": TASK,
    "dynamics": {"batch_size": 1e4, "rule": "sgd", "engine": "heavy"},
    "stage": [{"steps": 30}],
}


def test_an_engine_of_ones_own_resumes_to_the_same_bits(tmp_path):
    register_engine(heavy_tails().RECORD)
    whole = scbsim.simulate(HEAVY)
    calls = iter(range(100))
    scbsim.simulate(HEAVY, output=tmp_path / "h.h5", stop=lambda: next(calls) == 2)
    assert scbsim.load(tmp_path / "h.h5").attrs["status"] == "stopped"
    again = scbsim.simulate(HEAVY, output=tmp_path / "h.h5", resume=True)
    np.testing.assert_array_equal(again["delta_A"].values, whole["delta_A"].values)
    with pytest.raises(SpecError, match='"prox" is not a rule that this engine has'):
        scbsim.simulate({**HEAVY, "dynamics": {**HEAVY["dynamics"], "rule": "prox"}})


def test_without_noise_an_engine_of_ones_own_is_the_dense_one():
    register_engine(heavy_tails().RECORD)
    silent = {**HEAVY, "noise": {"model": "none"}}
    dense = {**silent, "dynamics": {**HEAVY["dynamics"], "engine": "dense"}}
    for name in ("alpha_A", "delta_A", "loss"):
        mine, other = scbsim.simulate(silent)[name], scbsim.simulate(dense)[name]
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-12)
