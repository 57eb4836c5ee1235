"""Stages of SGD and of l1 rules in turns, on what each of them keeps of A."""

from __future__ import annotations

import numpy as np
import pytest
from scbsim_testing.real_batches import a_task
from scbsim_testing.small_runs import assert_same, run_spec

from scbsim import RunSpec, Task, load, simulate
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.select import plan_of
from scbsim.engines.staged import StagedEngine
from scbsim.engines.stages import Stage
from scbsim.errors import SpecError
from scbsim.studies.verify.comparison import compare

pytestmark = pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")

CHANCE = 1e-6
START = {"alpha_A": 0.1, "alpha_V": 0.4}
NOISE = {
    "isotropic": lambda task: NoiseLevels(0.02 / np.sqrt(task.mu), 0.02),
    "a level for each column": lambda task: NoiseLevels(0.03 + 0.02 * np.arange(task.N), 0.02),
}


def engine_sums(engine):
    """The sums of columns, which a normalisation of the dense engine sets."""
    return engine.part.sums if isinstance(engine, StagedEngine) else engine.sums


TURNS = {
    "l1, SGD, l1": ("prox", "sgd", "prox"),
    "SGD, l1, SGD, l1": ("sgd", "prox", "sgd", "denoise"),
}
EACH = 3


def in_turns(engine, rules, runs, level=None):
    """(runs, 2 stages, 9): the observables after the second and the last step of each stage.

    With a level the first stage of SGD is normalised at its end.
    """
    task = engine.task
    start = {name: array.copy() for name, array in engine.state().items()}
    found = np.empty((runs, 2 * len(rules), 9))
    for i in range(runs):
        engine.restore(0, start)
        engine.constants = engine.constants._replace(replica=np.uint64(i))
        for j, rule in enumerate(rules):
            lam = 0.0 if rule == "sgd" else 0.15
            stage = Stage(j, rule, EACH, 0.2, 0.15, np.full(task.N, lam), np.inf, None)
            taken = engine.advance(stage, EACH).rows
            if level is not None and j == rules.index("sgd"):
                engine.normalize(level)
                engine_sums(engine)[:] = 1.0
            found[i, 2 * j : 2 * j + 2] = taken[[1, -1]]
    return found


def compared_in_turns(which, noise, runs, level=None, other=StagedEngine):
    task, rules = a_task(3, 300, 2, P_concentration=0.1), TURNS[which]
    dense = DenseEngine(task, NOISE[noise](task), **START, seed=1, dtype=np.float64, value=False)
    staged = other(task, NOISE[noise](task), **START, seed=2, value=False)
    labels = tuple(range(2 * len(rules)))
    right = in_turns(dense, rules, runs, level)
    return compare(("", ""), labels, right, in_turns(staged, rules, runs, level), 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("level", [None, 0.5])
@pytest.mark.parametrize("noise", ["isotropic", "a level for each column"])
@pytest.mark.parametrize("which", TURNS)
def test_stages_in_turns(which, noise, level):
    outcome = compared_in_turns(which, noise, 1500, level)
    assert outcome.worst.p * outcome.count > CHANCE, outcome.worst


def test_stages_in_turns_in_short():
    outcome = compared_in_turns("l1, SGD, l1", "isotropic", 150)
    assert outcome.worst.p * outcome.count > CHANCE, outcome.worst


@pytest.mark.slow
def test_a_direction_that_forgets_what_was_left_is_seen(monkeypatch):
    from scbsim.engines.directions import DrawnDirections

    monkeypatch.setattr(DrawnDirections, "give", lambda self, given: None)
    outcome = compared_in_turns("l1, SGD, l1", "isotropic", 1500)
    assert outcome.worst.p * outcome.count < 1e-6 * CHANCE


def test_sgd_at_the_end_is_refused():
    stages = [{"steps": 5, "rule": rule} for rule in ("prox", "sgd")]
    with pytest.raises(SpecError, match="its last state has every entry"):
        run_spec("dynamics.engine=staged", stages=stages)


@pytest.mark.parametrize(
    ("rules", "noise", "taken", "why"),
    [
        (("prox", "sgd", "prox"), "isotropic", "staged", "active entries under an l1 rule"),
        (("sgd", "prox", "sgd", "prox"), "isotropic", "staged", "under an l1 rule"),
        (("sgd", "prox", "sgd", "denoise"), "isotropic", "dense", "every entry counts"),
        (("prox", "sgd", "prox"), "matched", "dense", "levels of noise follow the few entries"),
        (("prox", "sgd"), "isotropic", "dense", "its last state has every entry"),
        (("prox", "prox"), "isotropic", "sparse", "on active entries"),
    ],
)
def test_auto_and_stages_in_turns(rules, noise, taken, why):
    tables = {
        "task": {"N": 4, "T": 10**7, "Q": 2},
        "noise": {"model": noise},
        "stage": [{"steps": 5, "rule": rule} for rule in rules],
    }
    spec = RunSpec.from_dict(tables)
    choice = plan_of(spec, Task.from_spec(spec.task)).choice
    assert (choice.name, why in choice.why) == (taken, True), choice.why


@pytest.mark.slow
def test_stages_in_turns_resume_to_the_same_bits(tmp_path):
    stages = [
        {"steps": 8, "rule": rule, "rate_A": 0.1, "rate_V": 0.1} for rule in ("prox", "sgd", "prox")
    ]
    for i in 0, 2:
        stages[i]["threshold"] = 0.03
    words = ("dynamics.engine=staged", "dynamics.batch_size=3000", "output.final_state=true")
    spec = run_spec(*words, "output.normalized_every=3", stages=stages)
    simulate(spec, output=tmp_path / "whole.h5")
    for stop_at in 2, 3, 4, 5:
        path, calls = tmp_path / f"{stop_at}.h5", []
        stop = lambda calls=calls, n=stop_at: calls.append(1) or len(calls) > n  # noqa: E731
        simulate(spec, output=path, stop=stop)
        simulate(spec, output=path, resume=True)
        assert_same(load(path), load(tmp_path / "whole.h5"))
