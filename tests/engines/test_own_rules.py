"""Rules that are functions in Python, in every engine that takes them."""

import numpy as np
import pytest
from scbsim_testing.own_rules import HEAVY, SOFT, rule_file, tables
from scbsim_testing.reference import Reference
from scbsim_testing.small_runs import assert_same, rows

import scbsim
from scbsim.engines.dense import DenseEngine
from scbsim.engines.noise import NoiseLevels
from scbsim.engines.select import build, plan_of
from scbsim.engines.stages import Stage
from scbsim.run.replica import Replica
from scbsim.task import Task

T = 2500  # more than a block, and no multiple of one


@pytest.fixture(scope="module")
def task():
    return Task.random(N=4, T=T, Q=2, mu="dirichlet", P_concentration=0.1, seed=3)


def engine_at(task, s, rule, dtype=np.float64):
    """A dense engine without noise at some entries, and the reference there."""
    engine = DenseEngine(
        task, NoiseLevels.none(task), alpha_A=0.3, alpha_V=0.4, dtype=dtype, threads=1
    )
    for k in range(task.N):
        bulk = s[:, k].copy()
        engine.A.support[k] = bulk[task.q_positions[k]]
        bulk[task.q_positions[k]] = 0.0
        engine.A.bulk[k] = bulk
        engine.A.off_sums[k] = bulk.sum(), (bulk**2).sum()
    if rule == "momentum":
        engine.keep_memory()
    reference = Reference(task, 1, 0.3, 0.4, seed=0)
    reference.s[0] = s
    return engine, reference


@pytest.mark.parametrize("rule", [pytest.param("hard", marks=pytest.mark.slow), "momentum"])
def test_steps_are_those_of_numpy(task, rule):
    """Without noise, from entries that are not at zero."""
    s = np.random.default_rng(1).normal(size=(T, task.N)) / 50.0
    engine, reference = engine_at(task, s, rule)
    threshold = np.array([0.1, 0.2, 0.05, 0.3])
    stage = Stage(0, rule, 5, 0.1, 0.05, threshold, np.inf, None)
    block = engine.advance(stage, 5)
    for row in block.rows:
        reference.step(rule, 0.1, 0.05, 0.0, 0.0, threshold)
        np.testing.assert_allclose(row, reference.observables()[0], rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(engine.s().T, reference.s[0], rtol=1e-10, atol=1e-14)
    on_support = np.take_along_axis(engine.A.bulk, task.q_positions, axis=1)
    assert not on_support.any()
    if rule == "momentum":
        memory = engine.A.memory.copy()
        np.put_along_axis(memory, task.q_positions, engine.A.support_memory, axis=1)
        np.testing.assert_allclose(memory.T, reference.memory[0], rtol=1e-9, atol=1e-13)


@pytest.mark.slow
def test_memory_is_in_the_state_and_goes_on(tmp_path):
    """Through a checkpoint, a stage of the same rule, one of another, and a normalisation."""
    stages = [{"steps": 6}, {"steps": 7, "rate_A": 0.05}]
    given = tables("momentum", stages, precision="float64")
    given["output"] = {"checkpoint_seconds": 0.0, "final_state": True}
    whole = scbsim.simulate(given, output=tmp_path / "whole.h5").load()
    path = tmp_path / "run.h5"
    scbsim.simulate(given, output=path, on_block=lambda step, stage, row: True)
    assert scbsim.load(path).attrs["status"] == "stopped"
    assert_same(scbsim.simulate(given, output=path, resume=True).load(), whole)
    # A complete run goes on in a longer last stage, from the memory that it kept.
    given["stage"] = [{"steps": 6}, {"steps": 10, "rate_A": 0.05}]
    longer = scbsim.simulate(given, output=path, resume=True).load()
    assert_same(longer, scbsim.simulate(given, output=tmp_path / "longer.h5").load())
    # Another run starts from the entries alone, under any rule.
    warm = tables("prox", [{"steps": 1}], precision="float64") | {"init": {"from": str(path)}}
    assert float(scbsim.simulate(warm)["alpha_A"][0]) == float(longer["alpha_A"][-1])


def advanced(given, steps):
    spec = scbsim.RunSpec.from_dict(given)
    plan = plan_of(spec, Task.from_spec(spec.task))
    replica = Replica(build(plan, 1), plan.stages)
    replica.advance(steps)
    return replica.engine


@pytest.mark.slow
@pytest.mark.parametrize(
    ("second", "first", "kept"),
    [
        ({"steps": 5}, {"steps": 5}, True),
        ({"steps": 5, "rule": "prox"}, {"steps": 5}, False),
        ({"steps": 5}, {"steps": 5, "normalize_level": 0.1}, False),
    ],
)
def test_memory_is_forgotten_at_another_rule_and_a_normalisation(first, second, kept):
    engine = advanced(tables("momentum", [first, second], precision="float64"), 5)
    assert engine.A.memory.any() == kept
    assert engine.A.support_memory.any() == kept
    assert set(engine.state()) >= {"memory", "support_memory"}


def test_without_memory_a_state_is_what_it_was():
    engine = advanced(tables("prox", [{"steps": 5}]), 5)
    assert not {"memory", "support_memory"} & set(engine.state())


def close(run, other, tolerance):
    np.testing.assert_allclose(rows(run), rows(other), rtol=tolerance, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "precision", "tolerance"),
    [
        ("dense", "float64", 1e-9),
        ("dense", "float32", 1e-4),
        ("sparse", "float64", 1e-9),
        ("batch", "float64", 1e-9),
        ("population", "float64", 1e-12),
    ],
)
def test_prox_written_as_ones_own_is_prox(engine, precision, tolerance, tmp_path):
    """The same noise, and arithmetic that differs by rounding alone."""
    stages = [{"steps": 15, "threshold": 0.012}, {"steps": 15, "threshold": 0.02}]
    options = {"engine": engine, "precision": precision, "batch_size": 1e4}
    if engine == "batch":
        options["batch_size"] = 50
    own = scbsim.simulate(tables(rule_file(tmp_path, SOFT), stages, **options))
    built_in = scbsim.simulate(tables("prox", stages, **options))
    close(own, built_in, tolerance)
    if engine != "population":
        assert float(own["delta_A"][-1]) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["dense", "sparse"])
def test_prox_of_ones_own_under_matched_noise(engine, tmp_path):
    noise = {"model": "matched", "covariances": True}
    stages = [{"steps": 20, "threshold_sigmas": 1.0}]
    options = {"engine": engine, "precision": "float64", "batch_size": 1e4}
    runs = [
        scbsim.simulate(tables(rule, stages, **options) | {"noise": noise})
        for rule in (rule_file(tmp_path, SOFT), "prox")
    ]
    close(*runs, 1e-8)
    assert float(runs[0]["delta_A"][-1]) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["batch", "softmax"])
def test_memory_on_real_batches(engine, tmp_path):
    """A heavy ball is SGD on the sum of the gradients; its first step is that of SGD."""
    options = {"engine": engine, "precision": "float64", "batch_size": 50}
    heavy, sgd = (
        scbsim.simulate(tables(rule, [{"steps": 4}], **options)) for rule in ("momentum", "sgd")
    )
    own = scbsim.simulate(
        tables(rule_file(tmp_path, HEAVY.replace("0.75", "0.9")), [{"steps": 4}], **options)
    )
    np.testing.assert_allclose(rows(own), rows(heavy), rtol=1e-12)
    np.testing.assert_allclose(rows(heavy)[1], rows(sgd)[1], rtol=1e-12)
    # With V and its gradient constant, the second step is 1.9 times as far.
    still = [{"steps": 2, "rate_A": 1e-9, "rate_V": 0.0}]
    heavy, sgd = (
        scbsim.simulate(tables(rule, still, **options))["alpha_A"].values
        for rule in ("momentum", "sgd")
    )
    np.testing.assert_allclose(
        heavy[2] - heavy[1], (sgd[2] - sgd[1]) + 0.9 * (sgd[1] - sgd[0]), rtol=1e-4
    )


@pytest.mark.slow
def test_replicas_and_threads_do_not_matter(tmp_path):
    rule, stages = rule_file(tmp_path, HEAVY), [{"steps": 12, "rate_A": 0.02}]
    alone = [scbsim.simulate(tables(rule, stages, replica=r)) for r in (0, 1)]
    both = scbsim.simulate(tables(rule, stages, replicas=2), threads=2)
    for r in (0, 1):
        np.testing.assert_array_equal(rows(alone[r]), rows(both.isel(replica=r)))
    with_threads = scbsim.simulate(tables(rule, stages), threads=2)
    np.testing.assert_array_equal(rows(with_threads), rows(alone[0]))
