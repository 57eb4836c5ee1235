"""Numbers that public functions are given, of any type: taken as what they are, or refused."""

import json
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from scbsim import (
    RunSpec,
    Task,
    phase_diagram,
    related_task,
    sample_batch,
    sample_batches,
    simulate,
)
from scbsim.errors import InputError
from scbsim.run.final_rows import final_rows
from scbsim.sampling.sampler import Sampler
from scbsim.spec.ranges import Range
from scbsim.spec.sweep import Sweep
from scbsim.studies.verify.verification import verify
from scbsim.sweep.folder import SweepFolder
from scbsim.sweep.local import run_sweep
from scbsim.task.sparse_bigram import SparseBigram

TASK = Task.random(6, 50, 2, seed=1)
TABLES = {
    "task": {"N": 6, "T": 50, "Q": 2, "seed": 1},
    "dynamics": {"batch_size": 1e5},
    "stage": [{"steps": 3}],
}
SPEC = RunSpec.from_dict(TABLES)
PHASE = {"x": "task.T=10,20", "y": "dynamics.batch_size=1e4,1e5", "rules": ["sgd"]}


def made(T):
    return Task.from_arrays(TASK.mu, TASK.P, TASK.q_positions, TASK.q_weights, T)


# Each with a value that it takes.
WHOLE = {
    "Task.random, N": (lambda n: Task.random(n, 50, 2), 6),
    "Task.random, T": (lambda n: Task.random(6, n, 2), 50),
    "Task.random, Q": (lambda n: Task.random(6, 50, n), 2),
    "Task.random, seed": (lambda n: Task.random(6, 50, 2, seed=n), 3),
    "Task.from_arrays, T": (made, 50),
    "SparseBigram, T": (lambda n: SparseBigram(**TASK.to_arrays() | {"T": n}), 50),
    "related_task, seed": (lambda n: related_task(TASK, 0.5, seed=n), 3),
    "sample_batch, size": (lambda n: sample_batch(TASK, n), 100),
    "sample_batch, seed": (lambda n: sample_batch(TASK, 100, n), 100),
    "sample_batch, number": (lambda n: sample_batch(TASK, 100, number=n), 100),
    "sample_batch, threads": (lambda n: sample_batch(TASK, 100, threads=n), 1),
    "sample_batches, size": (lambda n: next(sample_batches(TASK, n, first=3)), 100),
    "sample_batches, first": (lambda n: next(sample_batches(TASK, 100, first=n)), 100),
    "Sampler, replica": (lambda n: Sampler(TASK, replica=n).draw(0, 100), 100),
    "Sampler.draw, first": (lambda n: Sampler(TASK).draw(n, 100), 100),
    "Sampler.draw, size": (lambda n: Sampler(TASK).draw(100, n), 100),
    "simulate, threads": (lambda n: simulate(SPEC, threads=n).alpha_A.values, 1),
    "final_rows, threads": (lambda n: final_rows(SPEC, TASK, n).rows, 1),
    "phase_diagram, replicas": (lambda n: phase_diagram(SPEC, **PHASE, replicas=n).recovered, 2),
    "phase_diagram, threads": (
        lambda n: phase_diagram(SPEC, **PHASE, replicas=2, threads=n).recovered,
        1,
    ),
    "verify, seed": (lambda n: verify(cases=[], seed=n), 3),
    "verify, threads": (lambda n: verify(cases=[], threads=n), 1),
    "verify, runs": (lambda n: verify(cases=[], runs=n), 3),
}

REAL = {
    "Task.random, mu_concentration": (
        lambda x: Task.random(6, 50, 2, mu="dirichlet", mu_concentration=x),
        2.0,
    ),
    "Task.random, P_concentration": (lambda x: Task.random(6, 50, 2, P_concentration=x), 0.25),
    "Task.random, q_concentration": (lambda x: Task.random(6, 50, 2, q_concentration=x), 2.0),
    "Task.random, K_P": (lambda x: Task.random(6, 50, 2, K_P=x), 0.25),
    "related_task, correlation": (lambda x: related_task(TASK, x), 0.25),
    "related_task, P_concentration": (lambda x: related_task(TASK, 0.5, P_concentration=x), 0.25),
}


def plain(result):
    """What can be compared."""
    if isinstance(result, SparseBigram):
        assert type(result.T) is int
        result = tuple(result.to_arrays().values())
    return [np.asarray(each) for each in (result if isinstance(result, tuple) else (result,))]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(plain(one), plain(other), strict=True))


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_of_any_type_are_the_same(name):
    call, value = WHOLE[name]
    right = call(value)
    for kind in (np.uint8, np.int16, np.int64, np.uint64, np.array):
        assert same(call(kind(value)), right), kind


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_not_a_whole_number_is_refused(name):
    call, value = WHOLE[name]
    key = name.split(", ")[1]
    for wrong in (float(value), np.float64(value), Decimal(value), True, np.True_, str(value)):
        with pytest.raises(InputError, match=key):
            call(wrong)
    with pytest.raises(InputError, match=key):
        call(np.array([value]))


@pytest.mark.parametrize("name", REAL)
def test_real_numbers_of_any_type_are_the_same(name):
    call, value = REAL[name]
    right = call(value)
    for kind in (np.float32, np.float64, np.array, Fraction, Decimal):
        assert same(call(kind(value)), right), kind


@pytest.mark.parametrize("name", REAL)
def test_what_is_not_a_real_number_is_refused(name):
    call, value = REAL[name]
    key = name.split(", ")[1]
    for wrong in (float("nan"), True, np.True_, str(value), 1j, np.array([value]), b"1"):
        with pytest.raises(InputError, match=key):
            call(wrong)


def test_jobs(tmp_path):
    (tmp_path / "some.toml").write_text(SPEC.to_toml())
    folder = SweepFolder.made(tmp_path / "sweep", Sweep.from_toml(tmp_path / "some.toml"))
    # Told to stop at once, it begins nothing.
    run = partial(run_sweep, folder, stop=lambda: True)
    for right in (2, np.uint8(2)):
        assert len(run(jobs=right).stopped) == 1
    for wrong in (0, 2.0, np.float64(2), True, "2"):
        with pytest.raises(InputError, match="jobs"):
            run(jobs=wrong)


@pytest.mark.parametrize(("size", "number"), [(100, 3), (200, 200), (3, 250)])
def test_numbers_of_samples_do_not_wrap(size, number):
    narrow = sample_batch(TASK, np.uint8(size), 1, np.uint8(number))
    assert narrow.tokens.shape == (size, 50)
    assert same(narrow, sample_batch(TASK, size, 1, number))


def test_the_numbers_of_a_spec_are_pythons_own():
    kinds = {
        "seed": np.uint64(2**64 - 1),
        "task": {"N": np.int8(6), "T": np.array(1000), "Q": np.uint8(2), "P_concentration": 1},
        "dynamics": {"batch_size": np.float64(1e5), "replicas": np.int16(1)},
        "noise": {"sigma_A": np.float32(0.5), "sigma_V": Decimal("0.5")},
        "stage": [{"steps": np.int32(3), "rate_A": np.float16(0.5), "threshold_sigmas": 4}],
        "output": {"every": np.uint8(1), "final_state": np.True_},
    }
    spec = RunSpec.from_dict(kinds)
    assert RunSpec.from_json(spec.to_json()) == spec
    assert RunSpec(**kinds) == spec

    def check(value):
        if isinstance(value, dict):
            [check(each) for each in value.values()]
        elif isinstance(value, list):
            [check(each) for each in value]
        else:
            assert type(value) in (int, float, bool, str), value

    check(spec.to_dict())
    assert spec.replace(**{"task.T": np.int32(70)}).task.T == 70
    assert json.loads(spec.to_json())["seed"] == 2**64 - 1


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("task.T", np.float64(50.5)),
        ("task.T", np.True_),
        ("task.T", np.array([50])),
        ("stage.0.steps", "3"),
        ("noise.sigma_A", np.True_),
        ("noise.sigma_A", 1j),
        ("noise.sigma_A", np.array([1.0])),
        ("noise.sigma_A", 10**400),
    ],
)
def test_what_a_key_does_not_take_is_refused(key, wrong):
    with pytest.raises(InputError, match=key):
        SPEC.replace(**{key: wrong})


def test_the_values_of_a_range_may_be_numpys():
    x = Range("task.T", tuple(np.array([10, 20])), "list")
    y = Range("dynamics.batch_size", tuple(np.array([1e4, 1e5], np.float32)), "list")
    found = phase_diagram(SPEC, x, y, rules=["sgd"], replicas=2)
    right = phase_diagram(SPEC, **PHASE, replicas=2)
    assert found.equals(right)


def test_positions_of_a_narrow_type():
    positions = TASK.q_positions.astype(np.int8)
    task = Task.from_arrays(TASK.mu, TASK.P, positions, TASK.q_weights, 100_000)
    assert task.q_positions.dtype == np.int64
    assert np.array_equal(task.q_positions, TASK.q_positions)
