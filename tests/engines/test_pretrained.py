"""A start from the exact solution of a related task: `init.correlation`."""

import numpy as np
import pytest

from scbsim import RunSpec, Task, correlations, simulate
from scbsim.engines.pretrained import related_task_of
from scbsim.errors import SpecError

RHO = 0.3
TABLES = {
    "task": {"N": 6, "T": 40, "Q": 2, "P_concentration": 0.05},
    "dynamics": {"batch_size": 1000, "rule": "prox"},
    "init": {"correlation": RHO},
    "stage": [{"steps": 1, "rate_A": 0.0, "rate_V": 0.0, "threshold": 0.01}],
}


def start(**changes):
    """Return the first row of a run that keeps both matrices."""
    spec = RunSpec.from_dict(TABLES).replace(**changes)
    return spec, simulate(spec, threads=1)


@pytest.mark.parametrize(
    ("engine", "rule", "noise"),
    [
        ("dense", "prox", "isotropic"),
        ("sparse", "prox", "isotropic"),
        pytest.param("sparse", "prox", "matched", marks=pytest.mark.slow),
        ("collapsed", "sgd", "isotropic"),
        ("columns", "sgd", "matched"),
        ("sampled", "sgd", "sampled"),
    ],
)
def test_signals_and_cosines_at_the_start_are_those_of_the_related_task(engine, rule, noise):
    changes = {"dynamics.engine": engine, "dynamics.rule": rule, "noise.model": noise}
    spec, run = start(**changes)
    task = Task.from_spec(spec.task)
    other = related_task_of(spec, task)
    assert correlations(task, other) == pytest.approx((RHO, RHO))
    for name, K, other_K in (("A", task.K_Q, other.K_Q), ("V", task.K_P, other.K_P)):
        signal = float(run[f"alpha_{name}"][0])
        assert signal == pytest.approx(RHO * (other_K / K) ** 0.5, rel=1e-6)
        rest = (other_K - signal**2 * K) ** 0.5
        assert float(run[f"delta_{name}"][0]) == pytest.approx(rest, rel=1e-6)


def test_without_noise_it_is_run_by_an_engine_that_can_start_there():
    _, run = start(**{"noise.model": "none"})
    assert run.attrs["engine"] != "population"
    assert 0.0 < float(run["alpha_V"][0]) < 0.9


def test_it_is_another_pair_for_another_seed_of_the_task():
    spec, _ = start()
    pairs = [
        related_task_of(each, Task.from_spec(each.task)).q_positions
        for each in (spec, spec.replace(**{"task.seed": 1}))
    ]
    assert not np.array_equal(*pairs)


def test_it_excludes_the_other_starts_and_goes_through_toml():
    spec = RunSpec.from_dict(TABLES)
    assert RunSpec.from_dict(spec.to_dict()) == spec
    assert spec.to_dict()["init"] == {"correlation": RHO}
    with pytest.raises(SpecError, match=r"init.alpha_A: not together with `correlation`"):
        RunSpec.from_dict({**TABLES, "init": {"correlation": RHO, "alpha_A": 0.1}})
    with pytest.raises(SpecError, match=r"init.correlation: 1.5 is not allowed"):
        RunSpec.from_dict({**TABLES, "init": {"correlation": 1.5}})
    assert spec.replace(**{"init.alpha_A": 0.1}).init.correlation is None
