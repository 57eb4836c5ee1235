"""The kernels that a run is said to need are those that it calls, in that order."""

import sys
from importlib import import_module

import numba
import pytest
from scbsim_testing.small_runs import run_spec

from scbsim import simulate
from scbsim.engines.select import plan_of
from scbsim.kernels.compile.kernel_cache import KernelCache
from scbsim.spec.engines import ENGINES
from scbsim.task import Task

GAUSSIAN = ("sparse", "dense", "population")


@pytest.fixture
def called(monkeypatch):
    """The names of kernels, as they are first called from Python."""
    names = []
    for engine in ENGINES.values():
        import_module(engine.where.partition(":")[0])

    def recording(kernel):
        def call(*arguments):
            if kernel.py_func.__name__ not in names:
                names.append(kernel.py_func.__name__)
            return kernel(*arguments)

        return call

    for module in [module for name, module in sys.modules.items() if name.startswith("scbsim.")]:
        for name, value in list(vars(module).items()):
            if isinstance(value, numba.core.dispatcher.Dispatcher) and isinstance(
                value._cache, KernelCache
            ):
                monkeypatch.setattr(module, name, recording(value))
    return names


def pairs():
    """Engines and noise; one kernel has no other quick test."""
    for model in ("isotropic", "matched", "matched noise.covariances=false"):
        for engine in ("collapsed", "batch", "softmax", *GAUSSIAN):
            slow = (engine, model) == ("sparse", "matched")
            yield pytest.param(engine, model, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize(("engine", "model"), list(pairs()))
def test_all_are_named_in_order(engine, model, called):
    words = [f"dynamics.engine={engine}", "dynamics.batch_size=20"]
    if engine in GAUSSIAN:
        words += ["dynamics.rule=prox", *f"noise.model={model}".split()]
    else:
        words += ["dynamics.rule=sgd"]
    spec = run_spec(*words)
    simulate(spec)
    plan = plan_of(spec, Task.from_spec(spec.task))
    assert tuple(called) == plan.kernels
