"""What `auto` takes where the dense and the sparse engine both could run, and what it asks for."""

import re
import tracemalloc

import numpy as np
import pytest

from scbsim import RunSpec, Task, simulate
from scbsim.engines import select as choosing
from scbsim.engines.select import plan_of
from scbsim.errors import MemoryNeeded
from scbsim.run.ensemble import built_ensemble


def spec_of(*words, N=100, T=1000, sigmas=2.5, steps=5, **dynamics):
    return RunSpec.from_dict(
        {
            "task": {"N": N, "T": T, "Q": 2},
            "dynamics": {"rule": "prox"} | dynamics,
            "stage": [{"steps": steps, "threshold_sigmas": sigmas}],
        },
        overrides=words,
    )


def test_it_does_not_depend_on_the_threads_nor_do_the_numbers():
    one, two = (simulate(spec_of(), threads=threads) for threads in (1, 2))
    assert one.attrs["engine"] == two.attrs["engine"]
    np.testing.assert_array_equal(one["alpha_A"].values, two["alpha_A"].values)


def test_it_does_not_depend_on_the_replicas():
    task = Task.random(N=100, T=1000, Q=2)
    for sigmas in np.linspace(1.0, 3.0, 21).tolist():
        names = {plan_of(spec_of(sigmas=sigmas, replicas=R), task).choice.name for R in (1, 64)}
        assert len(names) == 1


@pytest.mark.parametrize(
    ("N", "T", "sigmas", "words", "taken"),
    [
        (10, 1000, 0.5, (), "dense"),
        (10, 1000, 4.0, (), "sparse"),
        (100, 100_000, 1.5, (), "dense"),
        (100, 100_000, 3.5, (), "sparse"),
        # Where most of a dense step is that of V.
        (300, 100, 1.5, (), "sparse"),
        (300, 100, 1.5, ("dynamics.value=collapsed",), "dense"),
        (300, 100, 1.5, ("dynamics.value=matrix",), "dense"),
    ],
)
def test_it_takes_what_costs_less(N, T, sigmas, words, taken):
    task = Task.random(N=N, T=T, Q=2)
    assert plan_of(spec_of(*words, N=N, T=T, sigmas=sigmas), task).choice.name == taken


@pytest.mark.parametrize(
    ("rules", "taken"),
    [
        (["sgd"], "sampled"),
        (["prox"], "dense"),
        (["sgd", "prox"], "dense"),
        (["hard"], "dense"),
        (["sgd", "sgd normalised"], "dense"),
    ],
)
def test_under_sampled_noise_entries_are_kept_where_a_rule_needs_them(rules, taken):
    stages = [{"steps": 2, "rule": rule.partition(" ")[0]} for rule in rules]
    for rule, stage in zip(rules, stages, strict=True):
        stage |= {} if stage["rule"] == "sgd" else {"threshold": 0.1}
        stage |= {"normalize_level": 0.3} if rule.endswith("normalised") else {}
    task = {"N": 10, "T": 10**6, "Q": 2}
    spec = RunSpec.from_dict({"task": task, "noise": {"model": "sampled"}, "stage": stages})
    plan = plan_of(spec, Task.from_spec(spec.task))
    assert plan.choice.name == taken
    assert plan.choice.matrix_V


@pytest.mark.parametrize(
    ("T", "words", "taken"),
    [
        (99, (), "dense"),
        (102, (), "columns"),
        (10**12, (), "columns"),
        (10**4, ("output.snapshot_every=5",), "columns"),
        (10**4, ("output.normalized_every=5",), "columns"),
        (10**4, ("output.final_state=true",), "dense"),
        (10**6, ("output.final_state=true",), "columns"),
        (10**4, ("dynamics.value=matrix",), "columns"),
        (10**4, ("stage.0.normalize_level=0.1",), "dense"),
    ],
)
def test_sgd_under_matched_noise_needs_no_entries_where_levels_are_alike(T, words, taken):
    task = Task.random(N=10, T=T, Q=2)
    asked = spec_of("noise.model=matched", *words, N=10, T=T, sigmas=None, rule="sgd")
    choice = plan_of(asked, task).choice
    assert (choice.name, choice.matrix_V) == (taken, True)
    if not words:
        assert re.search(r"differ by about [0-9.e-]+ of their mean", choice.why)


@pytest.mark.parametrize("words", ["output.snapshot_every=5", "output.final_state=true"])
def test_sgd_under_isotropic_noise_draws_what_it_does_not_keep(words):
    task = Task.random(N=10, T=1000, Q=2)
    asked = spec_of(words, N=10, T=1000, sigmas=None, rule="sgd")
    assert plan_of(asked, task).choice.name == "collapsed"
    assert plan_of(asked, task, start="dense").choice.name == "collapsed"
    large = Task.random(N=10, T=10**6, Q=2)
    many = spec_of(words, N=10, T=10**6, sigmas=None, rule="sgd")
    taken = "dense" if "snapshot" in words else "collapsed"
    assert plan_of(many, large, start="dense").choice.name == taken


@pytest.mark.parametrize(
    ("words", "taken"), [((), "dense"), (("stage.0.until_signal=0.2",), "sparse")]
)
def test_steps_that_a_signal_ends_are_not_all_counted(words, taken):
    """Under denoise active entries grow with every step, and here would be half of all."""
    task = Task.random(N=10, T=10**6, Q=2)
    asked = spec_of(*words, N=10, T=10**6, sigmas=5.0, steps=10**6, rule="denoise")
    assert plan_of(asked, task).choice.name == taken


@pytest.mark.parametrize(("precision", "taken"), [("float32", "dense"), ("float64", "sparse")])
def test_what_does_not_fit_is_not_taken(monkeypatch, precision, taken):
    task = Task.random(N=10, T=100_000, Q=2)
    monkeypatch.setattr(choosing, "fits", lambda needed: needed < 6 * task.N * task.T)
    asked = spec_of(N=10, T=100_000, sigmas=1.95, precision=precision)
    assert plan_of(asked, task).choice.name == taken


@pytest.mark.parametrize(
    ("engine", "rule", "N", "T"),
    [
        ("collapsed", "sgd", 5, 10),
        ("collapsed", "sgd", 400, 10**9),
        ("sparse", "prox", 10, 1000),
        ("sparse", "prox", 400, 10**6),
        ("population", "prox", 10, 1000),
        ("dense", "prox", 5, 20),
        ("dense", "prox", 200, 20),
    ],
)
def test_replicas_take_the_memory_that_is_asked_for(engine, rule, N, T):
    R = 20
    spec = spec_of(N=N, T=T, sigmas=4.0, engine=engine, rule=rule, replicas=R)
    task = Task.random(N=N, T=T, Q=2)
    plan = plan_of(spec, task)
    with built_ensemble(plan, None, 1) as ensemble:
        ensemble.advance(1)  # whatever is imported and made once, is
    tracemalloc.start()
    try:
        with built_ensemble(plan, None, 1) as ensemble:
            ensemble.advance(1)
            taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 0.6 < (plan.shared_memory + plan.memory * R) / taken < 2.0


def test_the_target_of_V_counts_once_however_many_replicas(monkeypatch):
    spec = spec_of(N=300, T=20, sigmas=4.0, engine="dense", rule="prox", replicas=50)
    plan = plan_of(spec, Task.random(N=300, T=20, Q=2))
    matrix = 8 * 300**2
    assert plan.shared_memory == matrix
    assert plan.memory < 1.5 * matrix
    monkeypatch.setattr("scbsim.util.memory._ALWAYS_FITS", 0)
    monkeypatch.setattr("scbsim.util.memory.available", lambda: matrix + 50 * plan.memory)
    with built_ensemble(plan, None, 1) as ensemble:
        assert len(ensemble.replicas) == 50
    monkeypatch.setattr("scbsim.util.memory.available", lambda: matrix + 50 * plan.memory - 1)
    with pytest.raises(MemoryNeeded, match="50 replicas"), built_ensemble(plan, None, 1):
        pass
